"""The conversation on screen, read from the disk for the agent.

Owns the reading: beside the loop, dropped when the conversation moved on
meanwhile, and for a long path in the background, while requests wait where the
user sees them and can take them back. All methods belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.events import EngineEvent, Notice
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import view

LONG = 5_000
"""A path of more nodes than this is read while requests wait in sight."""
_PART = 1_000
_LOOK_S = 0.05


class PathReader:
    """Keeps the agent in step with the desk; `desk.stale` says that it is not."""

    def __init__(
        self,
        desk: SessionDesk,
        recorder: Recorder,
        agent: Callable[[], Agent | None],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self._desk = desk
        self._recorder = recorder
        self._agent = agent
        self._publish = publish
        self._task: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Let the agent know what was said; done when it does. Raises StoreError."""
        while self._task is not None:
            await asyncio.wait({self._task})
        while self._desk.stale and self._agent() is not None and self._desk.live is not None:
            await self._recorder.durable()
            await self._read(threading.Event())

    async def read_before_requests(self) -> None:
        """The same, or, for a long path, begin it: requests wait until it is done.

        Raises StoreError where it does not wait.
        """
        live, agent = self._desk.live, self._agent()
        if not self._desk.stale or live is None or agent is None or self._task is not None:
            return
        long = len(live.stored.path(live.stored.leaf))
        if long <= LONG:
            await self.read()
            return
        release = agent.hold()
        self._notice("info", f"Reading what was said here, {long:,} entries, for the model …")
        self._task = asyncio.create_task(self._aside(agent), name="reading a conversation")

        def over(_: object) -> None:
            self._task = None
            release()

        self._task.add_done_callback(over)

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _aside(self, agent: Agent) -> None:
        """Read until the agent is in step, or nobody waits for that any more."""
        enough = threading.Event()
        try:
            while self._desk.stale and self._desk.live is not None and not enough.is_set():
                await self._recorder.durable()
                reading = asyncio.create_task(self._read(enough), name="reading")
                await _while_wanted(reading, agent, enough)
        except StoreError as error:
            # Requests must not go on without what they are about.
            for waiting in agent.pending():
                agent.withdraw(waiting.request_id)
            words = f"What was said here could not be read: {error.message}"
            self._notice("error", f"{words} {error.hint or ''}".strip())

    async def _read(self, enough: threading.Event) -> None:
        agent, live = self._agent(), self._desk.live
        if agent is None or live is None:
            return
        tree, leaf = live.stored, live.stored.leaf
        messages = await asyncio.to_thread(_messages, live, tree, enough)
        await self._recorder.durable()
        if messages is None or self._desk.live is not live or live.stored.leaf != leaf:
            return  # the conversation has moved on: what was read is not what is said now
        agent.load(messages)
        self._desk.stale = False

    def _notice(self, level: Literal["info", "error"], words: str) -> None:
        self._publish(Notice(level, words))


async def _while_wanted(reading: asyncio.Task[None], agent: Agent, enough: threading.Event) -> None:
    """Wait for `reading`; when requests have come and all are gone again, it is not wanted."""
    came = False
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=_LOOK_S)
            waiting = bool(agent.pending())
            if came and not waiting:
                enough.set()
            came = came or waiting
    except asyncio.CancelledError:
        enough.set()
        await asyncio.wait({reading})
        raise
    await reading


def _messages(
    live: LiveSession, tree: SessionTree, enough: threading.Event
) -> tuple[ChatMessage, ...] | None:
    """What the model is shown at the leaf, read part by part; None when there was enough."""

    def read(nodes: Sequence[str]) -> Sequence[Entry]:
        found: list[Entry] = []
        for start in range(0, len(nodes), _PART):
            if enough.is_set():
                raise _GivenUpError
            found += live.read(nodes[start : start + _PART])
        return found

    try:
        return view(tree, read, tree.leaf)
    except _GivenUpError:
        return None


class _GivenUpError(Exception):
    """Nobody waits for it; never leaves the module."""
