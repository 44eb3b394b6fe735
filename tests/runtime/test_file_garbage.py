"""Content that no checkpoint leads to goes; all other content stays, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.cli import main
from alloy_tui.domain import events as ev
from alloy_tui.domain.errors import StoreError
from alloy_tui.runtime.file_garbage import drop_now_and_then, drop_unneeded
from alloy_tui.runtime.session_folder import keeping_folder, open_store, store_file
from alloy_tui.sessions import moves
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.settings import locate
from alloy_tui.settings.paths import Paths
from alloy_tui.workspace import journal
from alloy_tui.workspace.journal import JOURNALS, Step
from alloy_tui.workspace.states import ABSENT, File
from alloy_tui.workspace.tracker import Tracker
from tests.sessions.conftest import Talk
from tests.support.postgres import PostgresServer, postgres, postgres_if_any

__all__ = ["postgres", "postgres_if_any"]

_MANY = 700  # more than go at once


@pytest.fixture
def paths() -> Paths:
    return locate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def worked(tracker: Tracker, work: Callable[[], object]) -> str:
    call = tracker.begin(sweeping=True)
    work()
    tracker.end(call)
    address = tracker.save()
    assert address is not None
    return address


def filled(paths: Paths, folder: Path, *, unneeded: int = 1) -> tuple[str, str, str]:
    """A session in the bin: the manifest at its checkpoint, one a move names, one nobody names."""
    store = open_store(paths)
    tracker = Tracker(folder, store, reserve_in=folder.parent)
    tracker.look()
    kept = worked(tracker, lambda: (folder / "a").write_text("kept"))
    moved = worked(tracker, lambda: (folder / "a").write_text("of a move"))
    lost = worked(tracker, lambda: (folder / "a").write_text("of no checkpoint"))
    for number in range(unneeded - 1):
        store.put_blob(f"nobody's {number}".encode()).result()
    talk = Talk.begin(store)
    asked = talk.ask("go")
    talk.keep(moves.checkpoint(talk.tree, asked.id, talk.stamps(), manifest=kept))
    talk.keep(moves.rewind(talk.tree, None, talk.stamps(), files=moved))
    store.delete(talk.session, at_ms=1).result()
    tracker.close()
    store.close()
    return kept, moved, lost


def files_of(paths: Paths, folder: Path, address: str) -> dict[str, bytes | None]:
    """What is at a manifest, each with its content."""
    store = open_store(paths)
    try:
        tracker = Tracker(folder, store, reserve_in=folder.parent)
        found = tracker.load(address)
        states = {path: tracked.state for path, tracked in found.items()}
        tracker.close()
        return {p: store.blob(s.address) for p, s in states.items() if isinstance(s, File)}
    finally:
        store.close()


def held(paths: Paths) -> int:
    store = open_store(paths)
    try:
        return len(store.kept_blobs.addresses())
    finally:
        store.close()


def test_only_what_checkpoints_and_moves_lead_to_stays(paths: Paths, folder: Path) -> None:
    kept, moved, lost = filled(paths, folder)
    found = drop_unneeded(paths)
    assert (found.blobs, found.whole) == (2, True)
    assert found.size > 0
    assert files_of(paths, folder, kept) == {"a": b"kept"}
    assert files_of(paths, folder, moved) == {"a": b"of a move"}
    store = open_store(paths)
    assert store.blob(lost) is None
    store.purge(store.sessions(deleted=True)[0].id).result()
    store.close()
    assert drop_unneeded(paths).blobs == 4
    assert held(paths) == 0


def test_nothing_goes_while_a_program_has_the_store_open(paths: Paths, folder: Path) -> None:
    filled(paths, folder)
    before = held(paths)
    store = open_store(paths)
    with pytest.raises(StoreError) as refused:
        drop_unneeded(paths)
    assert refused.value.kind == "busy"
    assert len(store.kept_blobs.addresses()) == before
    store.close()
    code = (
        "import sys, pathlib\n"
        "from alloy_tui.sessions.sqlite import SqliteStore\n"
        "store = SqliteStore(pathlib.Path(sys.argv[1]))\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
        "store.close()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(store_file(paths).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StoreError):
            drop_unneeded(paths)
        other.communicate()
    assert held(paths) == before
    assert drop_unneeded(paths).blobs == 2


def test_what_a_killed_going_back_needs_stays(paths: Paths, folder: Path) -> None:
    kept, _, lost = filled(paths, folder)
    step = Step(b"a", ABSENT, File("0" * 64, 0o644, 3))
    begun = journal.begin(
        keeping_folder(paths) / JOURNALS, journal.planned(folder, lost, kept, (step,))
    )
    begun.close()  # as a kill leaves it
    assert drop_unneeded(paths).blobs == 0
    begun.done()
    assert drop_unneeded(paths).blobs == 2


def test_a_damaged_store_keeps_everything(paths: Paths, folder: Path) -> None:
    """A checkpoint that cannot be read may lead anywhere."""
    filled(paths, folder)
    store = SqliteStore(store_file(paths).parent)
    store.close()
    raw = sqlite3.connect(store_file(paths))
    raw.execute("UPDATE entries SET body = x'7b7d' WHERE key = (SELECT max(key) FROM entries)")
    raw.commit()
    raw.close()
    with pytest.raises(StoreError):
        drop_unneeded(paths)
    raw = sqlite3.connect(store_file(paths))
    (left,) = raw.execute("SELECT count(*) FROM blobs").fetchone()
    raw.close()
    assert left >= 6


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_kill_at_any_moment_loses_nothing_that_is_needed(
    paths: Paths, folder: Path, after: int
) -> None:
    kept, moved, _ = filled(paths, folder, unneeded=_MANY)
    code = (
        "import os, signal\n"
        "from alloy_tui.runtime.file_garbage import drop_unneeded\n"
        "from alloy_tui.settings import locate\n"
        "left = [int(os.environ['AFTER'])]\n"
        "def enough():\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return False\n"
        "drop_unneeded(locate(), enough=enough)\n"
    )
    environment = {**os.environ, "AFTER": str(after)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode in {0, -signal.SIGKILL}
    store = SqliteStore(store_file(paths).parent)
    assert store.kept is None, "a kill was taken for damage"
    store.close()
    assert files_of(paths, folder, kept) == {"a": b"kept"}
    assert files_of(paths, folder, moved) == {"a": b"of a move"}
    drop_unneeded(paths)
    assert held(paths) == 4


def test_it_ends_when_there_was_enough_and_goes_on_the_next_time(
    paths: Paths, folder: Path
) -> None:
    filled(paths, folder, unneeded=_MANY)
    asked: list[None] = []

    def enough() -> bool:
        asked.append(None)
        return len(asked) > 2

    first = drop_unneeded(paths, enough=enough)
    assert not first.whole
    assert 0 < first.blobs < _MANY
    assert drop_unneeded(paths).whole
    assert held(paths) == 4


def test_a_program_that_ends_does_it_once_a_day(paths: Paths, folder: Path) -> None:
    kept, _, _ = filled(paths, folder)
    drop_now_and_then(paths)
    assert held(paths) == 4
    filled(paths, folder)
    before = held(paths)
    drop_now_and_then(paths)
    assert held(paths) == before
    stamp = store_file(paths).with_name("collected")
    os.utime(stamp, (1.0, 1.0))
    drop_now_and_then(paths)
    assert held(paths) < before
    assert files_of(paths, folder, kept) == {"a": b"kept"}


def test_the_program_itself_does_it_at_its_end(
    open_runtime: Any, script: Any, paths: Paths, folder: Path
) -> None:
    filled(paths, folder)
    runtime, listener = open_runtime(script({"text": "a"}), cwd=folder, interactive=True)
    runtime.submit("1")
    listener.until(ev.RunFinished)
    assert held(paths) == 6
    runtime.close()
    assert held(paths) == 4


def test_what_a_server_keeps_goes_too(
    paths: Paths, folder: Path, postgres: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the same rule, once a day at a program's end, and with `alloy sessions delete --purge`."""
    url = f"{postgres.url.reveal()}&options=-csearch_path%3Dpublic"
    assert main(["config", "set", "sessions.store", url]) == 0
    kept, moved, _ = filled(paths, folder)
    assert not store_file(paths).exists()
    drop_now_and_then(paths)
    assert held(paths) == 4
    assert files_of(paths, folder, kept) == {"a": b"kept"}
    assert files_of(paths, folder, moved) == {"a": b"of a move"}
    store = open_store(paths)
    (session,) = store.sessions(deleted=True)
    store.close()
    assert main(["sessions", "delete", "--purge", session.id]) == 0
    assert "4 former states of files" in capsys.readouterr().err
    assert held(paths) == 0
