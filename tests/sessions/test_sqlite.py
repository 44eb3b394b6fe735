"""What only a store on disk can get wrong: files, modes, versions, other programs."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import user
from alloy_tui.sessions import moves, owners, reading, rows, schema
from alloy_tui.sessions.connecting import connect
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Answer, Opened, UserMessage, entry_of
from alloy_tui.sessions.private import private_file
from alloy_tui.sessions.sqlite import SqliteStore
from tests.sessions.conftest import Talk, answer


@pytest.fixture
def open_store(folder: Path) -> Iterator[Callable[[], SqliteStore]]:
    """Opens the same folder again and again; all are closed at the end."""
    opened: list[SqliteStore] = []

    def make() -> SqliteStore:
        opened.append(SqliteStore(folder))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_files_are_0600_and_folders_0700_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        store = SqliteStore(tmp_path / "deep" / "sessions")
        talk = Talk.begin(store)
        talk.ask("x")
        store.search("x")
        made = {
            p.relative_to(tmp_path).as_posix(): stat.S_IMODE(p.stat().st_mode)
            for p in (tmp_path / "deep").rglob("*")
        }
        store.close()
    finally:
        os.umask(before)
    assert made.pop("deep/sessions") == 0o700
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700
    assert {"deep/sessions/sessions.db", "deep/sessions/sessions.db-wal"} <= set(made)
    assert set(made.values()) == {0o600}, made


def test_a_folder_that_others_can_enter_is_closed_to_them(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    (folder / "sessions.db").touch(mode=0o644)
    SqliteStore(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "sessions.db").stat().st_mode) == 0o600


def test_a_file_in_place_of_the_folder_is_told_in_words(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(StoreError, match="in the way"):
        SqliteStore(folder)


def test_acknowledged_means_synced(open_store: Callable[[], SqliteStore]) -> None:
    """The pragmas that the promise rests on, on a connection as the writer makes it."""
    with closing(connect(open_store().path)) as connection:
        asked = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_second_opener_sees_new_messages_and_gets_the_session_when_the_first_is_gone(
    open_store: Callable[[], SqliteStore],
) -> None:
    first, second = open_store(), open_store()
    talk = Talk.begin(first)
    talk.ask("one")
    claim = second.claim(talk.session).result()
    assert claim.token is None
    assert claim.owner is not None
    assert claim.owner.pid == os.getpid()
    seen, version = second.tree(talk.session), second.version()
    entry = talk.ask("two")
    assert second.version() != version
    assert second.since(talk.session, len(seen)) == (entry,)
    assert second.search("two")[0].node == entry.id
    first.close()
    assert second.claim(talk.session).result().token


def test_a_session_of_a_dead_program_is_taken_over(
    open_store: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number may have gone to another program since; the start time tells."""
    store = open_store()
    talk = Talk.begin(store)
    dead = msgspec.structs.replace(owners.myself(), started="1")
    with closing(connect(store.path)) as connection:
        connection.execute("UPDATE owners SET started = ?", (dead.started,))
    assert store.owners() == {}
    assert store.claim(talk.session).result().token not in (None, talk.token)
    with pytest.raises(StoreError, match="Another program writes"):
        talk.ask("the old owner finds out")


def test_who_owns_is_told_apart_by_boot_start_and_container() -> None:
    me = owners.myself()
    replace = msgspec.structs.replace
    assert me.alive()
    if me.boot:
        assert not replace(me, boot="another boot").alive()
        assert not replace(me, started="1").alive()
        assert not replace(me, pid=2**22 + 1).alive()
        assert replace(me, space="pid:[1]", pid=2**22 + 1).alive()


