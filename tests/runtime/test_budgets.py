"""Budgets: a warning in time, a question before the request that goes beyond, and its answers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.middleware import Halt, HookContext
from alloy_tui.domain import events as ev
from alloy_tui.domain.limits import Unit, raised, spelled
from alloy_tui.domain.messages import assistant, user
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.usage import ZERO, Price, TokenUsage
from alloy_tui.runtime.budgets import Budgets
from alloy_tui.runtime.estimating import estimate
from alloy_tui.sessions.store import Spent
from alloy_tui.settings import locate
from alloy_tui.settings.schema import BudgetSettings

pytestmark = pytest.mark.anyio

MODEL = "svc/m"
PRICE = Price(10, 100, 1, 12)


def context(price: Price = PRICE, context_tokens: int | None = 0) -> HookContext:
    info = ModelInfo(ModelRef.parse(MODEL), price=price)
    return HookContext("agent", "r", 1, MODEL, (), ZERO, {}, info, context_tokens)


def request(**given: Any) -> CompletionRequest:
    return CompletionRequest("", (user("hi"),), **({"max_output": 100} | given))


USED = TokenUsage(10, output=10)


def row(cost: float | None, usage: TokenUsage = USED) -> Spent:
    return Spent("s", "n", 0, "agent", MODEL, usage, cost)


class Desk:
    """A ledger that the test writes, and a person who answers at once."""

    def __init__(self, answers: Sequence[ev.Decision] = (), **limits: float) -> None:
        self.rows: list[Spent] = []
        self.events: list[ev.EngineEvent] = []
        self.answers = list(answers)
        self.approvals = Approvals(interactive=bool(answers))
        self.budgets = Budgets(
            BudgetSettings(**limits),  # type: ignore[arg-type]  # tokens are whole here
            spent=self.spent,
            approvals=self.approvals,
            publish=self.publish,
        )

    async def spent(self, span: str) -> Sequence[Spent]:
        return self.rows

    def publish(self, _: HookContext, event: ev.EngineEvent) -> None:
        self.events.append(event)
        if isinstance(event, ev.ApprovalRequested) and self.answers:
            self.approvals.answer(event.id, self.answers.pop(0), "enough")

    async def ask(self, **given: Any) -> Halt | None:
        price = given.pop("price", PRICE)
        return await self.budgets.before_completion(context(price), request(**given))

    def of(self, kind: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


async def test_without_limits_nothing_is_asked() -> None:
    """Not even the ledger."""
    desk = Desk()
    assert not desk.budgets.any
    assert await desk.ask() is None
    assert desk.events == []


async def test_it_warns_once_at_four_fifths() -> None:
    """And says so in words and as an event."""
    desk = Desk(session_usd=1)
    desk.rows = [row(0.79)]
    assert await desk.ask() is None
    assert desk.events == []
    desk.rows = [row(0.5), row(0.31)]
    assert await desk.ask() is None
    assert await desk.ask() is None
    (warned,), (notice,) = desk.of(ev.BudgetWarned), desk.of(ev.Notice)
    assert (warned.spent, warned.limit, warned.unit, warned.span) == (0.81, 1, "usd", "session")
    assert "$0.81 of $1.00" in notice.text


async def test_it_asks_before_the_request_that_would_go_beyond() -> None:
    """What was spent still fits; with the answer's tokens it would not."""
    desk = Desk(["deny"], day_usd=1)
    desk.rows = [row(0.995)]
    halt = await desk.ask(max_output=100)  # 100 tokens of output are one cent
    assert isinstance(halt, Halt)
    assert "of this day" in halt.reason
    assert "enough" in halt.reason
    (reached,), (asked,) = desk.of(ev.BudgetReached), desk.of(ev.ApprovalRequested)
    assert reached.span == "day"
    assert (asked.tool, asked.arguments["span"]) == ("budget", "day")
    assert "$1.00" in asked.headline
    assert len(desk.of(ev.ApprovalAnswered)) == 1


async def test_once_lets_one_request_go() -> None:
    """The next one asks again."""
    desk = Desk(["once", "deny"], session_usd=1)
    desk.rows = [row(1.5)]
    assert await desk.ask() is None
    assert isinstance(await desk.ask(), Halt)


async def test_session_raises_the_limit_far_enough_for_the_request_at_hand() -> None:
    """One question, however small the limit was; the question says how far it goes up."""
    desk = Desk(["session"], session_usd=0.001)
    desk.rows = [row(1.6)]
    assert await desk.ask() is None
    (asked,) = desk.of(ev.ApprovalRequested)
    assert "raise the limit to $2.42" in asked.reason
    assert asked.arguments["raise to"] == "$2.42"  # half as much again as 1.60 and what comes
    assert desk.approvals.granted() == frozenset()  # no rule for tools comes of it
    assert await desk.ask() is None
    assert len(desk.of(ev.ApprovalRequested)) == 1


async def test_tiny_limits_of_tokens_are_raised_far_enough_too() -> None:
    """The next request fits, whatever it needs."""
    desk = Desk(["always", "deny"], session_tokens=1)
    assert await desk.ask(max_output=5000) is None
    assert await desk.ask(max_output=5000) is None
    assert len(desk.of(ev.ApprovalRequested)) == 1


