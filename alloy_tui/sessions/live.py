"""A session in use: its tree as of now beside the store that keeps it.

Owns the order between the two: what is said goes to the store and into the tree
at once, so that more can follow, and out of the tree again if the store refuses
it. Owns also how often a growing answer is stored, and following a session that
another program writes. Must not know what messages mean, nor any loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Entry, KnownNode, Opened, entry_of
from alloy_tui.sessions.store import Owner, SessionStore
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import view

GROWTH_S = 1.0
"""A growing answer is stored at most this often, in seconds; a kill loses no more."""

_TOLD = ("checkpoint", "note")
"""Marks that say something about a node, wherever it stands."""


class LiveSession:
    """One session that is written, or followed while another program writes it.

    May be used by any thread. Methods that return a future only take the work
    in; the others may read from disk (see `store`).
    """

    def __init__(
        self,
        store: SessionStore,
        session: str,
        *,
        token: str | None,
        owner: Owner | None = None,
        stamps: Stamps | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        tree: SessionTree | None = None,
    ) -> None:
        """For `begin`, `open` and `fork`; a token of None makes it a view only.

        `tree` is what was stored, where that is known without reading it.
        """
        self.id = session
        self.owner = owner
        """Who writes to it when we do not."""
        self.stamps = stamps or Stamps()
        self._store, self._token = store, token
        self._monotonic_s = monotonic_s
        # Reentrant: a store may answer before `append` returns.
        self._lock = threading.RLock()
        # Whoever writes follows nobody. Asked first: what comes later is read again.
        self._version = store.version() if token is None else -1
        self._stored = self._tree = store.tree(session) if tree is None else tree
        self._flying = 0
        self._failed: BaseException | None = None
        self._grown: dict[str, float] = {}

    @classmethod
    def begin(
        cls,
        store: SessionStore,
        opened: Opened,
        entries: Sequence[Entry] = (),
        *,
        stamps: Stamps | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002 -- the field's name
    ) -> LiveSession:
        """A new session, written by us. Waits until it is on disk. Raises StoreError.

        `id` is its own where it must be found by that, "conflict" when it is taken.
        """
        stamps = stamps or Stamps()
        session, first = id or stamps().id, stamps()
        entry = entry_of(opened, id=first.id, parent=None, at_ms=first.at_ms)
        token = store.create(session, [entry, *entries]).result()
        tree = SessionTree()
        for each in (entry, *entries):
            tree = tree.add(each)
        return cls(store, session, token=token, stamps=stamps, monotonic_s=monotonic_s, tree=tree)

    @classmethod
    def open(
        cls,
        store: SessionStore,
        session: str,
        *,
        write: bool = True,
        stamps: Stamps | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> LiveSession:
        """A session that is there; to write if no living program does. Raises StoreError."""
        token, owner = None, None
        if write:
            claim = store.claim(session).result()
            token, owner = claim.token, claim.owner
        return cls(store, session, token=token, owner=owner, stamps=stamps, monotonic_s=monotonic_s)

    @property
    def tree(self) -> SessionTree:
        """The tree as of now, what is on its way to the disk included."""
        return self._tree

    @property
    def writable(self) -> bool:
        """Whether we write; otherwise `refresh` follows and `fork` goes on elsewhere."""
        return self._token is not None

    def say(
        self,
        node: KnownNode,
        *,
        agent: str = "",
        id: str | None = None,  # noqa: A002 -- the field's name
    ) -> tuple[Entry, Future[None]]:
        """A node after the leaf; the future is done when it is on disk.

        `id` is that of the entry the node grew as, if it did (see `grow`).
        """
        with self._lock:
            stamp = self.stamps()
            entry = moves.follow(self._tree, node, stamp, agent=agent)
            if id is not None:
                entry = msgspec.structs.replace(entry, id=id)
            return entry, self._keep([entry])

    def do(self, entries: Sequence[Entry]) -> Future[None]:
        """Store what a verb of `moves` gave for the tree as it is now, together or not at all."""
        with self._lock:
            return self._keep(entries)

    @property
    def stored(self) -> SessionTree:
        """The tree of what is on disk: all of it can be read."""
        return self._stored

    def grow(self, entry: Entry, *, at_once: bool = False) -> Future[None] | None:
        """Keep a node that is not whole yet; None when it was kept less than a second ago.

        The same entry, with the same id, goes to `do` when it is whole. Who
        keeps time himself says `at_once`.
        """
        now = self._monotonic_s()
        with self._lock:
            if not at_once and now - self._grown.get(entry.id, now - GROWTH_S) < GROWTH_S:
                return None
            self._grown[entry.id] = now
            return self._store.put_partial(self.id, entry, self._permit())

    def drop(self, node: str) -> Future[None]:
        """Forget a node that grew and came to nothing."""
        with self._lock:
            self._grown.pop(node, None)
            return self._store.drop_partial(self.id, node, self._permit())

    def read(self, nodes: Sequence[str]) -> tuple[Entry, ...]:
        """Entries that are on disk. Raises StoreError."""
        return self._store.read(self.id, nodes)

    def view(self, node: str | None) -> tuple[ChatMessage, ...]:
        """What the model is shown at `node`; always valid. Raises StoreError."""
        return view(self._stored, self.read, node)

    def refresh(self) -> tuple[Entry, ...]:
        """What another program stored since the last time; quick when that is nothing.

        Raises StoreError.
        """
        if self.writable or (version := self._store.version()) == self._version:
            return ()
        fresh = self._store.since(self.id, len(self._stored))
        with self._lock:
            self._version = version
            for entry in fresh:
                self._stored = self._stored.add(entry)
            self._tree = self._stored
        return fresh

    def growing(self) -> tuple[Entry, ...]:
        """The nodes that grow now, in whichever program. Raises StoreError."""
        return self._store.partials(self.id)

    def fork(self, node: str | None, *, title: str = "") -> LiveSession:
        """A new session that begins with the path to `node`, its labels, notes and files.

        It is written by us. Raises StoreError.
        """
        path = [msgspec.structs.replace(e, aside=False) for e in self.read(self.tree.path(node))]
        kept = {entry.id for entry in path}
        path += [e for e in self.read(self.stored.of_kind(*_TOLD)) if e.parent in kept]
        opened = self.read(self.tree.of_kind("opened"))[:1]
        about = opened[0].node if opened and isinstance(opened[0].node, Opened) else Opened()
        about = msgspec.structs.replace(
            about, title=title or about.title, from_session=self.id, from_node=node
        )
        return LiveSession.begin(
            self._store, about, path, stamps=self.stamps, monotonic_s=self._monotonic_s
        )

    def close(self) -> Future[None] | None:
        """Give the session back; None when it was not ours."""
        with self._lock:
            token, self._token = self._token, None
        return None if token is None else self._store.release(token)

    def _keep(self, entries: Sequence[Entry]) -> Future[None]:
        """Hand entries to the store and put them into the tree; the lock is held."""
        token = self._permit()
        if self._failed is not None and self._flying:
            refused: Future[None] = Future()
            refused.set_exception(self._failed)
            return refused
        self._failed = None
        tree = self._tree
        for entry in entries:
            tree = tree.add(entry)
        self._tree = tree
        self._flying += 1
        for entry in entries:
            self._grown.pop(entry.id, None)
        future = self._store.append(self.id, entries, token)
        done: Future[None] = Future()
        future.add_done_callback(lambda _: self._settle(entries, future, done))
        return done

    def _settle(self, entries: Sequence[Entry], stored: Future[None], done: Future[None]) -> None:
        """The store has answered: the tree follows it, then whoever waits is told."""
        error = stored.exception()
        with self._lock:
            self._flying -= 1
            if error is None:
                for entry in entries:
                    self._stored = self._stored.add(entry)
            else:
                self._failed = error
            if self._failed is not None:
                self._tree = self._stored
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def _permit(self) -> str:
        if self._token is None:
            raise StoreError(
                "This session is written by another program.",
                kind="owned",
                hint="Fork it to go on from here.",
            )
        return self._token
