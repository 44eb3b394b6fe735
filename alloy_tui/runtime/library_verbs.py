"""The verbs of `LibraryPort` on the engine's loop: find sessions, open, fork, rename, delete them.

Owns what each verb means. Must not know the agent; what a session holds is
`session_views`' to tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from alloy_tui.domain.errors import SessionError, StoreError
from alloy_tui.domain.events import EngineEvent, HistoryReset, Notice, SessionOpened
from alloy_tui.runtime import session_bin, session_files
from alloy_tui.runtime import session_views as views
from alloy_tui.runtime.conversing import Conversing
from alloy_tui.runtime.library_port import ExportFormat, FoundMessage, SessionRow
from alloy_tui.runtime.path_values import PathPage
from alloy_tui.runtime.questions import tell
from alloy_tui.runtime.session_desk import SessionDesk, one_line
from alloy_tui.runtime.team_sessions import held_by_people, whose
from alloy_tui.sessions import moves
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.store import SessionInfo, SessionStore

_LISTED = 1000
_PEEKED = 40
"""How many nodes of a session a preview shows."""

Found = Callable[[tuple[FoundMessage, ...] | None], object]


class LibraryVerbs:
    """What can be asked of and done to all sessions. Verbs raise SessionError.

    `folder` is the folder that sessions of this program belong to, "" for none;
    `cwd` the one that the user is in.
    """

    def __init__(
        self,
        desk: SessionDesk,
        conversing: Conversing,
        *,
        folder: Callable[[], str],
        cwd: Callable[[], str],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self._desk = desk
        self._conversing = conversing
        self._folder = folder
        self._cwd = cwd
        self._publish = publish
        self._searching: asyncio.Task[None] | None = None
        self._wanted: tuple[str, Found, bool, int] | None = None

    async def list(self, everywhere: bool, deleted: bool) -> tuple[SessionRow, ...]:
        """Sessions at a glance."""
        store = await self._desk.store()
        cwd = None if everywhere or deleted else self._folder()
        live = self._desk.live
        mine = live.id if live is not None and live.writable else None

        def look() -> tuple[SessionRow, ...]:
            # Sessions of teams would crowd out those that people look for; a search finds them.
            found = held_by_people(
                lambda most: store.sessions(cwd=cwd, deleted=deleted, limit=most), _LISTED
            )
            owners = store.owners()
            others = {id_: owner.pid for id_, owner in owners.items() if id_ != mine}
            return tuple(_row(info, others.get(info.id)) for info in found)

        return await asyncio.to_thread(look)

    def search(self, query: str, then: Found, everywhere: bool, limit: int) -> None:
        """Look for messages; of questions that wait for one another only the newest counts."""
        self._wanted = (query, then, everywhere, limit)
        if self._searching is None:
            self._searching = asyncio.create_task(self._search(), name="searching sessions")

    async def peek(self, session: str) -> PathPage:
        """The end of a session's conversation."""
        store = await self._desk.store()

        def look() -> PathPage:
            tree = store.tree(session)
            return views.page(
                session,
                tree,
                lambda nodes: store.read(session, nodes),
                before=None,
                limit=_PEEKED,
                growing=store.partials(session),
            )

        return await asyncio.to_thread(look)

    async def open(self, session: str, node: str | None = None) -> None:
        """Go on with a session, at the end of the branch of `node` if one is named."""
        await self._conversing.quiet()
        desk = self._desk
        if desk.live is None or desk.live.id != session:
            live = await desk.open(session)
            if not live.writable:
                pid = live.owner.pid if live.owner is not None else 0
                self._publish(
                    Notice(
                        "info",
                        f"Another program (process {pid}) writes this session: you see what it "
                        "does. Fork it to go on by yourself (/fork).",
                    )
                )
            await self._elsewhere(live)
        live = desk.session()
        if node is not None and live.writable:
            goal = live.tree.tip(node)
            if goal is not None and goal != live.tree.leaf:
                await desk.do([moves.switch(live.tree, node, desk.stamps())])
        await self._conversing.arrived()

    async def new(self) -> None:
        """Begin a new session; it is stored with its first message."""
        await self._conversing.quiet()
        await self._desk.leave()
        if self._desk.files is not None:
            await self._desk.files.opened()
        await self._conversing.arrived()
        self._publish(HistoryReset())
        self._publish(SessionOpened(""))

    async def fork(self, node: str | None) -> None:
        """Go on in a new session that begins with the path to `node`."""
        await self._conversing.quiet()
        before = self._desk.session()
        title = self._desk.state.title
        forked = await asyncio.to_thread(
            before.fork, node or before.tree.leaf, title=f"{title} (fork)" if title else ""
        )
        await self._desk.take(forked)
        await self._conversing.arrived()

    async def rename(self, session: str, title: str) -> None:
        """Another title; "" = the first message again."""
        desk = self._desk
        if desk.live is not None and desk.live.id == session:
            await desk.rename(title)
            return
        live = await asyncio.to_thread(
            LiveSession.open, await desk.store(), session, stamps=desk.stamps
        )
        try:
            await asyncio.wrap_future(live.do([moves.rename(title, desk.stamps())]))
        finally:
            released = live.close()
            if released is not None:
                await asyncio.wrap_future(released)

    async def delete(self, session: str) -> None:
        """Into the bin with what belongs to it; the one on screen is left first."""
        if self._desk.live is not None and self._desk.live.id == session:
            await self.new()
        await asyncio.to_thread(session_bin.put_away, await self._desk.store(), session)

    async def restore(self, session: str) -> None:
        """Out of the bin again, with what went into it along with it."""
        await asyncio.to_thread(session_bin.take_back, await self._desk.store(), session)

    async def export(self, form: ExportFormat, path: str) -> str:
        """Write the session on screen to a file; returns which."""
        live, store = self._desk.session(), await self._desk.store()
        folder = Path(self._cwd())
        return await asyncio.to_thread(session_files.export, store, live.id, form, path, folder)

    async def close(self) -> None:
        """Search no more."""
        if self._searching is not None:
            self._searching.cancel()
            await asyncio.wait({self._searching})

    async def _elsewhere(self, live: LiveSession) -> None:
        """Say so when a session belongs to another folder than the tools work in."""
        store = await self._desk.store()
        info = await asyncio.to_thread(store.session, live.id)
        here = self._folder()
        if info.cwd and here and info.cwd != here:
            words = (
                f"This session was held in {one_line(info.cwd)}; tools work in {one_line(here)}."
            )
            self._publish(Notice("info", words))

    async def _search(self) -> None:
        try:
            while self._wanted is not None:
                (query, then, everywhere, limit), self._wanted = self._wanted, None
                found: tuple[FoundMessage, ...] | None = None
                try:
                    store = await self._desk.store()
                    cwd = None if everywhere else self._folder()
                    found = await asyncio.to_thread(_found, store, query, cwd, limit)
                except SessionError as error:
                    self._publish(Notice("warning", f"The search failed: {error.message}"))
                if self._wanted is None:
                    tell(then, found)
        finally:
            self._searching = None


