"""A store that forgets: sessions live as long as the program, and nothing touches the disk.

Owns the reference for what `SessionStore` means, and conversations that shall
leave no trace. Its futures are done when they are returned.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from itertools import chain
from typing import Any, TypeVar

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.contents import address
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.nodes import SPOKEN, Billed, Entry, Opened, Renamed, is_prompt
from alloy_tui.sessions.owners import myself
from alloy_tui.sessions.ownership import interrupted
from alloy_tui.sessions.snippets import likeness, passage, terms
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
from alloy_tui.sessions.words import words_of

_T = TypeVar("_T")


class _Kept:
    """One session."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.tree = SessionTree()
        self.entries: dict[str, Entry] = {}
        self.partials: dict[str, Entry] = {}
        self.token: str | None = None
        self.since_ms = 0
        self.deleted_ms: int | None = None
        self.add(entries)

    def add(self, entries: Sequence[Entry]) -> None:
        """Add all or, with an error, none."""
        tree, fresh = self.tree, dict[str, Entry]()
        for entry in entries:
            known = self.entries.get(entry.id, fresh.get(entry.id))
            if known is not None and known != entry:
                raise StoreError(f"There is another node {entry.id}.", kind="conflict")
            if known is None:
                if entry.parent is not None and (
                    entry.parent not in tree or tree.is_mark(entry.parent)
                ):
                    raise StoreError(f"What {entry.id} follows is not there.", kind="conflict")
                tree = tree.add(entry)
                fresh[entry.id] = entry
        self.tree = tree
        self.entries.update(fresh)
        for name in fresh:
            self.partials.pop(name, None)

    def info(self, session: str) -> SessionInfo:
        """The session at a glance."""
        every = list(self.entries.values())
        opened = every[0].node
        assert isinstance(opened, Opened)
        titles = [e.node.title for e in every if isinstance(e.node, Renamed)]
        previews = (words_of(e.node) for e in every if is_prompt(e.node))
        return SessionInfo(
            session,
            every[0].at_ms,
            every[-1].at_ms,
            titles[-1] if titles else opened.title,
            next(filter(None, previews), "")[:200],
            opened.cwd,
            opened.agent,
            len(every),
            opened.from_session,
            opened.from_node,
            self.deleted_ms,
            sum(e.node.kind in SPOKEN for e in every),
        )


