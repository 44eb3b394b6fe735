"""The store on a PostgreSQL server, as `store.SessionStore` promises; the extra `postgres`.

Owns how the parts work together: the thread that writes (`writer`, through
`postgres_server.Pen`), the connections that read, and hearing of what others
store. Must not know a statement on a table; those are `postgres_rows`' and
`postgres_reading`'s. "On disk" means what the server means by it: its own
settings (`fsync`) may take that promise away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

import psycopg

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions import postgres_reading as reading
from alloy_tui.sessions import postgres_rows as rows
from alloy_tui.sessions import postgres_schema as schema
from alloy_tui.sessions.contents import address, lay_down, pack
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.postgres_collecting import collect
from alloy_tui.sessions.postgres_schema import Connection
from alloy_tui.sessions.postgres_server import Pen, Readers, Server
from alloy_tui.sessions.rows import packed, unknown
from alloy_tui.sessions.snippets import terms
from alloy_tui.sessions.store import (
    Claim,
    Collected,
    Hit,
    KeptBlobs,
    Needed,
    Owner,
    SessionInfo,
    Spent,
)
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.writer import Writer

_T = TypeVar("_T")
# The first that tells what became of a transaction whose connection was lost.
_OLDEST = 130_000
_ENCODINGS = ("UTF8", "SQL_ASCII")


class PostgresStore:
    """A `SessionStore` on a server; programs of several machines may share it.

    The address leads to the server itself, or to a pooler that keeps one
    connection for a session: locks and notices belong to connections.

    Opening makes the tables, in a schema of their own, and brings older ones up
    to date. Raises StoreError: "access", "io", "newer", "busy", "full".
    """

    def __init__(self, url: Secret, *, schema: str = "alloy") -> None:
        self._server = Server(url, schema)
        self._prepare()
        self._lock = threading.Lock()
        self._readers = Readers(self._server)
        self._ear: Connection | None = None
        self._heard = 0
        self._claims: set[str] = set()
        self._closed = False
        self._pen = Pen(self._server)
        self._writer = Writer(self._pen)

    def create(self, session: str, entries: Sequence[Entry]) -> Future[str]:
        """See `SessionStore.create`."""
        laid = [lay_down(entry) for entry in entries]

        def prepare() -> Callable[[Connection], str]:
            made = [rows.prepared(each) for each in laid]

            def job(connection: Connection) -> str:
                key = rows.add_session(connection, session, made)
                return rows.take(connection, key, self._pen.life)

            return job

        return self._claimed(self._writer.submit_prepared(prepare), lambda token: token)

    def append(self, session: str, entries: Sequence[Entry], token: str) -> Future[None]:
        """See `SessionStore.append`."""
        laid = [lay_down(entry) for entry in entries]

        def prepare() -> Callable[[Connection], None]:
            made = [rows.prepared(each) for each in laid]

            def job(connection: Connection) -> None:
                rows.add_entries(connection, rows.writable_key(connection, session, token), made)

            return job

        return self._writer.submit_prepared(prepare)

    def put_partial(self, session: str, entry: Entry, token: str) -> Future[None]:
        """See `SessionStore.put_partial`."""
        laid = lay_down(entry)

        def prepare() -> Callable[[Connection], None]:
            made = packed(laid)

            def job(connection: Connection) -> None:
                rows.put_partial(connection, rows.writable_key(connection, session, token), made)

            return job

        return self._writer.submit_prepared(prepare)

    def drop_partial(self, session: str, node: str, token: str) -> Future[None]:
        """See `SessionStore.drop_partial`."""

        def job(connection: Connection) -> None:
            rows.drop_partial(connection, rows.writable_key(connection, session, token), node)

        return self._writer.submit(job)

    def partials(self, session: str) -> tuple[Entry, ...]:
        """See `SessionStore.partials`."""
        return self._of(session, reading.partials)

    def sessions(
        self,
        *,
        cwd: str | None = None,
        deleted: bool = False,
        from_session: str | None = None,
        limit: int = 1000,
    ) -> tuple[SessionInfo, ...]:
        """See `SessionStore.sessions`."""
        asked = {"cwd": cwd, "from_session": from_session}
        with self._readers.snapshot() as connection:
            return reading.infos(connection, **asked, deleted=deleted, limit=limit)

    def session(self, session: str) -> SessionInfo:
        """See `SessionStore.session`."""
        with self._readers.snapshot() as connection:
            found = reading.infos(connection, session=session)
        if not found:
            raise unknown(session)
        return found[0]

    def tree(self, session: str) -> SessionTree:
        """See `SessionStore.tree`."""
        return self._of(session, reading.tree)

    def read(self, session: str, nodes: Sequence[str]) -> tuple[Entry, ...]:
        """See `SessionStore.read`."""
        found = self._of(session, lambda c, key: reading.entries(c, key, nodes))
        missing = next((n for n in nodes if n not in found), None)
        if missing is not None:
            raise StoreError(f"The session has no node {missing}.", kind="unknown")
        return tuple(found[n] for n in nodes)

    def since(self, session: str, count: int) -> tuple[Entry, ...]:
        """See `SessionStore.since`."""
        return self._of(session, lambda c, key: reading.since(c, key, count))

    def put_blob(self, data: bytes) -> Future[str]:
        """See `SessionStore.put_blob`."""

        def prepare() -> Callable[[Connection], str]:
            name, (kept, less) = address(data), pack(data)

            def job(connection: Connection) -> str:
                rows.add_blobs(connection, [(name, less, kept)], held=True)
                return name

            return job

        return self._writer.submit_prepared(prepare)

    def blob(self, address: str) -> bytes | None:
        """See `SessionStore.blob`."""
        with self._readers.snapshot() as connection:
            return reading.blob(connection, address)

    @property
    def kept_blobs(self) -> KeptBlobs:
        """See `SessionStore.kept_blobs`."""
        return KeptBlobs(self._addresses, self._drop, self._collect)

    def search(self, query: str, *, session: str | None = None, limit: int = 20) -> tuple[Hit, ...]:
        """See `SessionStore.search`."""
        wanted = terms(query)
        if not wanted:
            return ()
        with self._readers.snapshot() as connection:
            return reading.search(connection, wanted, session, limit)

    def spent(self, *, session: str | None = None, since_ms: int = 0) -> tuple[Spent, ...]:
        """See `SessionStore.spent`."""
        with self._readers.snapshot() as connection:
            return reading.spent(connection, session, since_ms)

    def claim(self, session: str) -> Future[Claim]:
        """See `SessionStore.claim`."""
        future = self._writer.submit(lambda c: rows.claim(c, session, self._pen.life))
        return self._claimed(future, lambda claim: claim.token)

    def release(self, token: str) -> Future[None]:
        """See `SessionStore.release`."""
        with self._lock:
            self._claims.discard(token)
        return self._writer.submit(lambda c: rows.release(c, token))

    @property
    def owners(self) -> Callable[[], Mapping[str, Owner]]:
        """See `SessionStore.owners`."""
        return self._owners

    def version(self) -> int:
        """See `SessionStore.version`; one round trip brings what the server has to tell."""
        try:
            with self._lock:
                try:
                    self._listen()
                except psycopg.Error:  # the server was restarted: listen anew, once
                    self._listen()
                return self._heard
        except psycopg.Error as error:
            raise self._server.explain(error, done="nothing was read") from error

    def delete(self, *sessions: str, at_ms: int | None) -> Future[None]:
        """See `SessionStore.delete`."""
        return self._writer.submit(lambda c: rows.set_deleted(c, sessions, at_ms))

    def purge(self, *sessions: str) -> Future[None]:
        """See `SessionStore.purge`."""
        return self._writer.submit(lambda c: rows.purge(c, sessions))

    def close(self) -> None:
        """See `SessionStore.close`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            claims, self._claims = self._claims, set()
            ear, self._ear = self._ear, None
        for token in claims:
            self._writer.submit(lambda c, token=token: rows.release(c, token))
        self._writer.close()
        self._readers.close()
        if ear is not None:
            ear.close()

    def _owners(self) -> dict[str, Owner]:
        with self._readers.snapshot() as connection:
            return rows.living(connection, self._pen.life)

    def _collect(self, needed: Needed, enough: Callable[[], bool]) -> Collected:
        self.close()
        return collect(self._server, needed, enough)

    def _addresses(self) -> frozenset[str]:
        with self._readers.snapshot() as connection:
            return reading.held_blobs(connection)

    def _drop(self, addresses: Collection[str]) -> Future[None]:
        return self._writer.submit(lambda c: rows.drop_held_blobs(c, list(addresses)))

    def _prepare(self) -> None:
        """Make the tables what they must be. Raises StoreError."""
        try:
            with self._server.connect() as connection:
                version = connection.info.server_version
                if version < _OLDEST:
                    raise StoreError(
                        f"{self._server.name} is of PostgreSQL {version // 10_000}.",
                        kind="access",
                        hint=f"Use a server of version {_OLDEST // 10_000} or later.",
                    )
                (encoding,) = connection.execute("SHOW server_encoding").fetchone() or ("",)
                if encoding not in _ENCODINGS:
                    raise StoreError(
                        f"{self._server.name} keeps its texts as {encoding}.",
                        kind="access",
                        hint="Create one with ENCODING 'UTF8'.",
                    )
                schema.migrate(connection, self._server.schema)
        except psycopg.Error as error:
            raise self._server.explain(error, done="no session could be opened") from error

    def _of(self, session: str, ask: Callable[[Connection, int], _T]) -> _T:
        """Read something of one session."""
        with self._readers.snapshot() as connection:
            return ask(connection, reading.key_of(connection, session))

    def _listen(self) -> None:
        """Hear what came since the last time; a new connection counts, for it missed some."""
        if self._closed:
            raise StoreError("The store of sessions was closed.", kind="closed")
        if self._ear is None:
            ear = self._server.connect()
            ear.add_notify_handler(self._count)
            ear.execute("LISTEN alloy_stored")
            self._ear, self._heard = ear, self._heard + 1
        try:
            self._ear.execute("SELECT")
        except psycopg.Error:
            with suppress(psycopg.Error):
                self._ear.close()
            self._ear = None
            raise

    def _count(self, _: psycopg.Notify) -> None:
        self._heard += 1

    def _claimed(self, future: Future[_T], token_of: Callable[[_T], str | None]) -> Future[_T]:
        """Remember a claim that was granted, to release it at the end."""

        def remember(done: Future[_T]) -> None:
            if done.exception() is None and (token := token_of(done.result())) is not None:
                with self._lock:
                    self._claims.add(token)

        future.add_done_callback(remember)
        return future
