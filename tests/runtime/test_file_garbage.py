"""Content that no checkpoint leads to goes; all other content stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alloy_tui.runtime.file_garbage import drop_unneeded
from alloy_tui.sessions import moves
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.sessions.store import SessionStore
from alloy_tui.workspace.tracker import Tracker
from tests.sessions.conftest import Talk


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionStore]:
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "sessions")
    yield made
    made.close()


def worked(tracker: Tracker, work: Callable[[], object]) -> str:
    call = tracker.begin(sweeping=True)
    work()
    tracker.end(call)
    address = tracker.save()
    assert address is not None
    return address


def test_only_what_checkpoints_lead_to_stays(store: SessionStore, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    tracker = Tracker(folder, store, reserve_in=tmp_path)
    tracker.look()
    kept = worked(tracker, lambda: (folder / "a").write_text("kept"))
    lost = worked(tracker, lambda: (folder / "a").write_text("of no checkpoint"))
    talk = Talk.begin(store)
    asked = talk.ask("go")
    talk.keep(moves.checkpoint(talk.tree, asked.id, talk.stamps(), manifest=kept))
    store.delete(talk.session, at_ms=1).result()
    assert drop_unneeded(store) == 2
    assert store.blob(lost) is None
    assert set(tracker.load(kept)) == {"a"}
    store.purge(talk.session).result()
    assert drop_unneeded(store) == 2
    assert store.kept_blobs.addresses() == frozenset()
    tracker.close()
