"""The tables of a store on a PostgreSQL server, and how older ones become those of today.

Owns the definitions and the migrations. All tables stand in one schema of the
database. `entries` alone is the truth, as in `schema`; the other tables repeat
what entries say, but for `blobs`, `partials` and `owners`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

from alloy_tui.domain.errors import StoreError

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
Step: TypeAlias = Callable[[Connection], None]

MIGRATING, BLOBS, OPEN = 0x416C6C79_0001, 0x416C6C79_0002, 0x416C6C79_0003
"""Advisory locks: of whoever migrates; shared by those who add blobs, held to drop some; shared
by all who write, held by whoever has to be alone."""

# Texts of people are bytes: a server's text can hold neither NUL nor lone surrogates.
_TABLES = """
CREATE TABLE sessions (
    key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    title BYTEA NOT NULL,
    preview BYTEA NOT NULL,
    cwd BYTEA NOT NULL,
    agent BYTEA NOT NULL,
    from_session TEXT,
    from_node TEXT,
    deleted_ms BIGINT
);
CREATE TABLE entries (
    key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session BIGINT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    parent INTEGER NOT NULL,
    kind TEXT NOT NULL,
    flags SMALLINT NOT NULL,
    at_ms BIGINT NOT NULL,
    crc BIGINT NOT NULL,
    packed BOOLEAN NOT NULL,
    refs TEXT NOT NULL,
    body BYTEA NOT NULL,
    UNIQUE (session, seq),
    UNIQUE (session, id)
);
CREATE INDEX marks ON entries (session, seq) WHERE flags & 2 <> 0;
CREATE TABLE words (
    entry BIGINT PRIMARY KEY REFERENCES entries ON DELETE CASCADE,
    session BIGINT NOT NULL,
    loose SMALLINT NOT NULL,
    vector TSVECTOR NOT NULL
);
CREATE INDEX words_by_vector ON words USING gin (vector);
CREATE INDEX words_beyond ON words (entry) WHERE loose = 2;
CREATE TABLE blobs (
    address TEXT COLLATE "C" PRIMARY KEY,
    held BOOLEAN NOT NULL DEFAULT FALSE,
    packed BOOLEAN NOT NULL,
    data BYTEA NOT NULL
);
CREATE TABLE ledger (
    entry BIGINT PRIMARY KEY REFERENCES entries ON DELETE CASCADE,
    session BIGINT NOT NULL,
    node TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    agent BYTEA NOT NULL,
    model BYTEA NOT NULL,
    usage TEXT NOT NULL,
    cost DOUBLE PRECISION
);
CREATE INDEX ledger_by_session ON ledger (session);
CREATE TABLE partials (
    session BIGINT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    packed BOOLEAN NOT NULL,
    refs TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (session, id)
);
CREATE TABLE owners (
    session BIGINT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    token TEXT NOT NULL UNIQUE,
    life BIGINT NOT NULL,
    pid INTEGER NOT NULL,
    boot TEXT NOT NULL,
    started TEXT NOT NULL,
    space TEXT NOT NULL,
    since_ms BIGINT NOT NULL
);
"""


def _first(connection: Connection) -> None:
    connection.execute(_TABLES)


STEPS: Sequence[Step] = (_first,)
"""Step n turns a store of version n into one of version n + 1."""


def migrate(connection: Connection, name: str, steps: Sequence[Step] = STEPS) -> None:
    """Bring the store in the schema `name` up to date, all steps or none.

    The connection's search path leads there. Programs that start at the same
    moment wait for one another. Raises StoreError "newer" for a store of a
    later version, psycopg.Error otherwise.
    """
    if _version(connection, len(steps)) == len(steps):
        return
    # Before the transaction begins: a lock within it would not let us see tables made meanwhile.
    connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
    try:
        with connection.transaction():
            _advance(connection, name, steps)
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (MIGRATING,))


def _advance(connection: Connection, name: str, steps: Sequence[Step]) -> None:
    version = _version(connection, len(steps))  # another program may have been quicker
    if version == 0:
        # Asked first: to make what is there already needs a right that the user may lack.
        row = connection.execute("SELECT to_regnamespace(%s)", (f'"{name}"',)).fetchone()
        if row == (None,):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        connection.execute("CREATE TABLE version (number INTEGER NOT NULL)")
        connection.execute("INSERT INTO version VALUES (0)")
    for step in steps[version:]:
        step(connection)
    connection.execute("UPDATE version SET number = %s", (len(steps),))


def _version(connection: Connection, known: int) -> int:
    row = connection.execute("SELECT to_regclass('version')").fetchone()
    if row is None or row[0] is None:
        return 0
    found = connection.execute("SELECT number FROM version").fetchone()
    version = 0 if found is None else int(found[0])
    if version > known:
        raise StoreError(
            "The sessions on the database server were written by a newer version of Alloy.",
            kind="newer",
            hint="Update Alloy, or choose another store in the settings.",
        )
    return version
