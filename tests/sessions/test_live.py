"""A session in use, by one program and by two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import user
from alloy_tui.sessions import moves
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Opened, UserMessage, entry_of
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.words import words_of
from tests.sessions.conftest import answer


def said(text: str) -> UserMessage:
    return UserMessage(user(text))


@pytest.fixture
def two_programs(folder: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    """Two stores on one folder."""
    one, two = SqliteStore(folder), SqliteStore(folder)
    yield one, two
    one.close()
    two.close()


def test_more_can_follow_before_the_first_is_on_disk(store: SessionStore) -> None:
    live = LiveSession.begin(store, Opened("talk"))
    futures = [live.say(said(str(n)))[1] for n in range(50)]
    assert len(live.tree) == 51
    for future in futures:
        future.result(timeout=30)
    assert store.tree(live.id).ids() == live.tree.ids()
    assert [m.text for m in live.view(live.tree.leaf)] == ["".join(str(n) for n in range(50))]


def test_what_the_store_refuses_leaves_the_tree_again(store: SessionStore) -> None:
    """And everything goes on from what is stored."""
    live = LiveSession.begin(store, Opened())
    first, stored = live.say(said("one"))
    stored.result(timeout=30)
    other = LiveSession.begin(store, Opened())
    taken = store.tree(other.id).ids()[0]
    store.release(live._token or "").result(timeout=30)
    with pytest.raises(StoreError):
        live.say(said("two"))[1].result(timeout=30)
    assert live.tree.leaf == first.id
    again = LiveSession.open(store, live.id)
    entry, kept = again.say(said("three"))
    kept.result(timeout=30)
    assert again.tree.path(entry.id) == (first.id, entry.id)
    assert taken not in again.tree


def test_a_growing_answer_is_stored_once_a_second(store: SessionStore) -> None:
    now = [0.0]
    live = LiveSession.begin(store, Opened(), monotonic_s=lambda: now[0])
    stamp = live.stamps()
    stored = 0
    for tick in range(40):
        now[0] = tick / 10
        part = entry_of(answer("w" * tick), id=stamp.id, parent=None, at_ms=stamp.at_ms)
        if (growth := live.grow(part)) is not None:
            growth.result(timeout=30)
            stored += 1
    assert stored == 4
    (kept,) = live.growing()
    assert words_of(kept.node) == "w" * 30
    whole, done = live.say(answer("all of it"), id=stamp.id)
    done.result(timeout=30)
    assert live.growing() == ()
    assert live.read([stamp.id]) == (whole,)


def test_an_answer_that_came_to_nothing_leaves_nothing(store: SessionStore) -> None:
    live = LiveSession.begin(store, Opened())
    part = moves.follow(live.tree, answer("x"), live.stamps())
    growth = live.grow(part)
    assert growth is not None
    live.drop(part.id).result(timeout=30)
    assert live.growing() == ()


def test_the_second_program_watches_and_then_takes_over(
    two_programs: tuple[SqliteStore, SqliteStore],
) -> None:
    one, two = two_programs
    first = LiveSession.begin(one, Opened())
    second = LiveSession.open(two, first.id)
    assert not second.writable
    assert second.owner is not None
    with pytest.raises(StoreError, match="another program"):
        second.say(said("no"))
    assert second.refresh() == ()
    entry, done = first.say(said("hello"))
    done.result(timeout=30)
    assert second.refresh() == (entry,)
    assert second.tree.leaf == entry.id
    released = first.close()
    assert released is not None
    released.result(timeout=30)
    assert LiveSession.open(two, first.id).writable


def test_the_second_program_forks_and_both_go_on(
    two_programs: tuple[SqliteStore, SqliteStore],
) -> None:
    one, two = two_programs
    first = LiveSession.begin(one, Opened("talk", cwd="/x"))
    for text in ("a", "b", "c"):
        entry, done = first.say(said(text))
        done.result(timeout=30)
    second = LiveSession.open(two, first.id)
    fork = second.fork(first.tree.parent(entry.id), title="mine")
    fork.say(said("elsewhere"))[1].result(timeout=30)
    first.say(said("here"))[1].result(timeout=30)
    assert [m.text for m in fork.view(fork.tree.leaf)] == ["abelsewhere"]
    assert [m.text for m in first.view(first.tree.leaf)] == ["abchere"]
    info = two.session(fork.id)
    assert (info.title, info.cwd, info.from_session) == ("mine", "/x", first.id)


def test_a_verb_is_stored_as_one(store: SessionStore) -> None:
    live = LiveSession.begin(store, Opened())
    entry, done = live.say(said("a"))
    done.result(timeout=30)
    live.do(moves.prune(live.tree, entry.id, live.stamps(), live.stamps())).result(timeout=30)
    assert store.tree(live.id).leaf is None
    assert store.tree(live.id).hidden == {entry.id}
    live.do([moves.redo(live.tree, live.stamps())]).result(timeout=30)
    assert live.tree.leaf == entry.id
