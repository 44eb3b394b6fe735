"""The index over the words of every message of every session.

Owns a file of its own beside the store, with FTS5: it can always be made anew,
so damage to it costs nothing, and writing it never makes an append wait. It
follows `entries` by their numbers; programs that share a store share the work.
Must not know what a snippet looks like (`snippets`) nor how entries are written.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.connecting import Readers, connect, patiently
from alloy_tui.sessions.faults import explain, primary_code
from alloy_tui.sessions.private import private_file
from alloy_tui.sessions.recovery import readable_after
from alloy_tui.sessions.snippets import Term, indexable
from alloy_tui.sessions.words import words_of

_T = TypeVar("_T")
_VERSION = 1
_BATCH = 500
# With this many matches or fewer for every word, all of them are ranked; counting and
# ranking more would be felt, and then the newest matches are the candidates.
_RANKED = 4_000
_CANDIDATES = 300
# How long the index waits for quiet before it catches up by itself, in seconds.
_QUIET_S = 0.3
# To rewrite the index is worth it when one text of so many was taken out of it.
_WORTH = 10
# A limit on one text: a tool can print without end.
_LONGEST = 1_000_000


class Candidates(msgspec.Struct, frozen=True):
    """Numbers of entries that match, and whether they come ranked or as the newest ones."""

    keys: tuple[int, ...]
    ranked: bool


class SearchIndex:
    """The index of one store; `poke` after something was stored, and it follows."""

    def __init__(self, path: Path, store: Readers) -> None:
        self._path = path
        self._store = store
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._readers: Readers | None = None
        self._wake = threading.Condition()
        self._poked = self._closed = False
        self._thread: threading.Thread | None = None

    def poke(self) -> None:
        """Say that something was stored; the index catches up soon, on a thread of its own."""
        with self._wake:
            self._poked = True
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name="alloy-sessions-index", daemon=True
                )
                self._thread.start()
            self._wake.notify()

    def find(self, wanted: Sequence[Term], session: str | None) -> Candidates:
        """Entries that hold all terms, of one session or all; the index is caught up first.

        Raises StoreError.
        """
        return self._whole(lambda: self._find([_spelled(term) for term in wanted], session))

    def catch_up(self) -> None:
        """Take in all that was stored before the call. Raises StoreError."""
        self._whole(self._catch_up)

    def forget(self, texts: Sequence[tuple[int, str, str]]) -> None:
        """Take entries (number, words, session) out that are about to be erased."""
        self._whole(lambda: self._forget(texts))

    def close(self) -> None:
        """End the thread and close the file."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        with self._lock:
            self._shut()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._poked and not self._closed:
                    self._wake.wait()
                while self._poked and not self._closed:
                    self._poked = False
                    self._wake.wait(_QUIET_S)
                if self._closed:
                    return
            with suppress(StoreError):  # whoever searches will be told
                self.catch_up()

    def _whole(self, work: Callable[[], _T]) -> _T:
        """Do `work`; if the index turns out damaged, make it anew and do it again."""
        try:
            return patiently(work)
        except sqlite3.Error as error:
            if not _is_broken(error):
                raise explain(error, self._path) from error
        try:
            with self._lock:
                self._shut()
                # Programs that have it open keep their own until they start again.
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return patiently(work)
        except (sqlite3.Error, OSError) as error:
            raise explain(error, self._path) from error

    def _find(self, parts: Sequence[str], session: str | None) -> Candidates:
        self._catch_up()
        with self._lock:
            self._open()
            readers = self._readers
        if readers is None:
            raise StoreError("The store of sessions was closed.", kind="closed")
        of_session = [] if session is None else [f'session : "{indexable(session)}"']
        try:
            with readers.snapshot() as connection:
                rare = all(_at_most(connection, part, _RANKED) for part in parts)
                order = "rank" if rare else "rowid DESC"
                rows = connection.execute(
                    f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY {order} LIMIT ?",  # noqa: S608 -- one of two constants
                    (" AND ".join((*parts, *of_session)), _CANDIDATES),
                ).fetchall()
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.Error):
                raise error.__cause__ from None
            raise
        return Candidates(tuple(key for (key,) in rows), rare)

    def _forget(self, texts: Sequence[tuple[int, str, str]]) -> None:
        with self._lock:
            connection = self._open()
            with _transaction(connection):
                last = _last(connection)
                connection.executemany(
                    "INSERT INTO words (words, rowid, text, session) VALUES ('delete', ?, ?, ?)",
                    [(k, index_text(t), s) for k, t, s in texts if k <= last and t],
                )
                connection.execute("CREATE TABLE IF NOT EXISTS traces (count INTEGER NOT NULL)")
                connection.execute("INSERT INTO traces VALUES (?)", (len(texts),))

    def _catch_up(self) -> None:
        with self._lock:
            connection = self._open()
            if _last(connection) > self._newest():
                raise sqlite3.DatabaseError("malformed: the index is of another store")
            while self._take_batch(connection) and not self._closed:
                pass

    def _take_batch(self, connection: sqlite3.Connection) -> bool:
        """Take in the next entries; whether there may be more."""
        last = _last(connection)
        with self._store.snapshot() as store:
            rows = [
                (key, "" if entry is None else index_text(words_of(entry.node)), session)
                for key, session, entry in readable_after(store, last, _BATCH)
            ]
        if not rows:
            return False
        with _transaction(connection):
            if _last(connection) == last:  # else another program took them in meanwhile
                connection.executemany(
                    "INSERT INTO words (rowid, text, session) VALUES (?, ?, ?)",
                    [row for row in rows if row[1]],
                )
                connection.execute("UPDATE place SET last = ?", (rows[-1][0],))
        return True

    def _newest(self) -> int:
        """The highest number that the store ever gave to an entry."""
        with self._store.snapshot() as store:
            row = store.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
        return 0 if row is None else int(row[0])

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("The store of sessions was closed.", kind="closed")
        if self._connection is not None:
            return self._connection
        private_file(self._path)
        connection = patiently(lambda: connect(self._path))
        try:
            # It can be made anew, so its last moments may be lost with the machine's power.
            connection.execute("PRAGMA synchronous = NORMAL")
            patiently(lambda: _prepare(connection))
        except BaseException:
            connection.close()
            raise
        self._connection, self._readers = connection, Readers(self._path)
        return connection

    def _shut(self) -> None:
        connection, self._connection = self._connection, None
        readers, self._readers = self._readers, None
        if readers is not None:
            readers.close()
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def index_text(words: str) -> str:
    """Words as the index takes them; the same for taking in and for taking out."""
    return indexable(words[:_LONGEST])


