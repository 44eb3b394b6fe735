"""The session on screen: which one it is, how it begins, is opened, followed and given back.

Owns the store's life and the one `LiveSession` that an agent records to. All
methods belong to the engine's loop; whatever touches the disk happens in
threads. Must not know what a screen shows of a session, nor what an agent is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.events import EngineEvent, LeafMoved, Notice, SessionOpened, SessionSaved
from alloy_tui.runtime.path_values import SessionState
from alloy_tui.runtime.session_views import branch_place
from alloy_tui.runtime.spending import summed
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamps, wall_clock_ms
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Entry, Opened, Renamed, UserMessage
from alloy_tui.sessions.owners import running
from alloy_tui.sessions.store import SessionStore

FOLLOW_S = 0.25
"""How often a session that another program writes is looked at."""
_TITLE_CHARS = 200


class Files(Protocol):
    """The files beside a session: what `kept_files.KeptFiles` is."""

    def mark(self, node: str | None) -> None:
        """A user message is stored."""
        ...

    async def opened(self) -> None:
        """Another session is on screen."""
        ...

    async def settle(self) -> None:
        """Wait until every mark that was begun is made."""
        ...


class SessionDesk:
    """Fills `recording.Desk`; `state` is replaced as a whole and may be read by any thread.

    `open_store` is called once, in a thread, when a store is first needed;
    `about` says what a session that begins now is.
    """

    def __init__(
        self,
        open_store: Callable[[], SessionStore],
        *,
        about: Callable[[], Opened],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self.stamps = Stamps()
        self.state = SessionState()
        self.live: LiveSession | None = None
        self.stale = False
        """Whether the agent does not know the conversation that the leaf stands in."""
        self.files: Files | None = None
        self.leaving: list[Callable[[], Awaitable[object]]] = []
        """What must be over before the session on screen is given back."""
        self.arrived: list[Callable[[], Awaitable[object]]] = []
        """What follows once a stored session is on screen."""
        self._open_store = open_store
        self._about = about
        self._publish = publish
        self._store: SessionStore | None = None
        self._opening = asyncio.Lock()
        self._beginning = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._closed = False
        self._began_ms = wall_clock_ms()

    async def store(self) -> SessionStore:
        """The store, opened when first asked. Raises StoreError."""
        async with self._opening:
            if self._closed:
                raise StoreError("The store of sessions was closed.", kind="closed")
            if self._store is None:
                self._store = await asyncio.to_thread(self._open_store)
            return self._store

    async def begin(self, entries: Sequence[Entry] = ()) -> LiveSession:
        """Begin a session that holds `entries`, or add them to the one that began meanwhile.

        They are on disk when this returns. Raises StoreError.
        """
        async with self._beginning:
            if self.live is not None:
                await asyncio.wrap_future(self.live.do(entries))
                return self.live
            store, about = await self.store(), self._about()
            live = await asyncio.to_thread(
                LiveSession.begin, store, about, entries, stamps=self.stamps
            )
            self.live = live
            self.state = SessionState(id=live.id, title=about.title)
            return live

    async def begun(self) -> LiveSession:
        """The session on screen; it begins now if there is none. Raises StoreError."""
        return self.live or await self.begin()

    def saved(self, entries: Sequence[Entry]) -> None:
        """These are on disk: say so, and keep the state in step."""
        if self.live is None:
            return
        for entry in entries:
            if self.files is not None and _is_prompt(entry):
                self.files.mark(entry.id)
        self._stored(self.live.id, entries)

    def _stored(self, session: str, entries: Sequence[Entry]) -> None:
        """Bring the state in step with what is on disk now, and tell of it."""
        self.state = msgspec.structs.replace(
            self.state, title=_title_after(self.state.title, entries)
        )
        self.look_anew()
        if any(_is_prompt(entry) for entry in entries):
            self._find_branch()
        ids = tuple(e.id for e in entries)
        self._publish(SessionSaved(session, ids, self.state.title))

    def look_anew(self) -> None:
        """Bring the state in step with the tree."""
        live = self.live
        if live is None:
            self.state = SessionState()
            return
        self.state = msgspec.structs.replace(
            self.state,
            leaf=live.tree.leaf,
            writable=live.writable,
            owner=live.owner.pid if live.owner is not None and not live.writable else None,
            moves_back=len(live.tree.undone),
        )

    def _find_branch(self) -> None:
        """Which branch this is; asked only when that may change, for it takes a while."""
        live = self.live
        branch = None if live is None else branch_place(live.tree, live.tree.leaf)
        self.state = msgspec.structs.replace(self.state, branch=branch)

    async def do(self, entries: Sequence[Entry]) -> None:
        """Store what a verb of `moves` gave for the tree as of now; tells of a move of the leaf.

        Raises StoreError; nothing has changed then.
        """
        live = self.session()
        before = live.tree.leaf
        stored = live.do(entries)
        after = live.tree.leaf  # by these entries: while they are stored others may follow
        await asyncio.wrap_future(stored)
        self.saved(entries)
        if after != before:
            self.moved(before)

    async def rename(self, title: str) -> None:
        """Call the session on screen `title`; "" = by its first words. Raises StoreError."""
        live = self.session()
        await self.do([moves.rename(title, self.stamps())])
        if not title:
            store = await self.store()
            info = await asyncio.to_thread(store.session, live.id)
            self.state = msgspec.structs.replace(self.state, title=one_line(info.preview))
            self._publish(SessionSaved(live.id, (), self.state.title))

    def moved(self, before: str | None) -> None:
        """The conversation stands elsewhere now."""
        self.stale = True
        self.look_anew()
        self._find_branch()
        self._publish(LeafMoved(before, self.state.leaf))

    def session(self) -> LiveSession:
        """The session on screen. Raises StoreError when there is none."""
        if self.live is None:
            raise StoreError(
                "There is no session yet: it begins with the first message.", kind="unknown"
            )
        return self.live

    async def open(self, session: str) -> LiveSession:
        """Put a stored session on screen; to read only, and followed, if another program writes it.

        Raises StoreError; what was on screen stays there then.
        """
        store = await self.store()
        live = await asyncio.to_thread(LiveSession.open, store, session, stamps=self.stamps)
        await self.take(live)
        return live

    async def take(self, live: LiveSession) -> None:
        """Put `live` on screen in place of what is there. Raises StoreError."""
        store = await self.store()
        info = await asyncio.to_thread(store.session, live.id)
        await self.leave()
        self.live, self.stale = live, True
        self.state = SessionState(id=live.id, title=one_line(info.title or info.preview))
        self.look_anew()
        await asyncio.to_thread(self._find_branch)
        if not live.writable:
            self._following = asyncio.create_task(self._follow(live), name="following a session")
        if self.files is not None:
            await self.files.opened()
        self._publish(SessionOpened(live.id, self.state.title))
        for follow in self.arrived:
            await follow()

    async def take_over(self) -> None:
        """Become the one who writes the session on screen. Raises StoreError if another still does.

        What the other program left half done is interrupted then.
        """
        live, store = self.session(), await self.store()
        if live.writable:
            return
        mine = await asyncio.to_thread(LiveSession.open, store, live.id, stamps=self.stamps)
        if not mine.writable:
            pid = mine.owner.pid if mine.owner is not None else 0
            raise StoreError(
                f"This session is written by another program (process {pid}).",
                kind="owned",
                hint="Fork it to go on from here (/fork), or wait until that one is closed.",
            )
        before = self.state.leaf
        await self._unfollow()
        self.live = mine
        self.moved(before)

    async def leave(self) -> None:
        """Give the session on screen back; there is none then."""
        await self._unfollow()
        for end in self.leaving:
            await end()
        live, self.live, self.stale = self.live, None, False
        self.state = SessionState()
        released = live.close() if live is not None else None
        if released is not None:
            with contextlib.suppress(StoreError):
                await asyncio.wrap_future(released)

    async def close(self) -> bool:
        """Give everything back and close the store; what was taken in is on disk then.

        Whether there was a store to close.
        """
        state = await self._summed()
        await self.leave()
        self.state = state  # whoever prints how to resume asks when all is over
        async with self._opening:
            self._closed = True
            if self._store is None:
                return False
            await asyncio.to_thread(self._store.close)
            return True

    async def _summed(self) -> SessionState:
        """The state with all that the session has taken, in this program's life and before."""
        state, store = self.state, self._store
        if store is None or not state.id:
            return state
        try:
            rows = await asyncio.to_thread(store.spent, session=state.id)
        except StoreError:
            return state
        spent, life = summed(rows), summed([r for r in rows if r.at_ms >= self._began_ms])
        return msgspec.structs.replace(
            state, usage=spent.usage, cost=spent.cost, life=life.usage, life_cost=life.cost
        )

    async def _unfollow(self) -> None:
        task, self._following = self._following, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _follow(self, live: LiveSession) -> None:
        """Show what the other program stores, until it ends."""
        store = await self.store()
        seen, told, free = -1, False, False
        while True:
            try:
                version = await asyncio.to_thread(store.version)
                if version != seen:
                    before, seen = live.tree.leaf, version
                    fresh = await asyncio.to_thread(live.refresh)
                    self.stale = True
                    self.look_anew()
                    if fresh:
                        self._stored(live.id, fresh)
                    if live.tree.leaf != before:
                        self._find_branch()
                    free = await self._free(live)
                    self._publish(LeafMoved(before, live.tree.leaf))
                elif not free and live.owner is not None and not running(live.owner.pid):
                    free = await self._free(live)
                    self._publish(LeafMoved(live.tree.leaf, live.tree.leaf))
                told = False
            except StoreError as error:
                if not told:
                    self._notice("warning", f"The session cannot be followed: {error.message}")
                told = True
            await asyncio.sleep(FOLLOW_S)

    async def _free(self, live: LiveSession) -> bool:
        """Whether nobody writes a followed session any more; the user is told when that changes."""
        store, before = await self.store(), live.owner
        owner = (await asyncio.to_thread(store.owners)).get(live.id)
        live.owner = owner
        self.look_anew()
        if owner is None and before is not None:
            gone = "has let go of this session" if running(before.pid) else "is no longer there"
            words = f"The other program {gone}: your next message goes on from here."
            self._notice("info", words)
        return owner is None

    def _notice(self, level: Literal["info", "warning"], words: str) -> None:
        self._publish(Notice(level, words))


def one_line(text: str) -> str:
    """The beginning of `text` as a title."""
    return " ".join(text[: 4 * _TITLE_CHARS].split())[:_TITLE_CHARS]


def _title_after(title: str, entries: Sequence[Entry]) -> str:
    """What a session is called with `entries`: as it was named last, else its first words."""
    for entry in entries:
        node = entry.node
        if isinstance(node, Renamed):
            title = one_line(node.title)
        elif not title and isinstance(node, UserMessage) and not node.message.synthetic:
            title = one_line(node.message.text)
    return title


def _is_prompt(entry: Entry) -> bool:
    """Whether a person said it where the conversation stands."""
    node = entry.node
    return isinstance(node, UserMessage) and not node.message.synthetic and not entry.aside