class MemoryStore:
    """A `SessionStore` without a disk. See `store` for the contract."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sessions: dict[str, _Kept] = {}
        self._blobs: dict[str, bytes] = {}
        self._version = 0
        self._closed = False

    def create(self, session: str, entries: Sequence[Entry]) -> Future[str]:
        """See `SessionStore.create`."""

        def work() -> str:
            if session in self._sessions:
                raise StoreError(f"There is a session {session} already.", kind="conflict")
            if not entries or not isinstance(entries[0].node, Opened):
                raise StoreError("A session begins with what it is.", kind="conflict")
            kept = self._sessions[session] = _Kept(entries)
            return self._take(kept)

        return self._done(work)

    def append(self, session: str, entries: Sequence[Entry], token: str) -> Future[None]:
        """See `SessionStore.append`."""
        return self._done(lambda: self._owned(session, token).add(entries))

    def put_partial(self, session: str, entry: Entry, token: str) -> Future[None]:
        """See `SessionStore.put_partial`."""

        def work() -> None:
            kept = self._owned(session, token)
            if entry.id not in kept.entries:
                kept.partials[entry.id] = entry

        return self._done(work)

    def drop_partial(self, session: str, node: str, token: str) -> Future[None]:
        """See `SessionStore.drop_partial`."""
        return self._done(lambda: _nothing(self._owned(session, token).partials.pop(node, None)))

    def partials(self, session: str) -> tuple[Entry, ...]:
        """See `SessionStore.partials`."""
        with self._lock:
            return tuple(sorted(self._kept(session).partials.values(), key=lambda e: e.id))

    def sessions(
        self,
        *,
        cwd: str | None = None,
        deleted: bool = False,
        from_session: str | None = None,
        limit: int = 1000,
    ) -> tuple[SessionInfo, ...]:
        """See `SessionStore.sessions`."""
        with self._lock:
            found = [kept.info(id_) for id_, kept in self._sessions.items()]
        wanted = [i for i in found if (i.deleted_ms is not None) == deleted]
        wanted = [i for i in wanted if cwd in (None, i.cwd)]
        wanted = [i for i in wanted if from_session in (None, i.from_session)]
        return tuple(sorted(wanted, key=lambda i: -i.updated_ms)[:limit])

    def session(self, session: str) -> SessionInfo:
        """See `SessionStore.session`."""
        with self._lock:
            return self._kept(session).info(session)

    def tree(self, session: str) -> SessionTree:
        """See `SessionStore.tree`."""
        with self._lock:
            return self._kept(session).tree

    def read(self, session: str, nodes: Sequence[str]) -> tuple[Entry, ...]:
        """See `SessionStore.read`."""
        with self._lock:
            entries = self._kept(session).entries
            missing = next((n for n in nodes if n not in entries), None)
            if missing is not None:
                raise StoreError(f"The session has no node {missing}.", kind="unknown")
            return tuple(entries[n] for n in nodes)

    def since(self, session: str, count: int) -> tuple[Entry, ...]:
        """See `SessionStore.since`."""
        with self._lock:
            return tuple(self._kept(session).entries.values())[count:]

    def put_blob(self, data: bytes) -> Future[str]:
        """See `SessionStore.put_blob`."""

        def work() -> str:
            name = address(data)
            self._blobs[name] = data
            return name

        return self._done(work)

    def blob(self, address: str) -> bytes | None:
        """See `SessionStore.blob`."""
        with self._lock:
            return self._blobs.get(address)

    @property
    def kept_blobs(self) -> KeptBlobs:
        """See `SessionStore.kept_blobs`."""
        return KeptBlobs(self._addresses, self._drop, self._collect)

    def search(self, query: str, *, session: str | None = None, limit: int = 20) -> tuple[Hit, ...]:
        """See `SessionStore.search`."""
        wanted = terms(query)
        if not wanted:
            return ()
        found: list[tuple[float, Hit]] = []
        with self._lock:
            for id_, kept in self._sessions.items():
                if kept.deleted_ms is not None or session not in (None, id_):
                    continue
                for entry in kept.entries.values():
                    words = words_of(entry.node)
                    shown = passage(words, wanted)
                    if all(len(passage(words, (term,)).marks) for term in wanted):
                        hit = Hit(
                            id_, entry.id, entry.node.kind, entry.at_ms, shown.text, shown.marks
                        )
                        found.append((likeness(words, wanted), hit))
        found.sort(key=lambda each: -each[0])
        return tuple({hit.node: hit for _, hit in found}.values())[:limit]

    def spent(self, *, session: str | None = None, since_ms: int = 0) -> tuple[Spent, ...]:
        """See `SessionStore.spent`."""
        found: list[Spent] = []
        with self._lock:
            for id_, kept in self._sessions.items():
                for e in kept.entries.values() if session in (None, id_) else ():
                    node = e.node
                    if not isinstance(node, Billed) or not node.model:
                        continue
                    if node.usage is not None and e.at_ms >= since_ms:
                        found.append(
                            Spent(id_, e.id, e.at_ms, e.agent, node.model, node.usage, node.cost)
                        )
        return tuple(found)

    def claim(self, session: str) -> Future[Claim]:
        """See `SessionStore.claim`."""

        def work() -> Claim:
            kept = self._kept(session)
            if kept.token is not None:
                return Claim(None, Owner(myself().pid, kept.since_ms))
            token = self._take(kept)
            kept.add([interrupted(e) for e in kept.partials.values()])
            return Claim(token)

        return self._done(work)

    def release(self, token: str) -> Future[None]:
        """See `SessionStore.release`."""

        def work() -> None:
            for kept in self._sessions.values():
                if kept.token == token:
                    kept.token = None

        return self._done(work)

    @property
    def owners(self) -> Callable[[], Mapping[str, Owner]]:
        """See `SessionStore.owners`."""
        return self._owners

    def version(self) -> int:
        """See `SessionStore.version`."""
        return self._version

    def delete(self, *sessions: str, at_ms: int | None) -> Future[None]:
        """See `SessionStore.delete`."""

        def work() -> None:
            for kept in [self._kept(session) for session in sessions]:
                kept.deleted_ms = at_ms

        return self._done(work)

    def purge(self, *sessions: str) -> Future[None]:
        """See `SessionStore.purge`."""

        def work() -> None:
            for kept in [self._kept(session) for session in sessions]:
                self._sessions = {i: k for i, k in self._sessions.items() if k is not kept}

        return self._done(work)

    def close(self) -> None:
        """See `SessionStore.close`."""
        self._closed = True

    def _owners(self) -> dict[str, Owner]:
        pid = myself().pid
        with self._lock:
            held = ((i, k) for i, k in self._sessions.items() if k.token is not None)
            return {session: Owner(pid, kept.since_ms) for session, kept in held}

    def _collect(self, needed: Needed, enough: Callable[[], bool]) -> Collected:
        # Nobody else can have it open.
        self.close()
        with self._lock:
            every = chain(*(kept.entries.values() for kept in self._sessions.values()))
            kept = needed((entry for entry in every if entry.mark), self._blobs.get)
            gone = [name for name in self._blobs if name not in kept and not enough()]
            size = sum(len(self._blobs.pop(name)) for name in gone)
        return Collected(len(gone), size)

    def _addresses(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._blobs)

    def _drop(self, addresses: Collection[str]) -> Future[None]:
        return self._done(lambda: _nothing(*(self._blobs.pop(name, None) for name in addresses)))

    def _done(self, work: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            with self._lock:
                if self._closed:
                    raise StoreError("The store of sessions was closed.", kind="closed")
                future.set_result(work())
                self._version += 1
        except StoreError as error:
            future.set_exception(error)
        return future

    def _kept(self, session: str) -> _Kept:
        if session not in self._sessions:
            raise StoreError(f"There is no session {session}.", kind="unknown")
        return self._sessions[session]

    def _owned(self, session: str, token: str) -> _Kept:
        kept = self._kept(session)
        if kept.token != token:
            raise StoreError("Another program writes to this session now.", kind="owned")
        return kept

    @staticmethod
    def _take(kept: _Kept) -> str:
        kept.token, kept.since_ms = secrets.token_hex(16), wall_clock_ms()
        return kept.token


def _nothing(*_: Any) -> None:
    """For work whose outcome does not matter."""
