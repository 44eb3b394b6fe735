"""What an agent was in former programs, from its conversation and its part of the ledger."""

from __future__ import annotations

from alloy_tui.domain.messages import ChatMessage, TextBlock, assistant, tool_results, user
from alloy_tui.domain.messages import ToolResultBlock as Result
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.former_lives import NOTHING, LastWords, last_words, past_of
from alloy_tui.sessions.store import Spent


def row(at_ms: int, usage: TokenUsage, cost: float | None) -> Spent:
    return Spent("s", "n", at_ms, "a", "test/m", usage, cost)


def test_nothing_was_spent_where_there_is_no_request() -> None:
    """No figures at all, which is not the same as figures of 0."""
    assert past_of(()) is NOTHING


def test_sums_mark_what_is_unknown() -> None:
    """A request without a price leaves the cost unknown, and what is known of it is told."""
    past = past_of([row(5, TokenUsage(10, output=5), 0.5), row(7, TokenUsage(1, output=1), None)])
    assert (past.turns, past.usd, past.tokens, past.last_ms) == (2, 0.5, 17, 7)
    assert past.spent is not None
    assert (past.spent.cost, past.spent.cost_known) == (None, 0.5)
    assert past.spent.context_tokens == 2


def test_the_last_words_are_those_of_people_and_models() -> None:
    """Not results of tools, and not what the program put in by itself."""
    said = (
        user("first"),
        assistant("old"),
        user("second"),
        assistant("new"),
        tool_results(Result("c", (TextBlock("a result"),))),
        ChatMessage("assistant", ()),
        ChatMessage("user", (TextBlock("a note"),), synthetic=True),
    )
    assert last_words(said) == LastWords("second", "new")
    assert last_words(()) == LastWords()
