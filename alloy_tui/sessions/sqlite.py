"""The store in one folder of this machine: SQLite, as `store.SessionStore` promises.

Owns how the parts work together: one thread that writes (`writer`), a pool of
connections that read (`connecting`), the search index (`search`), and reading
around damage (`recovery`). Must not know a statement; those are `rows`',
`reading`'s and `ownership`'s.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions import alone, logs, ownership, reading, recovery, rows, schema
from alloy_tui.sessions.collecting import collect
from alloy_tui.sessions.connecting import Readers, SqliteFile, connect, patiently
from alloy_tui.sessions.contents import address, lay_down, pack
from alloy_tui.sessions.faults import explain
from alloy_tui.sessions.finding import held_by, hits
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.private import private_file, private_folder
from alloy_tui.sessions.search import SearchIndex
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

FILE = "sessions.db"
INDEX = "search.db"


class SqliteStore:
    """A `SessionStore` in a folder; programs may share it. See `store` for the contract.

    Opening makes the folder and its files (0700, 0600) and brings an older store
    up to date. Raises StoreError: "access", "newer", "damaged", "full", "busy".
    """

    def __init__(self, folder: Path) -> None:
        self.path = private_folder(folder.absolute()) / FILE
        self.kept: Path | None = None
        """A copy that opening kept because the store's log was broken; None if all was well."""
        first_here = alone.opened(self.path)
        try:
            self._watch: sqlite3.Connection | None = self._prepare(first_here)
        except BaseException as error:
            alone.closed(self.path)
            if isinstance(error, sqlite3.Error | OSError):
                raise explain(error, self.path) from error
            raise
        self._lock = threading.Lock()
        self._readers = Readers(self.path)
        self._index = SearchIndex(self.path.with_name(INDEX), self._readers)
        self._claims: dict[str, str] = {}  # session by token
        self._closed = False
        self._writer = Writer(SqliteFile(self.path))

    def create(self, session: str, entries: Sequence[Entry]) -> Future[str]:
        """See `SessionStore.create`."""
        laid = [lay_down(entry) for entry in entries]

        def prepare() -> Callable[[sqlite3.Connection], str]:
            packed = [rows.packed(each) for each in laid]

            def job(connection: sqlite3.Connection) -> str:
                key = rows.add_session(connection, session, packed)
                return ownership.take(connection, key)

            return job

        return self._claimed(session, self._writer.submit_prepared(prepare), lambda token: token)

    def append(self, session: str, entries: Sequence[Entry], token: str) -> Future[None]:
        """See `SessionStore.append`."""
        laid = [lay_down(entry) for entry in entries]

        def prepare() -> Callable[[sqlite3.Connection], None]:
            packed = [rows.packed(each) for each in laid]

            def job(connection: sqlite3.Connection) -> None:
                key = rows.writable_key(connection, session, token)
                rows.add_entries(connection, key, session, packed)

            return job

        future = self._writer.submit_prepared(prepare)
        future.add_done_callback(lambda _: self._index.poke())
        return future

    def put_partial(self, session: str, entry: Entry, token: str) -> Future[None]:
        """See `SessionStore.put_partial`."""
        laid = lay_down(entry)

        def prepare() -> Callable[[sqlite3.Connection], None]:
            packed = rows.packed(laid)

            def job(connection: sqlite3.Connection) -> None:
                rows.put_partial(connection, rows.writable_key(connection, session, token), packed)

            return job

        return self._writer.submit_prepared(prepare)

    def drop_partial(self, session: str, node: str, token: str) -> Future[None]:
        """See `SessionStore.drop_partial`."""

        def job(connection: sqlite3.Connection) -> None:
            key = rows.writable_key(connection, session, token)
            rows.drop_partial(connection, key, node)

        return self._writer.submit(job)

    def partials(self, session: str) -> tuple[Entry, ...]:
        """See `SessionStore.partials`."""

        def none_left(connection: sqlite3.Connection) -> tuple[Entry, ...]:
            recovery.remains(connection, session)  # says so if the session is unknown
            return ()

        return self._reading(lambda c: reading.partials(c, rows.key_of(c, session)), none_left)

    def sessions(
        self,
        *,
        cwd: str | None = None,
        deleted: bool = False,
        from_session: str | None = None,
        limit: int = 1000,
    ) -> tuple[SessionInfo, ...]:
        """See `SessionStore.sessions`."""

        def remains(connection: sqlite3.Connection) -> tuple[SessionInfo, ...]:
            found = recovery.infos(connection)
            kept = (i for i in found if (i.deleted_ms is not None) == deleted)
            kept = (i for i in kept if from_session in (None, i.from_session))
            return tuple(i for i in kept if cwd in (None, i.cwd))[:limit]

        asked = {"cwd": cwd, "from_session": from_session}
        return self._reading(
            lambda c: reading.infos(c, **asked, deleted=deleted, limit=limit), remains
        )

    def session(self, session: str) -> SessionInfo:
        """See `SessionStore.session`."""
        found = self._reading(
            lambda c: reading.infos(c, session=session),
            lambda c: tuple(i for i in recovery.infos(c) if i.id == session),
        )
        if not found:
            raise rows.unknown(session)
        return found[0]

    def tree(self, session: str) -> SessionTree:
        """See `SessionStore.tree`."""
        return self._reading(
            lambda c: reading.tree(c, rows.key_of(c, session)),
            lambda c: recovery.tree_of(recovery.remains(c, session)),
        )

    def read(self, session: str, nodes: Sequence[str]) -> tuple[Entry, ...]:
        """See `SessionStore.read`."""

        def whole(connection: sqlite3.Connection) -> dict[str, Entry]:
            found = reading.entries(connection, rows.key_of(connection, session), nodes)
            if len(found) < len(set(nodes)):
                raise reading.Unsound  # or an id that never was: the long way tells
            return found

        def remains(connection: sqlite3.Connection) -> dict[str, Entry]:
            return {e.id: e for e in recovery.remains(connection, session)}

        found = self._reading(whole, remains)
        missing = next((n for n in nodes if n not in found), None)
        if missing is not None:
            raise StoreError(f"The session has no node {missing}.", kind="unknown")
        return tuple(found[n] for n in nodes)

    def since(self, session: str, count: int) -> tuple[Entry, ...]:
        """See `SessionStore.since`."""
        return self._reading(
            lambda c: reading.since(c, rows.key_of(c, session), count),
            lambda c: tuple(recovery.remains(c, session)[count:]),
        )

    def put_blob(self, data: bytes) -> Future[str]:
        """See `SessionStore.put_blob`."""

        def prepare() -> Callable[[sqlite3.Connection], str]:
            name, (kept, packed) = address(data), pack(data)

            def job(connection: sqlite3.Connection) -> str:
                rows.hold_blob(connection, (name, packed, kept))
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
        found = self._index.find(wanted, session)
        with self._readers.snapshot() as connection:
            return hits(held_by(connection), found, wanted, limit)

    def spent(self, *, session: str | None = None, since_ms: int = 0) -> tuple[Spent, ...]:
        """See `SessionStore.spent`."""
        return self._reading(
            lambda c: reading.spent(c, session, since_ms),
            lambda c: recovery.spent(c, session, since_ms),
        )

    def claim(self, session: str) -> Future[Claim]:
        """See `SessionStore.claim`."""
        future = self._writer.submit(lambda c: ownership.claim(c, session))
        return self._claimed(session, future, lambda claim: claim.token)

    def release(self, token: str) -> Future[None]:
        """See `SessionStore.release`."""
        with self._lock:
            self._claims.pop(token, None)
        return self._writer.submit(lambda c: ownership.release(c, token))

    @property
    def owners(self) -> Callable[[], Mapping[str, Owner]]:
        """See `SessionStore.owners`; a store too damaged to tell knows of nobody."""
        return lambda: self._reading(ownership.living, lambda _: dict[str, Owner]())

    def version(self) -> int:
        """See `SessionStore.version`."""
        try:
            with self._lock:
                if self._watch is None:
                    self._watch = patiently(lambda: connect(self.path, reading=True))
                (number,) = self._watch.execute("PRAGMA data_version").fetchone()
                return int(number)
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def delete(self, *sessions: str, at_ms: int | None) -> Future[None]:
        """See `SessionStore.delete`."""
        return self._writer.submit(lambda c: rows.set_deleted(c, sessions, at_ms))

    def purge(self, *sessions: str) -> Future[None]:
        """See `SessionStore.purge`."""

        def prepare() -> Callable[[sqlite3.Connection], None]:
            with self._readers.snapshot() as connection:
                texts = [text for each in sessions for text in recovery.texts(connection, each)]
            self._index.forget(texts)
            return lambda c: rows.purge(c, sessions)

        return self._writer.submit_prepared(prepare)

    def close(self) -> None:
        """See `SessionStore.close`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            claims, self._claims = self._claims, {}
        for token in claims:
            self._writer.submit(lambda c, token=token: ownership.release(c, token))
        self._writer.close()
        self._index.close()
        with self._lock:
            watch, self._watch = self._watch, None
        if watch is not None:
            with suppress(sqlite3.Error):
                watch.close()
        self._readers.close()
        alone.closed(self.path)

    def _collect(self, needed: Needed, enough: Callable[[], bool]) -> Collected:
        self.close()
        return collect(self.path, needed, enough=enough)

    def _addresses(self) -> frozenset[str]:
        with self._readers.snapshot() as connection:
            return reading.held_blobs(connection)

    def _drop(self, addresses: Collection[str]) -> Future[None]:
        return self._writer.submit(lambda c: rows.drop_held_blobs(c, addresses))

    def _prepare(self, first_here: bool) -> sqlite3.Connection:
        """Make the file what it must be. Raises sqlite3.Error, OSError, StoreError.

        The connection that it returns stays: by it others see that the store is open.
        """
        private_file(self.path)
        if first_here:
            self.kept = logs.set_stale_aside(self.path)
        with closing(patiently(lambda: connect(self.path))) as first:
            patiently(lambda: schema.migrate(first, self.path))
            if first_here:
                self.kept = logs.keep_if_torn(first, self.path) or self.kept
        # Another one: looking at the log's files undid the locks that the first one had on them.
        return patiently(lambda: connect(self.path, reading=True))

    def _reading(
        self,
        quick: Callable[[sqlite3.Connection], _T],
        around: Callable[[sqlite3.Connection], _T],
    ) -> _T:
        """Read quickly; when that meets damage, read around it."""
        with self._readers.snapshot() as connection:
            try:
                return quick(connection)
            except recovery.DAMAGE as error:
                if isinstance(error, StoreError) and error.kind == "newer":
                    raise
            return around(connection)

    def _claimed(
        self, session: str, future: Future[_T], token_of: Callable[[_T], str | None]
    ) -> Future[_T]:
        """Remember a claim that was granted, to release it at the end."""

        def remember(done: Future[_T]) -> None:
            if done.exception() is None and (token := token_of(done.result())) is not None:
                with self._lock:
                    self._claims[token] = session
            self._index.poke()

        future.add_done_callback(remember)
        return future
