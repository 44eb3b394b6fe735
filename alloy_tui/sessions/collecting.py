"""Letting go of blobs that nobody needs any more, while no program has the store open.

Owns being alone for as long as it takes, and that an end at any moment loses
nothing that is needed: what is unneeded is known before the first blob goes, and
each handful goes in a transaction of its own. What is needed of the blobs that
were put for their own sake, the caller says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions import reading, rows, schema
from alloy_tui.sessions.faults import explain, primary_code
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.store import Collected, Needed

_HANDFUL = 200
_STEPS = 20_000
"""After so many steps of SQLite's machine, milliseconds, it is asked whether to go on."""


def collect(path: Path, needed: Needed, *, enough: Callable[[], bool] = bool) -> Collected:
    """Erase the blobs of the store at `path` that were put and are not `needed`.

    Ends early when there was `enough`. Raises StoreError: "busy" when a program,
    this one included, has the store open, "damaged" when it cannot be told what
    is needed; nothing was erased then. What `needed` raises passes through.
    """
    try:
        with undisturbed(path) as connection:
            connection.set_progress_handler(enough, _STEPS)
            try:
                gone = _unneeded(connection, needed)
            except sqlite3.OperationalError as error:
                if primary_code(error) == sqlite3.SQLITE_INTERRUPT:
                    return Collected(whole=False)
                raise
            connection.set_progress_handler(None, 0)
            return _drop(connection, gone, enough)
    except (sqlite3.Error, OSError, reading.Unsound) as error:
        raise explain(error, path) from error


@contextmanager
def undisturbed(path: Path) -> Generator[sqlite3.Connection]:
    """A connection to the store beside which there can be no other.

    Raises StoreError "busy" and "newer", sqlite3.Error.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    log = path.with_name(f"{path.name}-wal")
    # A log that was left behind is looked at when the store is opened in the usual way.
    if log.exists() and log.stat().st_size:
        raise StoreError(f"{path} is in use, or was not closed.", kind="busy")
    with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as connection:
        # Before anything is read: SQLite then takes the whole file for as long as we have it.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA cell_size_check = ON")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != len(schema.STEPS):
            raise StoreError(f"{path} is of another version.", kind="newer")
        yield connection


def _unneeded(connection: sqlite3.Connection, needed: Needed) -> list[tuple[str, int]]:
    """The blobs to erase, with their sizes. Raises Unsound, StoreError "damaged"."""
    held = connection.execute("SELECT address, length(data) FROM blobs WHERE held").fetchall()
    if not held:
        return []
    counts = ("SELECT count(*) FROM entries", "SELECT count(*) FROM nodes")
    of_entries, of_nodes = (connection.execute(each).fetchone()[0] for each in counts)
    if of_entries != of_nodes:
        raise reading.Unsound  # there may be marks that are not found
    kept = needed(_marks(connection), lambda name: reading.blob(connection, name))
    gone = [(name, size) for name, size in held if name not in kept]
    referred = rows.referred(connection) if gone else set[str]()
    return [(name, size) for name, size in gone if name not in referred]


def _marks(connection: sqlite3.Connection) -> Iterator[Entry]:
    found = connection.execute(
        "SELECT e.crc, e.packed, e.refs, e.body FROM nodes n JOIN entries e ON e.key = n.entry"
        " WHERE n.flags & 2"
    )
    for row in found:
        yield reading.entry_from(connection, row)


def _drop(
    connection: sqlite3.Connection, gone: list[tuple[str, int]], enough: Callable[[], bool]
) -> Collected:
    erased = size = 0
    for start in range(0, len(gone), _HANDFUL):
        if enough():
            break
        handful = gone[start : start + _HANDFUL]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "DELETE FROM blobs WHERE address = ?", [(name,) for name, _ in handful]
        )
        connection.execute("COMMIT")
        erased += len(handful)
        size += sum(bytes_ for _, bytes_ in handful)
    return Collected(erased, size, whole=erased == len(gone))
