"""Broken stores: nothing crashes, nothing is hidden that can be read, repair saves it."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import user
from alloy_tui.sessions import moves
from alloy_tui.sessions.alone import alone
from alloy_tui.sessions.connecting import connect
from alloy_tui.sessions.nodes import UserMessage
from alloy_tui.sessions.salvage import salvage
from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.words import words_of
from tests.sessions.conftest import Talk, answer
from tests.sessions.damaging import HARMS, Original, make_original, suffer


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """One sound store for all damages; every test breaks a copy."""
    return make_original(tmp_path_factory.mktemp("original"))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", HARMS)
def test_a_damaged_store_is_read_repaired_and_goes_on(
    original: Original, folder: Path, kind: str, seed: int
) -> None:
    """200 and more of these run as `python -m tests.sessions.damaging 200`."""
    outcome = suffer(original, folder, kind, random.Random(seed))
    assert all(copy.exists() for copy in outcome.report.copies)
    if kind in ("header", "index file gone"):
        assert outcome.lost == 0
    if kind == "flipped log":
        # What a flip hits is gone; all that stands after it in the log is found again.
        assert outcome.lost <= min(outcome.unread, 3)
    if kind in ("flip a bit", "flip many bytes", "zero a page", "garbage page"):
        # A page holds some twenty small messages of two sessions at most.
        assert outcome.lost <= 40
        assert len(outcome.hit) <= 3
    if "page" in kind or kind.startswith("flip "):
        assert outcome.lost <= outcome.unread


def test_a_lost_shape_is_read_from_the_messages(folder: Path) -> None:
    """The table of nodes can be gone; every entry says what it follows."""
    store = SqliteStore(folder)
    talk = Talk.begin(store, title="kept")
    first = talk.ask("one")
    talk.answer("two")
    talk.keep(moves.branch(talk.tree, first.id, talk.stamps()))
    store.close()
    with closing(connect(folder / FILE)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE nodes")
        connection.execute("DROP TABLE ledger")
    store = SqliteStore(folder)
    tree = store.tree(talk.session)
    infos, spent = store.sessions(), store.spent()
    read = store.read(talk.session, [first.id])
    store.close()
    assert (tree.ids(), tree.leaf, tree.undone) == (
        talk.tree.ids(),
        talk.tree.leaf,
        talk.tree.undone,
    )
    assert read == (first,)
    assert [(i.title, i.preview, i.entries) for i in infos] == [("kept", "one", 4)]
    assert [s.cost for s in spent] == [0.5]


def test_a_lost_message_keeps_its_place_and_its_answers(folder: Path) -> None:
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    first, second = talk.ask("gone"), talk.answer("stays")
    store.close()
    with closing(connect(folder / FILE)) as connection:
        connection.execute("UPDATE entries SET crc = 1 WHERE key = 2")
    store = SqliteStore(folder)
    (lost,) = store.read(talk.session, [first.id])
    assert (lost.node.kind, lost.parent) == ("user", None)
    assert store.tree(talk.session).path(second.id) == (first.id, second.id)
    store.close()
    report = salvage(folder / FILE)
    assert (report.entries, report.lost, report.adopted, report.whole) == (2, 1, 0, False)
    store = SqliteStore(folder)
    assert store.tree(talk.session).path(second.id) == (first.id, second.id)
    assert store.read(talk.session, [second.id]) == (second,)
    store.close()


def test_a_missing_blob_hides_no_more_than_its_own_text(folder: Path) -> None:
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    long, after = talk.ask("the beginning " + "x" * 9000), talk.answer("after")
    with closing(connect(folder / FILE)) as connection:
        connection.execute("DELETE FROM blobs")
    read = talk.read(long.id, after.id)
    store.close()
    assert words_of(read[0].node).startswith("the beginning xxx")
    assert words_of(read[0].node).endswith("[The rest of this text is lost.]")
    assert read[1] == after
    assert salvage(folder / FILE).lost_blobs == 1


def test_what_was_purged_stays_gone_through_a_repair(folder: Path) -> None:
    """Even when its bytes are in a page that nothing wrote over yet."""
    store = SqliteStore(folder)
    talk, other = Talk.begin(store), Talk.begin(store)
    talk.ask("secret")
    other.ask("public")
    store.close()
    old = (folder / FILE).read_bytes()
    store = SqliteStore(folder)
    store.purge(talk.session).result()
    shutil.copytree(folder, folder.with_name("crashed"))
    store.close()
    crashed = folder.with_name("crashed") / FILE
    assert crashed.read_bytes() == old
    assert b"secret" in old
    report = salvage(crashed)
    assert report.sessions == 1
    assert b"secret" not in crashed.read_bytes()


def test_a_sound_store_comes_through_a_repair_unchanged(folder: Path) -> None:
    store = SqliteStore(folder)
    talk = Talk.begin(store, title="t", cwd="/x")
    talk.ask("one " * 3000)
    part = moves.follow(talk.tree, answer("growing"), talk.stamps())
    talk.keep(moves.checkpoint(talk.tree, talk.tree.leaf or "", talk.stamps(), label="here"))
    talk.answer("two")
    store.delete(talk.session, at_ms=5).result()
    held = store.put_blob(b"manifest").result()
    before = store.session(talk.session), talk.read(*talk.tree.ids()), store.spent()
    store.put_partial(talk.session, part, talk.token).result()
    store.close()
    report = salvage(folder / FILE)
    assert report.whole
    assert (report.sessions, report.entries) == (1, 5)
    store = SqliteStore(folder)
    tree = store.tree(talk.session)
    assert tree.labels == talk.tree.labels
    assert store.read(talk.session, talk.tree.ids()) == before[1]
    assert store.spent()[:1] == before[2]
    assert store.session(talk.session).deleted_ms == 5
    assert store.blob(held) == b"manifest"
    (grown,) = store.read(talk.session, [part.id])
    assert words_of(grown.node) == "growing"
    store.close()


def test_a_store_in_use_is_not_repaired(folder: Path) -> None:
    store = SqliteStore(folder)
    Talk.begin(store)
    store.close()
    with alone(folder / FILE):
        pass

    holds = (
        "import sys; from alloy_tui.sessions.sqlite import SqliteStore; from pathlib import Path"
    )
    holds += "; s = SqliteStore(Path(sys.argv[1])); s.sessions(); print('open', flush=True)"
    holds += "; sys.stdin.read(); s.close()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        before = (folder / FILE).read_bytes()
        with pytest.raises(StoreError, match="in use"):
            salvage(folder / FILE)
        assert other.stdin is not None
        other.stdin.close()
    assert (folder / FILE).read_bytes() == before
    assert salvage(folder / FILE).whole


def test_a_log_that_is_older_than_its_file_is_set_aside(folder: Path) -> None:
    """SQLite would write its old pages over the new ones."""
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    talk.ask("one")
    old_log = (folder / f"{FILE}-wal").read_bytes()
    last = talk.ask("two")
    store.close()
    (folder / f"{FILE}-wal").write_bytes(old_log)
    store = SqliteStore(folder)
    try:
        assert store.kept == folder / f"{FILE}-wal.stale"
        assert store.read(talk.session, [last.id]) == (last,)
    finally:
        store.close()


def test_a_log_that_breaks_in_its_middle_is_copied_before_its_end_is_dropped(folder: Path) -> None:
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    entries = [talk.ask(str(n)) for n in range(20)]
    crashed = folder.with_name("crashed")
    shutil.copytree(folder, crashed)
    store.close()
    (crashed / f"{FILE}-shm").unlink()
    log = bytearray((crashed / f"{FILE}-wal").read_bytes())
    log[len(log) // 2] ^= 1
    (crashed / f"{FILE}-wal").write_bytes(log)
    store = SqliteStore(crashed)
    kept, seen = store.kept, len(store.tree(talk.session))
    store.close()
    assert kept is not None
    assert seen < 21
    assert salvage(crashed / FILE).entries == 21
    store = SqliteStore(crashed)
    assert store.read(talk.session, [e.id for e in entries]) == tuple(entries)
    store.close()


def test_an_empty_file_beside_a_full_log_is_not_opened(folder: Path) -> None:
    """SQLite would delete the log."""
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    entry = talk.ask("only in the log")
    crashed = folder.with_name("crashed")
    shutil.copytree(folder, crashed)
    store.close()
    (crashed / FILE).write_bytes(b"")
    with pytest.raises(StoreError, match="is empty") as caught:
        SqliteStore(crashed)
    assert "doctor --repair" in (caught.value.hint or "")
    assert salvage(crashed / FILE).entries == 2
    store = SqliteStore(crashed)
    assert store.read(talk.session, [entry.id]) == (entry,)
    store.close()


def test_no_session_is_invented_from_garbage(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / FILE).write_bytes(random.Random(1).randbytes(50_000))
    with pytest.raises(StoreError, match="damaged"):
        SqliteStore(folder)
    report = salvage(folder / FILE)
    assert (report.sessions, report.entries) == (0, 0)
    store = SqliteStore(folder)
    Talk.begin(store).put(UserMessage(user("new life")))
    assert len(store.sessions()) == 1
    store.close()


def test_a_row_of_the_wrong_shape_is_skipped(folder: Path) -> None:
    """SQLite itself can be told to take them, and other programs have."""
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    kept = talk.ask("kept")
    store.close()
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute(
            "INSERT INTO entries (session, crc, packed, refs, body) VALUES (?, 1, 1, '[[', x'00')",
            (talk.session,),
        )
        connection.commit()
    store = SqliteStore(folder)
    assert store.search("kept")[0].node == kept.id
    store.close()
    assert salvage(folder / FILE).entries == 2
