"""Connections to a store's file: how one is opened, and a pool of those that read.

Owns the pragmas and the patience with other programs. Must not know any table
but through `schema.migrate`.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.faults import explain, is_locked

_T = TypeVar("_T")

PATIENCE_S = 60.0
"""How long to wait for another program before saying so, in seconds."""
_BUSY_TIMEOUT_S = 5.0


def connect(path: Path, *, reading: bool = False) -> sqlite3.Connection:
    """A connection with our promises set; the file must exist.

    Transactions are begun by hand. May be used by any thread, one at a time.
    Raises sqlite3.Error.
    """
    inode = path.stat().st_ino if path.exists() else None
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        if path.stat().st_ino != inode:
            # A repair put another file in its place while we waited for it.
            moved = sqlite3.OperationalError("the file was replaced")
            moved.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise moved
        # An acknowledgement means that the disk has it: NORMAL would not wait for that.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        connection.execute("PRAGMA cell_size_check = ON")  # find damage before it is believed
        if reading:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def patiently(work: Callable[[], _T], *, patience_s: float = PATIENCE_S) -> _T:
    """Do `work` again and again while another program is in the way. Raises what it raises last."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return work()
        except sqlite3.Error as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 -- spreads rivals, hides nothing


class SqliteFile:
    """The file of a store as a `writer.Medium`."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self._path = path

    def connect(self) -> sqlite3.Connection:
        """See `Medium.connect`."""
        return connect(self._path)

    def is_broken(self, connection: sqlite3.Connection) -> bool:  # noqa: ARG002 -- the protocol's
        """See `Medium.is_broken`."""
        return False

    def begin(self, connection: sqlite3.Connection) -> None:
        """See `Medium.begin`."""
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: sqlite3.Connection) -> None:
        """See `Medium.commit`."""
        connection.execute("COMMIT")

    def rollback(self, connection: sqlite3.Connection) -> None:
        """See `Medium.rollback`."""
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def run(self, connection: sqlite3.Connection, statement: str) -> None:
        """See `Medium.run`."""
        connection.execute(statement)

    def close(self, connection: sqlite3.Connection) -> None:
        """See `Medium.close`."""
        with suppress(sqlite3.Error):
            connection.close()

    def patiently(self, work: Callable[[], _T]) -> _T:
        """See `Medium.patiently`."""
        return patiently(work)

    def explain(self, error: BaseException) -> StoreError:
        """See `Medium.explain`."""
        return explain(error, self._path)


class Readers:
    """Connections for reading, made as they are needed and used again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def snapshot(self) -> Generator[sqlite3.Connection]:
        """A connection in a read transaction: all that is read belongs to one moment.

        Raises StoreError in place of SQLite's errors, also for the block's own.
        """
        try:
            connection = self._take()
        except (sqlite3.Error, OSError) as error:
            raise explain(error, self._path) from error
        try:
            patiently(lambda: self._begin(connection))
            yield connection
        except sqlite3.Error as error:
            raise explain(error, self._path) from error
        finally:
            self._give(connection)

    def close(self) -> None:
        """Close those that are idle now and the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @staticmethod
    def _begin(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        try:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.Error:
            connection.execute("ROLLBACK")
            raise

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreError("The store of sessions was closed.", kind="closed")
            if self._idle:
                return self._idle.pop()
        return patiently(lambda: connect(self._path, reading=True))

    def _give(self, connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with self._lock:
                if not self._closed and len(self._idle) < 4:
                    self._idle.append(connection)
                    return
        connection.close()
