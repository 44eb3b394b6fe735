"""Everything that an agent says and hears, into the session: the agent's journal.

Owns the order of what is told, and what of it is not on disk yet. All methods
belong to the engine's loop and none blocks it; what the store refuses stays here,
in order, and is tried again before the next request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec

from alloy_tui.agent.compaction import Compacted
from alloy_tui.agent.journal import Answered
from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.events import ToolFinished
from alloy_tui.domain.messages import ChatMessage, ToolResultBlock
from alloy_tui.runtime.growth import Growth
from alloy_tui.sessions.ids import Stamp, Stamps
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    EffortSwitch,
    Entry,
    KnownNode,
    ModelSwitch,
    ToolResult,
    UserMessage,
    entry_of,
)

_MOST_OWN = 32


class Desk(Protocol):
    """Where the entries go: the session of the moment, which begins with its first entries."""

    @property
    def live(self) -> LiveSession | None:
        """The session, None = none was begun."""
        ...

    def begin(self, entries: Sequence[Entry]) -> Awaitable[object]:
        """Begin one that holds `entries`; done when they are on disk. Raises StoreError."""
        ...

    def saved(self, entries: Sequence[Entry]) -> None:
        """These are on disk."""
        ...


class _Told(msgspec.Struct, frozen=True):
    """A node that is not on disk yet; `message` is what it holds of a user."""

    stamp: Stamp
    node: KnownNode
    message: ChatMessage | None = None


class Recorder:
    """The journal of one agent.

    With `branch` the entries grow a branch of their own beside the leaf, after
    that node (None = at the start); otherwise they follow the leaf. `effort` is
    how hard the model thinks now, "" = as it does by itself.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        agent: str,
        stamps: Stamps,
        branch: tuple[str | None] | None = None,
        effort: Callable[[], str] | None = None,
    ) -> None:
        self._desk = desk
        self._agent = agent
        self._stamps = stamps
        self._aside = branch is not None
        self.tip = branch[0] if branch is not None else None
        """The last node of a branch of its own that is on disk."""
        self._told: list[_Told] = []
        self._flying = 0
        self._work: asyncio.Task[None] | None = None
        self._growth: Growth | None = None
        self._muted = False
        self._own: dict[str, dict[str, Any]] = {}
        self._effort = effort
        self.effort: str | None = None
        """How hard the model thinks where the conversation stands, as stored; None = not known."""

    # What the agent tells.

    def said(self, message: ChatMessage) -> None:
        """See `Journal.said`. How hard the model thinks is told with the message that it is for."""
        if self._effort is not None and (now := self._effort()) != self.effort:
            before, self.effort = self.effort or "", now
            begun = self._desk.live is not None or bool(self._told)
            if begun and before != now:  # a session begins with the level that it has
                self.tell(EffortSwitch(before, now))
        details = self._own.pop(message.text, None) if message.synthetic else None
        self.tell(UserMessage(message, _storable(details)), message=message)

    @contextmanager
    def answering(
        self, model: str, so_far: Callable[[], ChatMessage | None]
    ) -> Generator[None, None, None]:
        """See `Journal.answering`."""
        growth = self._growth = Growth(self._stamps(), model, so_far, self._grow)
        try:
            yield
        finally:
            growth.stop()

    def answered(self, answer: Answered) -> None:
        """See `Journal.answered`."""
        growth, self._growth = self._growth, None
        node = Answer(
            answer.message,
            answer.model,
            answer.usage,
            answer.cost,
            answer.stop_reason,
            answer.duration_ms,
        )
        if answer.message.blocks or answer.usage.known:
            self.tell(node, stamp=growth.stamp if growth is not None else None)

    def discarded(self) -> None:
        """See `Journal.discarded`."""
        growth, self._growth = self._growth, None
        live = self._desk.live
        if growth is not None and growth.grown and live is not None and live.writable:
            live.drop(growth.stamp.id)

    def finished(self, event: ToolFinished) -> None:
        """See `Journal.finished`."""
        result = ToolResultBlock(event.id, event.content, event.is_error)
        self.tell(
            ToolResult(
                result, event.name, event.started, event.duration_ms, _storable(event.details)
            )
        )

    def switched(self, before: str, after: str) -> None:
        """See `Journal.switched`. A session that is not begun yet begins with its model."""
        live = self._desk.live
        begun = bool(self._told) if live is None else live.writable
        if begun and not self._muted and before != after:
            self.tell(ModelSwitch(before, after))

    def compacted(self, shorter: Compacted, tokens_before: int) -> None:
        """See `Journal.compacted`."""
        self.tell(Compaction(shorter.messages, tokens_before, shorter.tokens))

    def take_back(self, message: ChatMessage) -> bool:
        """See `Journal.take_back`."""
        waiting = self._told[self._flying :]
        kept = [told for told in waiting if told.message is not message]
        self._told[self._flying :] = kept
        return len(kept) < len(waiting)

    async def durable(self) -> None:
        """See `Journal.durable`."""
        while self._told:
            await asyncio.shield(self._go())

    # The rest.

    def ran(self, words: str, details: dict[str, Any]) -> None:
        """The user ran a command of which the model will be told in these words."""
        while len(self._own) >= _MOST_OWN:  # those that it was not told of
            del self._own[next(iter(self._own))]
        self._own[words] = details

    @property
    def effort_now(self) -> str:
        """How hard the model thinks now."""
        return "" if self._effort is None else self._effort()

    def give_up(self) -> int:
        """Forget what is not stored and never can be; how many nodes that were."""
        lost, self._told = len(self._told), []
        return lost

    @contextmanager
    def muted(self) -> Generator[None, None, None]:
        """Within it a switch of models is no entry: the model follows the conversation."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    def tell(
        self,
        node: KnownNode,
        *,
        stamp: Stamp | None = None,
        message: ChatMessage | None = None,
    ) -> None:
        """Keep `node` after all that was told before."""
        self._told.append(_Told(stamp or self._stamps(), node, message))
        self._go()

    def _go(self) -> asyncio.Task[None]:
        if self._work is None or self._work.done():  # and nobody was told of it yet
            self._flying = 0
            self._work = asyncio.create_task(self._write(), name="recording")
            self._work.add_done_callback(self._over)
        return self._work

    def _over(self, work: asyncio.Task[None]) -> None:
        # An error is for whoever awaits `durable`; the next to be told of tries again.
        whole = not work.cancelled() and work.exception() is None
        if self._work is not work:
            return  # the next is at it already
        self._work, self._flying = None, 0
        if whole and self._told:
            self._go()

    async def _write(self) -> None:
        while self._told:
            # All that is there goes together: one sync of the disk, and all or nothing.
            self._flying = len(self._told)
            live = self._desk.live
            entries = self._placed(live, self._told[: self._flying])
            if live is None:
                await self._desk.begin(entries)
            else:
                await asyncio.wrap_future(live.do(entries))
            del self._told[: self._flying]
            self._flying = 0
            if self._aside:
                self.tip = entries[-1].id
            self._desk.saved(entries)

    def _placed(self, live: LiveSession | None, told: Sequence[_Told]) -> list[Entry]:
        entries: list[Entry] = []
        parent = self._parent(live)
        for each in told:
            entries.append(self._entry(each.node, each.stamp, parent))
            parent = each.stamp.id
        return entries

    def _parent(self, live: LiveSession | None) -> str | None:
        if self._aside:
            return self.tip
        return None if live is None else live.tree.leaf

    def _entry(self, node: KnownNode, stamp: Stamp, parent: str | None) -> Entry:
        return entry_of(
            node,
            id=stamp.id,
            parent=parent,
            at_ms=stamp.at_ms,
            agent=self._agent,
            aside=self._aside,
        )

    def _grow(self, growth: Growth, message: ChatMessage) -> Future[None] | None:
        live = self._desk.live
        if live is None or self._told:
            return None
        node = Answer(message, message.origin or growth.model)
        entry = self._entry(node, growth.stamp, self._parent(live))
        with contextlib.suppress(StoreError):  # the whole answer will tell
            return live.grow(entry, at_once=True)
        return None


def _storable(details: dict[str, Any] | None) -> dict[str, Any] | None:
    """A tool's details if they can be written down: somebody else's tool may say anything."""
    try:
        msgspec.json.encode(details)
    except UnicodeEncodeError:
        return details  # lone surrogates; the codec knows how to spell them
    except (TypeError, ValueError, RecursionError):
        return None
    return details
