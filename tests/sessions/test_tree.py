"""The tree as a value: snapshots, order, refusals, and stamps."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import SessionError, UnknownNodeError
from alloy_tui.domain.messages import user
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import LENGTH, Stamps
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Entry, Note, UserMessage, entry_of
from alloy_tui.sessions.tree import SessionTree
from tests.sessions.walking import Stand, Walk


def said(name: str, parent: str | None, *, aside: bool = False) -> Entry:
    return entry_of(UserMessage(user(name)), id=name, parent=parent, at_ms=0, aside=aside)


def tree_of(*entries: Entry) -> SessionTree:
    tree = SessionTree()
    for entry in entries:
        tree = tree.add(entry)
    return tree


@given(st.integers(0, 10_000))
def test_a_snapshot_never_changes(seed: int) -> None:
    """Whatever is added to a tree, or to another that grew from it, later."""
    walk = Walk(random.Random(seed), MemoryStore())
    taken: list[tuple[SessionTree, tuple[object, ...]]] = []
    for _ in range(12):
        walk.step()
        taken.append((walk.tree, _facts(walk.tree)))
    old = taken[len(taken) // 2][0]
    other = old.add(said("elsewhere", None)).add(said("below", "elsewhere"))
    assert other.children("elsewhere") == ("below",)
    assert "elsewhere" not in old
    assert "elsewhere" not in walk.tree
    for tree, facts in taken:
        assert _facts(tree) == facts


def _facts(tree: SessionTree) -> tuple[object, ...]:
    children = {
        n: tree.children(n) for n in (None, *tree.ids()) if n is None or not tree.is_mark(n)
    }
    return (tree.ids(), tree.leaf, tree.undone, dict(tree.labels), tree.hidden, children, len(tree))


def test_a_branch_is_one_entry_however_large_the_tree() -> None:
    """Neither the log nor the columns are copied."""
    tree, last = SessionTree(), None
    for number in range(2_000):
        last = f"n{number}"
        tree = tree.add(said(last, f"n{number - 1}" if number else None))
    at_middle = tree.add(moves.branch(tree, "n1000", Stand()()))
    assert at_middle.leaf == "n1000"
    assert len(at_middle) == len(tree) + 1
    assert sys.getsizeof(at_middle) < 200


def test_abreast_branches_grow_without_taking_the_leaf_along() -> None:
    tree = tree_of(said("ask", None), said("a", "ask", aside=True), said("b", "ask", aside=True))
    assert tree.leaf == "ask"
    assert tree.children("ask") == ("a", "b")
    assert tree.siblings("b") == ("a", "b")
    assert tree.tips() == ("a", "b")


def test_a_rewind_can_be_taken_back_until_something_new_is_said() -> None:
    stand = Stand()
    tree = tree_of(said("a", None), said("b", "a"), said("c", "b"))
    for to in ("b", "a", None):
        tree = tree.add(moves.rewind(tree, to, stand()))
    for back in ("a", "b", "c"):
        tree = tree.add(moves.redo(tree, stand()))
        assert tree.leaf == back
    with pytest.raises(SessionError, match="no move"):
        moves.redo(tree, stand())
    tree = tree.add(moves.rewind(tree, "a", stand())).add(said("d", "a"))
    with pytest.raises(SessionError, match="no move"):
        moves.redo(tree, stand())
    assert tree.children("a") == ("b", "d")
    assert tree.add(moves.switch(tree, "b", stand())).leaf == "c"


def test_a_rewind_stays_on_the_path() -> None:
    tree = tree_of(said("a", None), said("b", "a"), said("c", "a"))
    with pytest.raises(SessionError, match="another branch"):
        moves.rewind(tree, "b", Stand()())


def test_pruning_below_the_leaf_moves_it_out_first() -> None:
    stand = Stand()
    tree = tree_of(said("a", None), said("b", "a"), said("c", "b"))
    for entry in moves.prune(tree, "b", stand(), stand()):
        tree = tree.add(entry)
    assert tree.leaf == "a"
    assert [tree.is_hidden(n) for n in "abc"] == [False, True, True]
    assert "c" in tree
    assert tree.add(moves.unprune(tree, "b", stand())).hidden == frozenset()


def test_every_user_message_is_a_checkpoint_and_so_is_every_label() -> None:
    stand = Stand()
    tree = tree_of(said("a", None), said("b", "a"))
    tree = tree.add(moves.note(tree, "a", "n", stand()))
    assert moves.checkpoints(tree) == ("a", "b")


@pytest.mark.parametrize(
    "entry",
    [said("a", None), said("x", "nowhere"), said("x", "m")],
    ids=["id taken", "parent missing", "parent is a mark"],
)
def test_what_cannot_be_added_is_refused(entry: Entry) -> None:
    mark = entry_of(Note("n"), id="m", parent="a", at_ms=0)
    tree = tree_of(said("a", None), mark)
    with pytest.raises(SessionError):
        tree.add(entry)
    assert len(tree) == 2


def test_an_unknown_node_is_named() -> None:
    tree = tree_of(said("a", None))
    for ask in (tree.kind, tree.parent, tree.children, tree.path, tree.tip):
        with pytest.raises(UnknownNodeError, match="ghost"):
            ask("ghost")
    assert 7 not in tree


@given(st.lists(st.integers(0, 1 << 45), min_size=2, max_size=50))
def test_stamps_rise_even_when_the_clock_does_not(times: list[int]) -> None:
    ticks = iter(times)
    stamps = Stamps(lambda: next(ticks))
    made = [stamps() for _ in times]
    ids = [s.id for s in made]
    assert ids == sorted(set(ids))
    assert {len(i) for i in ids} == {LENGTH}
    assert [s.at_ms for s in made] == times
