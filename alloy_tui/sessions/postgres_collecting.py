"""Letting go of blobs on a PostgreSQL server that nobody needs any more, while nobody uses it.

Owns being alone for as long as it takes: programs that write hold a lock of which
this takes all. What died on another machine cannot be told from what is only away,
so its sessions count as in use until it comes back or they were not used for long.
An end at any moment loses nothing that is needed, as in `collecting`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import psycopg

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions import postgres_reading as reading
from alloy_tui.sessions import postgres_rows as rows
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.postgres_schema import OPEN, Connection
from alloy_tui.sessions.postgres_server import Server
from alloy_tui.sessions.store import Collected, Needed

_HANDFUL = 200
_BRIEFLY = 200
"""How many marks are read before it is asked whether to go on."""
_GONE_MS = 30 * 24 * 3_600_000


class _EnoughError(Exception):
    """There was enough before it was known what is needed."""


def collect(server: Server, needed: Needed, enough: Callable[[], bool]) -> Collected:
    """Erase the blobs that were put and are not `needed`; see `KeptBlobs`."""
    try:
        with server.connect() as connection, _alone(connection):
            try:
                gone = _unneeded(connection, needed, enough)
            except _EnoughError:
                return Collected(whole=False)
            return _drop(connection, gone, enough)
    except psycopg.Error as error:
        raise server.explain(error, done="nothing was erased") from error


@contextmanager
def _alone(connection: Connection) -> Generator[None]:
    """Nobody begins to write meanwhile. Raises StoreError "busy" where somebody may."""
    # A program that has just ended may take a moment to be gone for the server.
    connection.execute("SET lock_timeout = '300ms'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (OPEN,))
    except psycopg.errors.LockNotAvailable as error:
        raise _busy() from error
    for session, dead in rows.owned_sessions(connection):
        (info,) = reading.infos(connection, session=session)
        if not dead and wall_clock_ms() - info.updated_ms < _GONE_MS:
            raise _busy()
    yield  # the lock goes with the connection


def _busy() -> StoreError:
    return StoreError("The sessions on the database server are in use.", kind="busy")


def _unneeded(
    connection: Connection, needed: Needed, enough: Callable[[], bool]
) -> list[tuple[str, int]]:
    """The blobs to erase, with their sizes, as of one moment."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        held = connection.execute(
            "SELECT address, octet_length(data) FROM blobs WHERE held"
        ).fetchall()
        if not held:
            return []

        def marks() -> Iterator[Entry]:
            for number, entry in enumerate(reading.marks(connection)):
                if number % _BRIEFLY == 0 and enough():
                    raise _EnoughError
                yield entry

        kept = needed(marks(), lambda name: reading.blob(connection, name))
        gone = [(str(name), int(size)) for name, size in held if name not in kept]
        referred = rows.referred(connection) if gone else set[str]()
    return [(name, size) for name, size in gone if name not in referred]


def _drop(
    connection: Connection, gone: list[tuple[str, int]], enough: Callable[[], bool]
) -> Collected:
    erased = size = 0
    for start in range(0, len(gone), _HANDFUL):
        if enough():
            break
        handful = gone[start : start + _HANDFUL]
        names = [name for name, _ in handful]
        connection.execute("DELETE FROM blobs WHERE address = ANY(%s)", (names,))
        erased += len(handful)
        size += sum(bytes_ for _, bytes_ in handful)
    return Collected(erased, size, whole=erased == len(gone))
