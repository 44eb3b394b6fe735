"""A team's log and its members' conversations, in the store of sessions.

Owns which sessions these are: one for the team, which holds records alone, and one
for each member. The log of a team with a file is found by the team's name and the
folder; that of a session's own team by the session, and it begins with the first
thing that is worth it. Belongs to the engine's loop; the disk is touched in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from alloy_tui.agent.journal import Journal, NoJournal
from alloy_tui.domain.errors import StoreError, TeamError
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.runtime.former_lives import NOTHING, Past, past_of
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.team_log import LogBook, LogWriter
from alloy_tui.runtime.team_sessions import TEAM_AGENT, is_of_a_file, log_of
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import (
    Answer,
    Entry,
    Opened,
    ToolResult,
    UserMessage,
)
from alloy_tui.sessions.store import SessionStore
from alloy_tui.team.log import Record, outlasts

_EVERY = 1_000_000


class Kept(msgspec.Struct, frozen=True):
    """Where a member's conversation is kept, and what it was; `team` is what it belongs to.

    `past` is what it took in former programs.
    """

    session: str
    journal: Journal
    messages: tuple[ChatMessage, ...] = ()
    team: str = ""
    past: Past = NOTHING


class _MemberDesk:
    """A member's session; fills `recording.Desk`."""

    def __init__(self, live: LiveSession) -> None:
        self._live = live

    @property
    def live(self) -> LiveSession | None:
        """Always there."""
        return self._live

    async def begin(self, entries: Sequence[Entry]) -> None:
        """Never needed."""
        raise StoreError(f"{len(entries)} messages have no session.", kind="unknown")

    def saved(self, entries: Sequence[Entry]) -> None:
        """Nobody else follows it."""