@given(st.floats(1e-6, 1e6), st.floats(0, 1e6), st.sampled_from(["usd", "tokens"]))
def test_a_raised_limit_is_above_what_it_is_raised_for(
    limit: float, needed: float, unit: Unit
) -> None:
    """Above the old one, and above what is needed, so nothing is asked twice."""
    higher = raised(limit, needed, unit)
    assert higher > limit
    assert higher >= needed
    # What a person agrees to is what holds.
    told = spelled(higher, unit).removeprefix("$").removesuffix(" tokens").replace(",", "")
    assert float(told) == pytest.approx(higher, rel=1e-12)


@pytest.mark.parametrize(
    ("dollars", "words"),
    [
        (0, "$0.00"),
        (0.000021, "$0.000021"),
        (0.004, "$0.0040"),
        (0.75, "$0.75"),
        (1200, "$1,200.00"),
    ],
)
def test_no_amount_that_is_one_reads_as_nothing(dollars: float, words: str) -> None:
    assert spelled(dollars, "usd") == words
    assert spelled(1234.0, "tokens") == "1,234 tokens"


async def test_nobody_there_means_stop() -> None:
    """A script does not spend beyond its budget."""
    desk = Desk(session_tokens=100)
    desk.rows = [row(None, TokenUsage(60, output=41))]
    halt = await desk.ask()
    assert isinstance(halt, Halt)
    assert "101 tokens of 100 tokens" in halt.reason
    assert "Nobody is here" in halt.reason
    assert "budget.session_tokens" in str(halt.hint)


async def test_an_unknown_price_is_told_and_not_counted() -> None:
    """Once for each model; tokens count all the same."""
    desk = Desk(session_usd=1, session_tokens=1_000_000)
    desk.rows = [row(None), row(0.1)]
    assert await desk.ask(price=Price()) is None
    assert await desk.ask(price=Price()) is None
    (notice,) = desk.of(ev.Notice)
    assert "svc/m" in notice.text
    assert "not counted" in notice.text


def test_what_was_cached_is_estimated_as_read_from_the_cache() -> None:
    """Known tokens, then 3.6 characters a token for what came since."""
    asked = CompletionRequest("", (user("a"), assistant("b"), user("x" * 356)), max_output=50)
    last = row(1, TokenUsage(100, 800, 100, 20))
    warm = estimate(asked, context(context_tokens=1020), [last]).usage
    assert (warm.cache_read, warm.output) == (1000, 50)
    assert warm.input == 20 + 4 + round(356 / 3.6)
    cold = estimate(asked, context(context_tokens=1020), [row(1)]).usage
    assert (cold.cache_read, cold.input) == (None, 1020 + 4 + round(356 / 3.6))


@pytest.mark.parametrize(
    ("max_output", "limit", "answers", "output", "words"),
    [
        (77, 100, [5] * 9, 77, "at most 77 tokens, as set"),
        (None, 64_000, [*range(10, 101, 10)], 90, "nine of ten"),
        (None, 64_000, [5] * 4, 8_000, "a guess of 8,000"),
        (None, 4_096, [], 4_096, "4,096 tokens, the most this model gives"),
        (None, None, [], 8_000, "a guess"),
    ],
)
def test_the_length_of_an_answer_is_what_is_known_best(
    max_output: int | None, limit: int | None, answers: list[int], output: int, words: str
) -> None:
    """What was set, what answers of the model took, its limit where that is small, a guess."""
    where = context()
    assert where.info is not None
    info = msgspec.structs.replace(where.info, max_output=limit)
    rows = [row(1, TokenUsage(10, output=length)) for length in answers]
    made = estimate(request(max_output=max_output), msgspec.structs.replace(where, info=info), rows)
    assert made.usage.output == output
    assert words in made.basis


@given(st.text(max_size=2000), st.none() | st.integers(0, 10**6), st.booleans())
def test_an_estimate_is_never_less_than_what_is_known(
    text: str, known: int | None, caches: bool
) -> None:
    """Whatever is asked, whether or not anything was counted before."""
    rows = [row(1, TokenUsage(5, 10, 5, 1))] if caches else []
    made = estimate(CompletionRequest("", (user(text),)), context(context_tokens=known), rows)
    assert (made.usage.prompt or 0) >= (known or 0)
    assert made.usage.output


def test_a_session_stops_at_its_budget(open_runtime, tmp_path) -> None:
    """The whole way: the store's ledger, a question on screen, the answer, the run's end."""
    file = locate().config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[budget]\nsession_usd = 0.5\n")
    reply = {"text": "Hello.", "usage": {"input": 1000, "output": 1000}}
    script = tmp_path / "priced.json"
    price = {"input": 100.0, "output": 400.0}
    script.write_text(json.dumps({"price": price, "replies": [reply, reply, reply]}))
    runtime, listener = open_runtime(f"scripted/{script}", environment=dict(os.environ))
    runtime.submit("one")
    # The first request is asked about, too: its answer may be longer than the budget is.
    asked = listener.until(ev.ApprovalRequested)
    assert asked.tool == "budget"
    runtime.answer_approval(asked.id, "once")
    assert listener.until(ev.RunFinished).status == "completed"
    runtime.submit("two")
    said = "$0.50 of $0.50 are spent, the next request takes about $3.40"
    asked = listener.until(ev.ApprovalRequested, headline=f"The budget of this session: {said}")
    runtime.answer_approval(asked.id, "deny")
    end = listener.until(ev.RunFinished, status="halted")
    assert end.turns == 0
    assert end.error is not None
    assert end.error.message.startswith("Stopped at the budget of this session: $0.50 of $0.50")
