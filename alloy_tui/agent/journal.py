"""The seam for keeping what is said: an agent tells its journal, and waits for it before it asks.

Owns the protocol and the journal that keeps nothing. Must not know of stores. A
journal is told everything that enters the conversation, in order; telling never
blocks and never fails, `durable` is where failures come out.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import msgspec

from alloy_tui.agent.compaction import Compacted
from alloy_tui.domain.events import ToolFinished
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.usage import TokenUsage


class Answered(msgspec.Struct, frozen=True):
    """An answer as it entered the conversation, whole or cut; its blocks may be none.

    `cost` is in US dollars, None = unknown; `duration_ms` from request to end.
    """

    message: ChatMessage
    model: str
    usage: TokenUsage
    cost: float | None = None
    stop_reason: str | None = None
    duration_ms: int = 0


class Journal(Protocol):
    """Who keeps a conversation; all methods belong to the agent's loop."""

    def said(self, message: ChatMessage) -> None:
        """A user message, or words of the harness in a user's place."""
        ...

    def answering(
        self, model: str, so_far: Callable[[], ChatMessage | None]
    ) -> AbstractContextManager[object]:
        """Within it `model` answers; `so_far` tells what has arrived, None = nothing yet."""
        ...

    def answered(self, answer: Answered) -> None:
        """An answer is over."""
        ...

    def discarded(self) -> None:
        """The answer broke off and is asked for anew: what grew of it is no part of the path."""
        ...

    def finished(self, event: ToolFinished) -> None:
        """A tool call has its one result."""
        ...

    def switched(self, before: str, after: str) -> None:
        """Another model answers from here on."""
        ...

    def compacted(self, shorter: Compacted, tokens_before: int) -> None:
        """The model is shown `shorter` in place of all that was told until now."""
        ...

    def take_back(self, message: ChatMessage) -> bool:
        """Forget a message that could not be kept; false when it is kept after all."""
        ...

    async def durable(self) -> None:
        """Wait until all that was told is kept. Raises StoreError; what was told is not lost."""
        ...


class NoJournal:
    """Keeps nothing."""

    def said(self, message: ChatMessage) -> None:
        """See `Journal.said`."""

    def answering(
        self, model: str, so_far: Callable[[], ChatMessage | None]
    ) -> AbstractContextManager[object]:
        """See `Journal.answering`."""
        del model, so_far
        return nullcontext()

    def answered(self, answer: Answered) -> None:
        """See `Journal.answered`."""

    def discarded(self) -> None:
        """See `Journal.discarded`."""

    def finished(self, event: ToolFinished) -> None:
        """See `Journal.finished`."""

    def switched(self, before: str, after: str) -> None:
        """See `Journal.switched`."""

    def compacted(self, shorter: Compacted, tokens_before: int) -> None:
        """See `Journal.compacted`."""

    def take_back(self, message: ChatMessage) -> bool:
        """See `Journal.take_back`."""
        del message
        return False

    async def durable(self) -> None:
        """See `Journal.durable`."""
