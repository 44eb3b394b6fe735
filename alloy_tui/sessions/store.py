"""What a store of sessions promises: the `SessionStore` protocol and the values it speaks in.

Owns the contract alone. Implementations: `memory.MemoryStore` (forgets at the
end), `sqlite.SqliteStore` (one folder of this machine), `postgres.PostgresStore`.

Threads. Every method may be called from any thread, an event loop's included.
Methods that return a `Future` only take the work in and return at once; await
one with `asyncio.wrap_future`, or wait with `.result()`. The others read, may
block for some milliseconds (a search longer), and belong in a worker thread
when called from a loop.

Durability. A future that is done without an error means: on disk, fsync
included, whatever happens to the program or the machine next. A future with an
error means: not stored, nothing half stored. A program that dies before a
future is done does not know; appending the same entries again is then safe,
those that are there already are left as they are.

Order. What one thread appends is stored in that order. Entries of one call are
stored together or not at all.

Errors. `StoreError` and nothing else, with words for a person; from a future,
or from a read. An unreadable part never hides another: entries whose content is
lost come back as `Lost` nodes, whole nodes that are lost as `ADOPTED` children.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeAlias

import msgspec

from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.tree import SessionTree


class SessionInfo(msgspec.Struct, frozen=True):
    """A session at a glance; times are epoch milliseconds.

    `preview` is the beginning of what a person said first; `entries` counts marks
    too, `messages` only what people and models said, on all branches;
    `deleted_ms` is None unless the session lies in the bin.
    """

    id: str
    created_ms: int
    updated_ms: int
    title: str
    preview: str
    cwd: str
    agent: str
    entries: int
    from_session: str | None = None
    from_node: str | None = None
    deleted_ms: int | None = None
    messages: int = 0


class Owner(msgspec.Struct, frozen=True):
    """The program that writes to a session."""

    pid: int
    since_ms: int


class Claim(msgspec.Struct, frozen=True):
    """The answer to a claim: a `token` to write with, or the `owner` who already does."""

    token: str | None
    owner: Owner | None = None


class Hit(msgspec.Struct, frozen=True):
    """A message that a search found.

    `snippet` is a passage of it on one line; `marks` are the spans of the words
    that matched in it, as offsets.
    """

    session: str
    node: str
    kind: str
    at_ms: int
    snippet: str
    marks: tuple[tuple[int, int], ...]


class Spent(msgspec.Struct, frozen=True):
    """What one request took; `cost` is in US dollars, None = unknown."""

    session: str
    node: str
    at_ms: int
    agent: str
    model: str
    usage: TokenUsage
    cost: float | None


Needed: TypeAlias = Callable[[Iterator[Entry], Callable[[str], bytes | None]], Collection[str]]
"""From all marks of all sessions, the bin included, to the addresses they rest on; the second
argument brings what is at an address."""


class Collected(msgspec.Struct, frozen=True):
    """How many blobs went, and their bytes as stored; `whole` unless there are more to go."""

    blobs: int = 0
    size: int = 0
    whole: bool = True


class KeptBlobs(msgspec.Struct, frozen=True):
    """What `put_blob` has put: `addresses` tells of all, `drop` erases some, `collect` the rest.

    What entries hold, too, stays. Drop only what nobody can be about to refer
    to: no other program may hold a session whose checkpoints could come to name it.

    `collect` closes the store, finds out what is needed, and erases all others;
    it ends early when the second argument says that there was enough. Raises
    StoreError: "busy" while anybody else may write here, this program by another
    store included, for what they are about to refer to looks unneeded; "damaged"
    when it cannot be told what is needed. Nothing was erased then. What `Needed`
    raises passes through.
    """

    addresses: Callable[[], frozenset[str]]
    drop: Callable[[Collection[str]], Future[None]]
    collect: Callable[[Needed, Callable[[], bool]], Collected]


class SessionStore(Protocol):
    """Where sessions live. See the module's words on threads, durability, order and errors."""

    def create(self, session: str, entries: Sequence[Entry]) -> Future[str]:
        """A new session of that id, claimed by the caller; the future brings the token.

        The first entry is an `Opened`. With more entries it is a fork or an
        import. Error kind "conflict" when the id is taken.
        """
        ...

    def append(self, session: str, entries: Sequence[Entry], token: str) -> Future[None]:
        """Add `entries` at the end of the session's log.

        An entry supersedes the partial of the same id. Error kinds: "owned"
        when `token` is no longer the session's; "conflict" when an id is taken
        by other content or a parent is not there; "unknown".
        """
        ...

    def put_partial(self, session: str, entry: Entry, token: str) -> Future[None]:
        """Keep a node that is still growing, in place of its former state.

        Ignored when the node is there for good already.
        """
        ...

    def drop_partial(self, session: str, node: str, token: str) -> Future[None]:
        """Forget a growing node that came to nothing."""
        ...

    def partials(self, session: str) -> tuple[Entry, ...]:
        """The nodes that grow now."""
        ...

    def sessions(
        self,
        *,
        cwd: str | None = None,
        deleted: bool = False,
        from_session: str | None = None,
        limit: int = 1000,
    ) -> tuple[SessionInfo, ...]:
        """Sessions, the latest used first; of one folder, those in the bin, or that one's own."""
        ...

    def session(self, session: str) -> SessionInfo:
        """One session. Error kind "unknown"."""
        ...

    def tree(self, session: str) -> SessionTree:
        """The session's tree. Error kind "unknown"."""
        ...

    def read(self, session: str, nodes: Sequence[str]) -> tuple[Entry, ...]:
        """Those entries, in that order. Error kind "unknown" when one is not there."""
        ...

    def since(self, session: str, count: int) -> tuple[Entry, ...]:
        """Entries after the first `count`, for a view that follows another program."""
        ...

    def put_blob(self, data: bytes) -> Future[str]:
        """Keep bytes that entries do not hold themselves; the future brings their address.

        They stay when sessions are purged: only who put them knows who needs them.
        """
        ...

    def blob(self, address: str) -> bytes | None:
        """The bytes of that address, None when they are not there or were damaged."""
        ...

    @property
    def kept_blobs(self) -> KeptBlobs:
        """All that was put by `put_blob`, for who knows what of it is still needed."""
        ...

    def search(self, query: str, *, session: str | None = None, limit: int = 20) -> tuple[Hit, ...]:
        """Messages that hold all words of `query`, the best first.

        Words in quotes stand side by side; the last word may be unfinished.
        Every message stored before the call is looked at; the bin is not.
        """
        ...

    def spent(self, *, session: str | None = None, since_ms: int = 0) -> tuple[Spent, ...]:
        """The ledger, oldest first."""
        ...

    def claim(self, session: str) -> Future[Claim]:
        """Ask to write to the session; granted unless a living program holds it.

        On success, answers that were growing when their program died become
        nodes marked incomplete, "interrupted". Error kind "unknown".
        """
        ...

    def release(self, token: str) -> Future[None]:
        """Give the session of that token back; a token that no longer counts is ignored."""
        ...

    @property
    def owners(self) -> Callable[[], Mapping[str, Owner]]:
        """Call it for who writes now, by session: living programs, this one included.

        A program that died is left out, though nobody has taken its session over.
        """
        ...

    def version(self) -> int:
        """A number that changes whenever any program stored something; cheap, for polling."""
        ...

    def delete(self, *sessions: str, at_ms: int | None) -> Future[None]:
        """Put sessions in the bin as of `at_ms`, or with None take them out; all or none.

        Error kind "unknown".
        """
        ...

    def purge(self, *sessions: str) -> Future[None]:
        """Erase sessions for good, their search index and unshared blobs included; all or none.

        Error kind "unknown".
        """
        ...

    def close(self) -> None:
        """Store what was taken in, release every claim, end every thread. Safe to call twice."""
        ...
