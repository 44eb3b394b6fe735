"""The tables of a store, and how an older store becomes one of today.

Owns the definitions and the migrations. `entries` alone is the truth: each row
holds one encoded entry, says which session it is of and carries a checksum;
`nodes` (the shape, for opening fast), `sessions` and `ledger` repeat what
entries say and can be made anew from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.private import draft_of, free_name, give_name, private_file

Step: TypeAlias = Callable[[sqlite3.Connection], None]

APPLICATION_ID = 0x416C4C79  # "AlLy"

_TABLES = """
CREATE TABLE sessions (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    title BLOB NOT NULL,
    preview BLOB NOT NULL,
    cwd BLOB NOT NULL,
    agent BLOB NOT NULL,
    from_session TEXT,
    from_node TEXT,
    deleted_ms INTEGER
) STRICT;
CREATE TABLE entries (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    crc INTEGER NOT NULL,
    packed INTEGER NOT NULL,
    refs TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE nodes (
    session INTEGER NOT NULL REFERENCES sessions (key),
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    parent INTEGER NOT NULL,
    kind TEXT NOT NULL,
    flags INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    entry INTEGER NOT NULL REFERENCES entries (key),
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX nodes_by_id ON nodes (session, id);
CREATE INDEX nodes_by_entry ON nodes (entry);
CREATE INDEX marks ON nodes (session, seq, entry) WHERE flags & 2;
CREATE TABLE blobs (
    key INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    held INTEGER NOT NULL DEFAULT 0,
    packed INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE ledger (
    entry INTEGER PRIMARY KEY REFERENCES entries (key),
    session INTEGER NOT NULL REFERENCES sessions (key),
    node TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    agent BLOB NOT NULL,
    model BLOB NOT NULL,
    usage TEXT NOT NULL,
    cost REAL
) STRICT;
CREATE INDEX ledger_by_session ON ledger (session);
CREATE TABLE partials (
    session INTEGER NOT NULL REFERENCES sessions (key),
    id TEXT NOT NULL,
    packed INTEGER NOT NULL,
    refs TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (session, id)
) STRICT;
CREATE TABLE purged (session TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE owners (
    session INTEGER PRIMARY KEY REFERENCES sessions (key),
    token TEXT NOT NULL,
    pid INTEGER NOT NULL,
    boot TEXT NOT NULL,
    started TEXT NOT NULL,
    space TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT;
"""


def _first(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)


STEPS: Sequence[Step] = (_first,)
"""Step n turns a store of version n into one of version n + 1."""


def migrate(
    connection: sqlite3.Connection, path: Path, steps: Sequence[Step] | None = None
) -> None:
    """Bring the store at `path` up to date, all steps or none; a copy of an old one is kept.

    Programs that start at the same moment wait for one another. `steps` are
    `STEPS` when not given. Raises StoreError "newer" for a store of a later
    version, sqlite3.Error otherwise.
    """
    steps = STEPS if steps is None else steps
    if _version(connection, path, len(steps)) == len(steps):
        return
    if (before := _version(connection, path, len(steps))) > 0:
        keep_copy(connection, path, f"v{before}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path, len(steps))  # another program may have been quicker
        for step in steps[version:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def keep_copy(connection: sqlite3.Connection, path: Path, mark: str) -> Path:
    """Copy the store, as of now and consistent, beside itself; its name says `mark`."""
    target = free_name(path.with_name(f"{path.stem}.{mark}{path.suffix}"))
    draft = draft_of(target)
    private_file(draft)
    with closing(sqlite3.connect(draft)) as copy:
        connection.backup(copy)
    give_name(draft, target)
    return target


def _version(connection: sqlite3.Connection, path: Path, known: int) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > known:
        raise StoreError(
            f"{path} was written by a newer version of Alloy.",
            kind="newer",
            hint="Update Alloy, or set ALLOY_HOME to another folder.",
        )
    return int(version)
