"""The agent and the session on screen, kept in step.

Owns what must happen before a request may join a conversation (it is ours to
write, and the agent knows it) and after the conversation moved (nothing runs,
the model follows). Must not know how sessions are stored or shown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.ledger import Ledger, UsageTotals, told
from alloy_tui.domain.errors import AlloyError, StoreError, UnknownRequestError
from alloy_tui.domain.events import EngineEvent, Notice
from alloy_tui.runtime.former_lives import past_of
from alloy_tui.runtime.path_reading import PathReader
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import EffortSwitch, ModelSwitch, Opened
from alloy_tui.sessions.tree import SessionTree

_PATIENCE_S = 5.0
"""How long a cancelled request may take to end."""
_SHORT, _SMALL = 1_000, 20_000
"""A path of so many nodes, in a tree of so many, is read at once; a longer one when a
request needs it."""

_GONE = {"owned", "unknown", "conflict"}
"""Why a session will never again take what we have for it."""


class Conversing:
    """All methods belong to the engine's loop.

    `switch` lets another model answer; it may raise AlloyError. `think` says how
    hard it does, "" = as by itself.
    """

    def __init__(
        self,
        desk: SessionDesk,
        recorder: Recorder,
        *,
        agent: Callable[[], Agent | None],
        switch: Callable[[str], Awaitable[None]],
        think: Callable[[str], None],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self._desk = desk
        self._recorder = recorder
        self._agent = agent
        self._switch = switch
        self._think = think
        self.path = PathReader(desk, recorder, agent, publish)
        self._publish = publish

    async def quiet(self) -> None:
        """Cancel what runs, withdraw what waits, and wait until what was said is on disk.

        Raises StoreError when that cannot be: moving on would lose it.
        """
        agent = self._agent()
        if agent is not None:
            for waiting in agent.pending():
                agent.withdraw(waiting.request_id)
            running = agent.health().request_id
            if running is not None:
                with contextlib.suppress(TimeoutError, UnknownRequestError):
                    agent.cancel_request(running)
                    async with asyncio.timeout(_PATIENCE_S):
                        await agent.result(running)
        await self._kept()
        if self._desk.files is not None:
            await self._desk.files.settle()

    async def _kept(self) -> None:
        """Wait until what was said is on disk. Raises StoreError while it may still get there."""
        try:
            await self._recorder.durable()
        except StoreError as error:
            if error.kind not in _GONE:
                raise
            # The session was taken away from us; to hold on would keep us here for ever.
            lost = self._recorder.give_up()
            words = f"The last {lost} entries could not be stored in this session: {error.message}"
            self._publish(Notice("warning", words))

    @contextlib.contextmanager
    def held(self) -> Generator[None, None, None]:
        """Within it requests wait."""
        agent = self._agent()
        release = agent.hold() if agent is not None else lambda: None
        try:
            yield
        finally:
            release()

    async def ready(self) -> None:
        """Let the session be ours and the agent know what was said. Raises StoreError."""
        await self._ours()
        await self.path.read()

    async def awaited(self) -> None:
        """The same before a request, which waits in sight while a long path is read."""
        await self._ours()
        await self.path.read_before_requests()

    async def _ours(self) -> None:
        if self._desk.live is not None and not self._desk.live.writable:
            await self._desk.take_over()
            await self._follow_model()

    async def arrived(self, *, moved: bool = False) -> None:
        """The conversation stands elsewhere: the agent forgets the old one, its model follows.

        Whoever `moved` in a session is told when that changes the model or how
        hard it thinks.
        """
        agent, live = self._agent(), self._desk.live
        if agent is None:
            return
        agent.load((), None if moved else await self._spent())
        if not moved:
            self._publish(told(agent.usage))
        self._recorder.effort = None
        if live is None:
            return
        await self._follow_model(tell=moved)
        tree = live.stored
        if len(tree) <= _SMALL and len(tree.path(tree.leaf)) <= _SHORT:
            await self.path.read()

    async def _spent(self) -> UsageTotals:
        """What the session on screen took, in former programs as well. Raises StoreError."""
        session = self._desk.state.id
        store = await self._desk.store() if session else None
        rows = () if store is None else await asyncio.to_thread(store.spent, session=session)
        return past_of(rows).spent or Ledger().totals()

    async def _follow_model(self, *, tell: bool = False) -> None:
        agent, live = self._agent(), self._desk.live
        if agent is None or live is None:
            return
        leaf = live.stored.leaf
        wanted, effort = await asyncio.to_thread(
            lambda: (model_at(live, leaf), effort_at(live, leaf))
        )
        said = await self._follow(agent, wanted)
        before, self._recorder.effort = self._recorder.effort_now, effort
        if effort is not None and effort != before:
            self._think(effort)
            who = "" if said else "the model "
            said.append(f"{who}thinks {f'at level {effort}' if effort else 'as it does by itself'}")
        if tell and said:
            self._publish(Notice("info", f"As at this point, {' and '.join(said)} again."))

    async def _follow(self, agent: Agent, wanted: str) -> list[str]:
        """Let the model answer that did here; words about it if that is another one."""
        if wanted in {"", agent.model}:
            return []
        try:
            with self._recorder.muted():
                await self._switch(wanted)
        except AlloyError as error:
            words = f"{wanted}, which answered here, cannot be had: {error.message}"
            self._publish(Notice("warning", f"{words} {agent.model} goes on."))
            return []
        return [f"{wanted} answers"]


def model_at(live: LiveSession, node: str | None) -> str:
    """The model that answers at `node`, "" = not known. Raises StoreError."""
    switch = _last_on(live.stored, "model", node)
    if switch is not None:
        (entry,) = live.read((switch,))
        if isinstance(entry.node, ModelSwitch):
            return entry.node.to_model
    about = _about(live)
    return about.model if about is not None else ""


def effort_at(live: LiveSession, node: str | None) -> str | None:
    """How hard the model thinks at `node`, None = not known. Raises StoreError."""
    switch = _last_on(live.stored, "effort", node)
    if switch is not None:
        (entry,) = live.read((switch,))
        if isinstance(entry.node, EffortSwitch):
            return entry.node.to_effort
    about = _about(live)
    return about.effort if about is not None else None


def _last_on(tree: SessionTree, kind: str, node: str | None) -> str | None:
    """The last node of that kind on the path to `node`."""
    return next((n for n in reversed(tree.of_kind(kind)) if tree.is_ancestor(n, node)), None)


def _about(live: LiveSession) -> Opened | None:
    opened = live.read(live.stored.of_kind("opened")[:1])
    about = opened[0].node if opened else None
    return about if isinstance(about, Opened) else None
