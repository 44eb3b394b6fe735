"""Tokens and money: sums, prices, and that unknown is never zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.usage import ZERO, Price, TokenUsage

M = 1_000_000
DEAR = Price(input=3, output=15, cache_read=0.3, cache_write=3.75)

counts = st.none() | st.integers(0, 10 * M)
usages = st.builds(
    TokenUsage, input=counts, cache_read=counts, cache_write=counts, output=counts, reasoning=counts
)


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (TokenUsage(input=M, output=M), 18),
        (TokenUsage(input=100_000, output=50_000), 1.05),
        (TokenUsage(input=1000, output=0), 0.003),
        (TokenUsage(input=0, output=500), 0.0075),
        (TokenUsage(input=0, cache_read=M, cache_write=M, output=0), 4.05),
        (ZERO, 0),
        (TokenUsage(input=5), None),
        (TokenUsage(output=5), None),
    ],
)
def test_a_cost_is_exact_or_unknown(usage: TokenUsage, dollars: float | None) -> None:
    """Small sums are not cut to nothing, cache tokens count, and half a count is no cost."""
    cost = DEAR.cost(usage)
    assert cost is None if dollars is None else cost == pytest.approx(dollars)


def test_a_price_that_is_needed_and_unknown_makes_the_cost_unknown() -> None:
    """Only what was used needs a price."""
    price = Price(input=1, output=1)
    assert price.cost(TokenUsage(input=M, output=M)) == 2
    assert price.cost(TokenUsage(input=1, output=1, cache_read=1)) is None
    assert Price().cost(TokenUsage(input=1, output=1)) is None


def test_a_long_prompt_has_its_own_price() -> None:
    """The whole request is priced by its length, cache included; no length, no cost."""
    price = Price(input=1, output=1, cache_read=1, long_from=100, long=Price(2, 2, 2))
    assert price.cost(TokenUsage(input=100, output=0)) == pytest.approx(100 / M)
    assert price.cost(TokenUsage(input=50, cache_read=51, output=0)) == pytest.approx(202 / M)
    assert price.cost(TokenUsage(output=1)) is None


@given(usages, usages, usages)
def test_sums_do_not_depend_on_their_order(a: TokenUsage, b: TokenUsage, c: TokenUsage) -> None:
    """Adding is associative and, field by field, commutative."""
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@given(st.lists(usages, min_size=1))
def test_a_sum_says_when_it_is_only_a_lower_bound(parts: list[TokenUsage]) -> None:
    """Known parts add up exactly; one unknown part marks the whole."""
    total = ZERO
    for part in parts:
        total += part
    assert total.input == sum(p.input or 0 for p in parts)
    assert total.output == sum(p.output or 0 for p in parts)
    assert total.partial == any(not p.known for p in parts)


def test_a_prompt_is_fresh_and_cached_together() -> None:
    """Reasoning is part of the output and not counted again."""
    usage = TokenUsage(input=1, cache_read=2, cache_write=4, output=8, reasoning=3)
    assert (usage.prompt, usage.total, usage.known) == (7, 15, True)
    assert (TokenUsage().prompt, TokenUsage(input=1).total) == (None, None)
