"""The conversation: everything that was said, and what of it the model is shown.

Owns the append-only history and the compacted view beside it, and tells who
keeps it what people and the harness said. Must not know why a run ended; the
words that mark an ending are given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from alloy_tui.domain import transcript
from alloy_tui.domain.messages import (
    ChatMessage,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)


class Conversation:
    """What was said, in order; nothing is taken out but by `clear`, `load` and `take_back`.

    `said` is told every user message that is added, results of tools aside.
    """

    def __init__(
        self,
        messages: Iterable[ChatMessage] = (),
        said: Callable[[ChatMessage], None] = lambda _: None,
    ) -> None:
        self._messages: list[ChatMessage] = []
        self._call_ids: set[str] = set()
        self._summary: tuple[ChatMessage, ...] | None = None
        self._summarised = 0
        self._told: list[ChatMessage] = []
        self._said = said
        self._take(messages)

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """Everything, as it was said."""
        return tuple(self._messages)

    def since(self, start: int) -> tuple[ChatMessage, ...]:
        """The messages from number `start` on, counted from 0."""
        return tuple(self._messages[start:])

    def append(self, message: ChatMessage) -> None:
        """Add a message at the end."""
        self._take((message,))
        if message.role == "user":
            self._said(message)

    def reserve(self, call_ids: Iterable[str]) -> None:
        """Never give these ids to other calls: views have seen them."""
        self._call_ids.update(call_ids)

    def tell(self, text: str, *, later: bool) -> None:
        """Add words that nobody typed; `later` keeps them until `told` or `settle`.

        In the middle of a turn they would come between a call and its result.
        """
        self._told.append(ChatMessage("user", (TextBlock(text),), synthetic=True))
        if not later:
            self.settle()

    def told(self) -> tuple[ChatMessage, ...]:
        """What was told and is kept, out of here: the caller adds it."""
        told, self._told = tuple(self._told), []
        return told

    def settle(self) -> None:
        """Add what was kept."""
        for message in self.told():
            self.append(message)

    def clear(self) -> None:
        """Forget everything but which call ids were used: views know calls by them."""
        self._messages.clear()
        self._told.clear()
        self._summary, self._summarised = None, 0

    def load(self, messages: Iterable[ChatMessage]) -> None:
        """Go on from `messages` in place of all that was said; nobody is told."""
        self.clear()
        self._take(messages)

    def take_back(self, message: ChatMessage) -> None:
        """Take out that very message, if it is there."""
        self._messages = [m for m in self._messages if m is not message]

    def shorten(self, messages: Sequence[ChatMessage]) -> None:
        """Show the model `messages` in place of all that was said until now."""
        self._summary, self._summarised = tuple(messages), len(self._messages)

    def view(self) -> tuple[ChatMessage, ...]:
        """What the model is shown, mended so that every wire format can send it."""
        if self._summary is None:
            return transcript.repair(self._messages)
        return transcript.repair((*self._summary, *self._messages[self._summarised :]))

    def call_ids(self) -> frozenset[str]:
        """The ids of all tool calls ever made here, cleared ones included."""
        return frozenset(self._call_ids)

    def unanswered(self) -> tuple[ToolCallBlock, ...]:
        """The calls of the last message, if it is an assistant's: their results are due."""
        if not self._messages or self._messages[-1].role != "assistant":
            return ()
        return self._messages[-1].tool_calls

    def answer(self, results: Mapping[str, ToolResultBlock]) -> tuple[ToolResultBlock, ...]:
        """Append the results of the last message's calls, in call order; every one must be there.

        Results that the harness wrote for calls that never ran count too.
        """
        due = tuple(results[call.id] for call in self.unanswered())
        if due:
            self._messages.append(ChatMessage("user", due))
        return due

    def close_with(self, words: str) -> None:
        """Mark an ending without an answer, so that the next prompt is not taken as its part.

        What counts is the model's view: it is not shown an answer of mere thoughts.
        """
        view = self.view()
        if view and view[-1].role == "user":
            self.append(ChatMessage("user", (TextBlock(f"[{words}]"),), synthetic=True))

    def _take(self, messages: Iterable[ChatMessage]) -> None:
        for message in messages:
            self._messages.append(message)
            self._call_ids.update(call.id for call in message.tool_calls)