def _row(info: SessionInfo, owner: int | None) -> SessionRow:
    return SessionRow(
        id=info.id,
        title=one_line(info.title or info.preview),
        preview=one_line(info.preview),
        cwd=info.cwd,
        created_ms=info.created_ms,
        updated_ms=info.updated_ms,
        messages=info.messages,
        deleted_ms=info.deleted_ms,
        from_session=info.from_session,
        owner=owner,
    )


def _found(
    store: SessionStore, query: str, cwd: str | None, limit: int
) -> tuple[FoundMessage, ...]:
    hits = store.search(query, limit=limit if cwd is None else limit * 5)
    infos: dict[str, SessionInfo] = {}
    found: list[FoundMessage] = []
    for hit in hits:
        if hit.session not in infos:
            try:
                infos[hit.session] = store.session(hit.session)
            except StoreError:
                continue  # erased in the meantime
        info = infos[hit.session]
        if cwd is None or info.cwd == cwd:
            found.append(
                FoundMessage(
                    session=hit.session,
                    title=one_line(whose(info) or info.title or info.preview),
                    cwd=info.cwd,
                    node=hit.node,
                    kind=hit.kind,
                    at_ms=hit.at_ms,
                    snippet=hit.snippet,
                    marks=hit.marks,
                )
            )
    return tuple(found[:limit])