def drop_traces(connection: sqlite3.Connection) -> None:
    """Rewrite an index of which much was taken out; until then its words only count for nothing.

    Nobody else may use it. Raises sqlite3.Error.
    """
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'traces'").fetchone():
        return
    (gone,) = connection.execute("SELECT coalesce(sum(count), 0) FROM traces").fetchone()
    (left,) = connection.execute("SELECT count(*) FROM words_docsize").fetchone()
    if gone * _WORTH >= left:
        with _transaction(connection):
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")
            connection.execute("DELETE FROM traces")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or make them anew for this version's needs."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == _VERSION:
        return
    with _transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:  # another program was quicker
            return
        connection.execute("DROP TABLE IF EXISTS words")
        connection.execute("DROP TABLE IF EXISTS place")
        # No copy of the texts: what is found is read from the store.
        connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (text, session, content = '',"
            " tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4')"
        )
        connection.execute("CREATE TABLE place (last INTEGER NOT NULL) STRICT")
        connection.execute("INSERT INTO place VALUES (0)")
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def _last(connection: sqlite3.Connection) -> int:
    """The number of the last entry that was taken in."""
    (last,) = connection.execute("SELECT last FROM place").fetchone()
    return int(last)


def _at_most(connection: sqlite3.Connection, part: str, limit: int) -> bool:
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)", (part, limit + 1)
    ).fetchone()
    return bool(count <= limit)


def _spelled(term: Term) -> str:
    # A single letter that goes on in every way would gather half of all words.
    goes_on = term.unfinished and len(term.words[-1]) > 1
    return f'text : "{" ".join(term.words)}"{" *" if goes_on else ""}'


def _is_broken(error: sqlite3.Error) -> bool:
    text = str(error)
    if "syntax error" in text:
        return False
    broken = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return primary_code(error) in broken or any(
        sign in text for sign in ("malformed", "no such table", "fts5", "vtable", "no such column")
    )
