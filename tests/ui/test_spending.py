"""Limits as people type them are understood, or refused in words; nothing else comes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.spending import limits


@pytest.mark.parametrize(
    ("words", "usd", "tokens"),
    [
        ("", None, None),
        ("2.50", 2.5, None),
        ("$ 3", 3.0, None),
        ("0", 0.0, None),
        ("50k tokens", None, 50_000),
        ("1 token", None, 1),
        ("1.5M", None, 1_500_000),
        ("2, 50k", 2.0, 50_000),
        ("50k tokens, $2", 2.0, 50_000),
    ],
)
def test_limits_are_read(words: str, usd: float | None, tokens: int | None) -> None:
    assert limits(words) == (usd, tokens, "")


@given(st.text(max_size=20))
def test_whatever_is_typed_gives_limits_or_words(words: str) -> None:
    usd, tokens, trouble = limits(words)
    if trouble:
        assert usd is None
        assert tokens is None
    assert usd is None or usd >= 0
    assert tokens is None or tokens >= 0