class TeamKeeping:
    """Fills `TeamLog`. With no `store` nothing is kept.

    `name` is the team's. `session` is called when the team is a session's own and has
    something to keep: it brings that session, which may begin by it.
    """

    def __init__(
        self,
        store: Callable[[], Awaitable[SessionStore]] | None,
        name: str,
        *,
        cwd: str,
        session: Callable[[], Awaitable[LiveSession]] | None = None,
        complain: Callable[[str], object],
    ) -> None:
        self._open_store = store
        self._cwd = cwd
        self._session_of = session
        self._above: str | None = None
        self._complain = complain
        self._stamps = Stamps()
        self._name = name
        self._members: dict[str, LiveSession] = {}
        self._began: dict[str, tuple[str | None, int]] = {}
        self._past: dict[str, Past] = {}
        self._journals: dict[str, Recorder] = {}
        self._log = LogWriter(name, None, self._begin, complain)

    async def open(self) -> tuple[Record, ...]:
        """Go on with the latest team of this name in this folder, or begin one.

        Returns what it did until now. Raises StoreError, and TeamError when
        another program has it open.
        """
        if self._open_store is None:
            return ()
        store = await self._open_store()
        self._log.book = book = await asyncio.to_thread(self._find, store, self._name)
        return book.records

    async def reopen(self, session: str) -> tuple[Record, ...] | None:
        """Go on with the log of that session's own team, None = it has none until now.

        Raises StoreError, and TeamError when another program has it open.
        """
        self._above = session or None
        if self._open_store is None or not session:
            return None
        store = await self._open_store()

        def look() -> LogBook | None:
            try:
                book = LogBook.open(store, log_of(session), self._stamps)
            except StoreError as error:
                if error.kind == "unknown":
                    return None
                raise
            return self._mine(book, "The team of this session")

        self._log.book = book = await asyncio.to_thread(look)
        return None if book is None else book.records

    def append(self, record: Record) -> None:
        """See `TeamLog.append`. What a session's own team does is kept once it has to be."""
        begins = self._session_of is not None and outlasts(record.event)
        if self._open_store is not None and (self._log.book or self._log.waits or begins):
            self._log.append(record)

    async def member(self, name: str, model: str, *, again: str = "") -> Kept:
        """Where the conversation of `name` goes on, or begins.

        `again` is the session of an earlier life. Raises StoreError.
        """
        if self._open_store is None:
            return Kept("", NoJournal(), team=self._name)
        store = await self._open_store()
        live = self._members.get(name)
        if live is None:
            live = await asyncio.to_thread(self._session, store, name, model, again)
            self._members[name] = live
        leaf = live.stored.leaf
        messages = await asyncio.to_thread(live.view, leaf)
        self._began[name] = (leaf, len(messages))
        journal = Recorder(_MemberDesk(live), agent=name, stamps=self._stamps)
        self._journals[name] = journal
        return Kept(live.id, journal, messages, self._name, self._past.get(live.id, NOTHING))

    async def past(self, name: str) -> tuple[tuple[ChatMessage, ...], int]:
        """What a member said in earlier lives, as it was said; and as how many messages it has it.

        A model is sent some of them joined. Raises StoreError.
        """
        live, (leaf, count) = self._members.get(name), self._began.get(name, (None, 0))
        if live is None or not count:
            return (), 0
        entries = await asyncio.to_thread(live.read, live.stored.path(leaf))
        return tuple(message for entry in entries for message in _messages(entry)), count

    async def durable(self) -> None:
        """Wait until what members said is on disk; one whose store fails says so by itself."""
        waiting = [journal.durable() for journal in self._journals.values()]
        await asyncio.gather(*waiting, return_exceptions=True)

    async def spent(self, sessions: Iterable[str]) -> dict[str, Past]:
        """What each of `sessions` took in former programs. Raises StoreError."""
        if self._open_store is None:
            return {}
        store, wanted = await self._open_store(), tuple(dict.fromkeys(sessions))

        def look() -> dict[str, Past]:
            return {session: past_of(store.spent(session=session)) for session in wanted}

        self._past = await asyncio.to_thread(look)
        return self._past

    async def said(self, name: str, session: str) -> Sequence[Entry]:
        """A member's conversation as it is stored, also of one that left; () when it is lost."""
        store, live = self._open_store, self._members.get(name)
        if store is None or not (session or live):
            return ()
        opened = await store()

        def look() -> Sequence[Entry]:
            kept = live or LiveSession.open(opened, session, write=False)
            return kept.read(kept.stored.path(kept.stored.leaf))

        try:
            return await asyncio.to_thread(look)
        except StoreError:
            return ()

    async def let_go(self, name: str) -> None:
        """The member is gone; its conversation stays."""
        live = self._members.pop(name, None)
        self._began.pop(name, None)
        self._journals.pop(name, None)
        if live is not None:
            await _closed(live)

    async def close(self) -> None:
        """Store what there is and give the sessions back."""
        await self._log.close()
        for live in self._members.values():
            await _closed(live)
        self._members.clear()
        self._session_of = None

    # -- in threads ---------------------------------------------------------------------------

    def _find(self, store: SessionStore, name: str) -> LogBook:
        for info in store.sessions(cwd=self._cwd, limit=_EVERY):
            if is_of_a_file(info) and info.title == name:
                book = LogBook.open(store, info.id, self._stamps)
                return self._mine(book, name, "Close it there, or give this one another name.")
        return LogBook.begin(store, Opened(name, self._cwd, TEAM_AGENT), self._stamps)

    def _mine(self, book: LogBook, what: str, hint: str = "Close it there.") -> LogBook:
        if not book.writable:
            raise TeamError(f"{what} is open in another program.", kind="conflict", hint=hint)
        return book

    async def _begin(self) -> LogBook:
        """The log of a session's own team begins. Raises StoreError."""
        assert self._open_store is not None, "nothing waits where nothing is kept"
        assert self._session_of is not None, "a team with a file has its log from the start"
        above = await self._session_of()
        if not above.writable:
            raise StoreError(
                "This session is written by another program.",
                kind="owned",
                hint="Fork it to go on by yourself (/fork).",
            )
        store = await self._open_store()
        about = Opened(self._name, self._cwd, TEAM_AGENT, from_session=above.id)
        self._above = above.id
        return await asyncio.to_thread(LogBook.begin, store, about, self._stamps, log_of(above.id))

    def _session(self, store: SessionStore, name: str, model: str, again: str) -> LiveSession:
        if again:
            try:
                live = LiveSession.open(store, again, stamps=self._stamps)
                if live.writable:
                    return live
            except StoreError as error:
                self._complain(f"The conversation of {name} begins anew: {error.message}")
        above = self._log.book.id if self._log.book is not None else self._above
        about = Opened(
            f"{self._name} · {name}",
            self._cwd,
            f"{self._name}/{name}",
            from_session=above,
            model=model,
        )
        return LiveSession.begin(store, about, stamps=self._stamps)


def _messages(entry: Entry) -> tuple[ChatMessage, ...]:
    if isinstance(entry.node, UserMessage | Answer):
        return (entry.node.message,)
    if isinstance(entry.node, ToolResult):
        return (ChatMessage("user", (entry.node.result,)),)
    return ()


async def _closed(live: LiveSession) -> None:
    future = live.close()
    if future is not None:
        await asyncio.wait({asyncio.wrap_future(future)})
