"""What no mark leads to is erased, in every store that lasts, and nothing else ever is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator

import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions import moves
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Entry, manifest_of
from alloy_tui.sessions.store import Needed, SessionStore
from tests.sessions.conftest import MakeStore, Talk
from tests.sessions.killing import ROOT
from tests.sessions.sharing import Shared, elsewhere

_MANY = 450  # more than go at once


def named(marks: Iterator[Entry], get: Callable[[str], bytes | None]) -> Collection[str]:
    """What checkpoints name, and what is written there."""
    found: set[str] = set()
    for mark in marks:
        address = manifest_of(mark.node)
        if address is not None:
            found.add(address)
            found.add((get(address) or b"").decode())
    return found


def filled(store: SessionStore, unneeded: int = 1) -> tuple[Talk, list[str]]:
    """A session in the bin whose checkpoint leads to two blobs, and more that nothing leads to."""
    talk = Talk.begin(store)
    said = talk.ask("long " * 4000)
    leaf = store.put_blob(b"a file").result()
    root = store.put_blob(leaf.encode()).result()
    shared = store.put_blob(("long " * 4000).encode()).result()  # an entry holds it, too
    for number in range(unneeded):
        store.put_blob(f"nobody's {number}".encode()).result()
    talk.keep(moves.checkpoint(talk.tree, said.id, talk.stamps(), manifest=root))
    store.delete(talk.session, at_ms=5).result()
    store.release(talk.token).result()
    return talk, [leaf, root, shared]


def test_only_what_marks_lead_to_and_entries_hold_stays(programs: MakeStore) -> None:
    store = programs()
    talk, kept = filled(store, _MANY)
    found = store.kept_blobs.collect(named, bool)
    assert (found.blobs, found.whole) == (_MANY, True)
    assert found.size > 0
    again = programs()
    assert again.kept_blobs.addresses() == set(kept)
    assert again.blob(kept[0]) == b"a file"
    assert again.read(talk.session, [talk.tree.leaf or ""])[0].node.kind == "user"
    again.purge(talk.session).result()
    assert again.kept_blobs.collect(named, bool).blobs == 3
    assert programs().kept_blobs.addresses() == set()


def test_a_store_that_forgets_does_so_too() -> None:
    store = MemoryStore()
    _, kept = filled(store)
    assert store.kept_blobs.collect(named, bool).blobs == 2  # its entries hold nothing in blobs
    assert store.kept_blobs.addresses() == set(kept[:2])


def test_nothing_goes_while_another_may_write(programs: MakeStore) -> None:
    store, other = programs(), programs()
    filled(store)
    other.put_blob(b"for a checkpoint that is still to be made").result()
    with pytest.raises(StoreError) as refused:
        store.kept_blobs.collect(named, bool)
    assert refused.value.kind == "busy"
    assert len(other.kept_blobs.addresses()) == 5
    other.close()
    assert programs().kept_blobs.collect(named, bool).blobs == 2


def test_it_ends_when_there_was_enough_and_goes_on_the_next_time(programs: MakeStore) -> None:
    store = programs()
    filled(store, _MANY)
    asked: list[None] = []

    def enough() -> bool:
        asked.append(None)
        return len(asked) > 2

    first = store.kept_blobs.collect(named, enough)
    assert not first.whole
    assert first.blobs < _MANY
    assert first.blobs + programs().kept_blobs.collect(named, bool).blobs == _MANY


def test_what_cannot_be_told_erases_nothing(programs: MakeStore) -> None:
    def unsure(marks: Iterator[Entry], get: Callable[[str], bytes | None]) -> Collection[str]:
        del get
        raise StoreError(f"{len(list(marks))} marks make no sense.", kind="damaged")

    store = programs()
    filled(store)
    with pytest.raises(StoreError, match="2 marks make no sense"):
        store.kept_blobs.collect(unsure, bool)
    assert len(programs().kept_blobs.addresses()) == 4


def test_a_mark_that_cannot_be_read_may_lead_anywhere(shared: Shared) -> None:
    store = shared.store()
    filled(store)
    shared.do("UPDATE entries SET body = 'x' WHERE kind = 'checkpoint'")
    with pytest.raises(StoreError) as refused:
        store.kept_blobs.collect(named, bool)
    assert refused.value.kind == "damaged"
    assert len(shared.store().kept_blobs.addresses()) == 4


def test_a_session_of_another_machine_that_is_only_away_keeps_everything(shared: Shared) -> None:
    """Until it was not used for long; one that died on this machine keeps nothing."""
    store = shared.store()
    filled(store)
    talk = Talk.begin(store)
    rows = shared.do("SELECT * FROM owners")
    store.close()
    columns = ", ".join("'" + str(value) + "'" for value in rows[0])
    shared.do(f"INSERT INTO owners VALUES ({columns})")
    elsewhere(shared)
    with pytest.raises(StoreError) as refused:
        shared.store().kept_blobs.collect(named, bool)
    assert refused.value.kind == "busy"
    shared.do("UPDATE entries SET at_ms = 1")
    assert shared.store().kept_blobs.collect(named, bool).blobs == 1
    assert talk.session


_KILLED = """
import os, signal, sys
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions.postgres import PostgresStore
from tests.sessions.test_collecting import named
left = int(sys.argv[3])
def enough():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return False
PostgresStore(Secret(sys.argv[1]), schema=sys.argv[2]).kept_blobs.collect(named, enough)
"""


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_kill_at_any_moment_loses_nothing_that_is_needed(shared: Shared, after: int) -> None:
    store = shared.store()
    _, kept = filled(store, _MANY)
    store.close()
    address = shared.server.url.reveal()
    argv = [sys.executable, "-c", _KILLED, address, shared.schema, str(after)]
    subprocess.run(argv, cwd=ROOT, check=False)
    assert set(kept) <= shared.store().kept_blobs.addresses()
    for each in shared.opened:
        each.close()
    found: Needed = named
    shared.store().kept_blobs.collect(found, bool)
    assert shared.store().kept_blobs.addresses() == set(kept)
