"""Two branches beside each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolCallBlock, ToolResultBlock
from alloy_tui.sessions import moves
from alloy_tui.sessions.compare import Comparison, compare, difference
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Answer, ToolResult
from alloy_tui.sessions.words import words_of
from tests.sessions.conftest import Talk


def two_branches() -> tuple[Talk, str]:
    """A question, and the place where its branches part."""
    talk = Talk.begin(MemoryStore())
    return talk, talk.ask("fix the cart").id


def back(talk: Talk, to: str) -> str:
    left = talk.tree.leaf
    talk.keep(moves.branch(talk.tree, to, talk.stamps()))
    assert left is not None
    return left


def compared(talk: Talk, left: str, right: str | None) -> Comparison:
    return compare(talk.tree, lambda ids: talk.store.read(talk.session, ids), left, right)


def pairs(found: Comparison) -> list[tuple[str | None, str | None]]:
    return [
        (words_of(r.left.node) if r.left else None, words_of(r.right.node) if r.right else None)
        for r in found.rows
    ]


def test_branches_are_aligned_from_where_they_part() -> None:
    talk, fork = two_branches()
    talk.answer("first try")
    talk.ask("now test it")
    talk.answer("tested")
    left = back(talk, fork)
    talk.answer("other try")
    talk.ask("what about money")
    talk.answer("decimals")
    talk.ask("now test it")
    talk.answer("tested")
    found = compared(talk, left, talk.tree.leaf)
    assert found.ancestor == fork
    assert pairs(found) == [
        ("first try", "other try"),
        (None, "what about money"),
        (None, "decimals"),
        ("now test it", "now test it"),
        ("tested", "tested"),
    ]
    assert [r.same for r in found.rows] == [False, False, False, True, True]


def test_sides_are_summed_and_unknown_prices_stay_unknown() -> None:
    talk, fork = two_branches()
    calls = (TextBlock("x"), ToolCallBlock("c", "read", {}))
    talk.put(Answer(ChatMessage("assistant", calls), "s/m", duration_ms=100))
    talk.put(ToolResult(ToolResultBlock("c", (), is_error=True), "read", duration_ms=50))
    talk.answer("done", 0.25)
    left = back(talk, fork)
    talk.answer("free", None, "s/n")
    found = compared(talk, left, talk.tree.leaf)
    one, other = found.left, found.right
    assert (one.messages, one.tool_calls, one.tool_errors, one.duration_ms) == (2, 1, 1, 850)
    assert (one.cost, one.models) == (0.25, ("s/m",))
    assert one.usage is not None
    assert one.usage.partial
    assert (other.cost, other.models) == (None, ("s/n",))


def test_a_branch_beside_its_own_beginning_has_one_side() -> None:
    talk, fork = two_branches()
    talk.answer("x")
    found = compared(talk, fork, talk.tree.leaf)
    assert pairs(found) == [(None, "x")]
    assert (found.left.usage, found.left.cost) == (None, 0.0)


@given(st.text("ab\n", max_size=60), st.text("ab\n", max_size=60))
def test_a_difference_holds_both_texts_whole(left: str, right: str) -> None:
    lines = difference(left, right)
    assert [x.text for x in lines if x.kind != "right"] == left.splitlines()
    assert [x.text for x in lines if x.kind != "left"] == right.splitlines()


def test_a_difference_of_endless_texts_is_quick() -> None:
    """Beyond the limit the texts are not searched for what they share."""
    lines = difference("a\n" * 60_000, "b\n" * 60_000)
    assert len(lines) == 120_000