def test_an_older_store_is_brought_up_to_date_and_a_copy_of_it_is_kept(folder: Path) -> None:
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    talk.ask("before")
    store.close()

    def widen(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE sessions ADD COLUMN colour TEXT")

    with closing(connect(store.path)) as connection:
        schema.migrate(connection, store.path, (*schema.STEPS, widen))
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT colour FROM sessions").fetchall() == [(None,)]
    (copy,) = folder.glob("sessions.v1.db")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(connect(copy)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (2,)


def test_a_migration_that_fails_changes_nothing(folder: Path) -> None:
    store = SqliteStore(folder)
    Talk.begin(store).ask("before")
    store.close()

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM nodes")
        raise sqlite3.OperationalError("no more")

    with closing(connect(store.path)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection, store.path, (*schema.STEPS, half))
        assert connection.execute("SELECT count(*) FROM nodes").fetchone() == (2,)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_store_of_a_later_version_is_refused_untouched(folder: Path) -> None:
    SqliteStore(folder).close()
    with closing(connect(folder / "sessions.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = (folder / "sessions.db").read_bytes()
    with pytest.raises(StoreError, match="newer version") as caught:
        SqliteStore(folder)
    assert caught.value.kind == "newer"
    assert (folder / "sessions.db").read_bytes() == before


def test_a_waiting_writer_outlasts_a_program_that_holds_the_store(
    open_store: Callable[[], SqliteStore],
) -> None:
    """Nobody hears of a lock."""
    store = open_store()
    talk = Talk.begin(store)
    with closing(connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        entry = moves.follow(talk.tree, answer("x"), talk.stamps())
        future = store.append(talk.session, [entry], talk.token)
        assert not future.done()
        other.execute("COMMIT")
    future.result(timeout=30)
    (kept,) = talk.read(entry.id)
    assert isinstance(kept.node, Answer)


def test_many_appends_share_their_syncs_and_keep_their_order(
    open_store: Callable[[], SqliteStore],
) -> None:
    store = open_store()
    talk = Talk.begin(store)
    futures = []
    for number in range(300):
        entry = moves.follow(talk.tree, answer(str(number)), talk.stamps())
        talk.tree = talk.tree.add(entry)
        futures.append(store.append(talk.session, [entry], talk.token))
    for future in futures:
        future.result(timeout=30)
    assert store.tree(talk.session).ids() == talk.tree.ids()


def test_one_bad_append_of_a_group_spoils_no_other(
    open_store: Callable[[], SqliteStore],
) -> None:
    store = open_store()
    talk = Talk.begin(store)
    entries = [moves.follow(talk.tree, answer(str(n)), talk.stamps()) for n in range(9)]
    entries[4] = msgspec.structs.replace(entries[4], parent="nowhere")
    futures = [store.append(talk.session, [e], talk.token) for e in entries]
    errors = [f.exception(timeout=30) for f in futures]
    assert [n for n, e in enumerate(errors) if e is not None] == [4]
    assert len(store.tree(talk.session)) == 9


def test_private_file_does_not_follow_what_is_there(tmp_path: Path) -> None:
    """An existing file keeps its content and loses its readers."""
    path = tmp_path / "x"
    path.write_text("kept")
    path.chmod(0o666)
    private_file(path)
    assert path.read_text() == "kept"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reading_some_nodes_costs_the_same_in_a_session_of_any_size(folder: Path) -> None:
    """What SQLite does for a page must not grow with what is not on it."""
    store = SqliteStore(folder)
    steps: list[int] = []
    for size in (300, 3_000):
        stamps = Stamps()
        first = stamps()
        entries = [entry_of(Opened(), id=first.id, parent=None, at_ms=first.at_ms)]
        for _ in range(size):
            stamp = stamps()
            node = UserMessage(user("words"))
            entries.append(entry_of(node, id=stamp.id, parent=None, at_ms=stamp.at_ms))
        name = f"session-{size}"
        store.create(name, entries).result()
        count = [0]

        def one_more(count: list[int] = count) -> bool:
            count[0] += 1
            return False

        with closing(connect(store.path, reading=True)) as connection:
            key = rows.key_of(connection, name)
            connection.set_progress_handler(one_more, 1)
            reading.entries(connection, key, [entry.id for entry in entries[-100:]])
        steps.append(count[0])
    store.close()
    assert steps[1] < 1.5 * steps[0]
