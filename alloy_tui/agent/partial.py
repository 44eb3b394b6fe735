"""What has arrived of an answer so far, so that no interruption loses it.

Owns the accumulation of stream parts and unique call ids. Must not know why a
stream ended.
"""

from __future__ import annotations

import msgspec

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from alloy_tui.domain.provider import ArgumentsPart, CallPart, StreamPart, TextPart, ThinkingPart


class Partial:
    """The parts of one answer, in order.

    `taken` are the call ids that the conversation already holds: services that
    count from zero in each answer get their repeated ids renamed, so that an id
    means one call for the whole conversation.
    """

    def __init__(self, taken: frozenset[str] = frozenset(), origin: str | None = None) -> None:
        self.origin = origin
        self._taken = set(taken)
        self._renamed: dict[str, str] = {}
        self._kinds: list[tuple[str, str]] = []  # ("text" | "thinking" | "call", call id or "")
        self._pieces: list[list[str]] = []
        self._names: dict[str, str] = {}
        self._places: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def add(self, part: StreamPart) -> StreamPart:
        """Keep `part`; returns it with the id that the conversation will know."""
        match part:
            case TextPart(text):
                self._extend("text", text)
            case ThinkingPart(text):
                self._extend("thinking", text)
            case CallPart(id=given, name=name):
                call_id = self._fresh(given)
                self._names[call_id] = name
                self._places[call_id] = len(self._kinds)
                self._kinds.append(("call", call_id))
                self._pieces.append([])
                return CallPart(call_id, name)
            case ArgumentsPart(id=given, text=text):
                call_id = self._renamed.get(given, given)
                if call_id in self._places:
                    self._pieces[self._places[call_id]].append(text)
                return ArgumentsPart(call_id, text)
            case _:
                pass
        return part

    def holds_text(self) -> bool:
        """Whether any visible text arrived."""
        return any(kind == "text" for kind, _ in self._kinds)

    def holds_thinking(self) -> bool:
        """Whether any reasoning arrived."""
        return any(kind == "thinking" for kind, _ in self._kinds)

    def holds_call(self, call_id: str) -> bool:
        """Whether the call began in a part of its own."""
        return call_id in self._places

    def adopt(self, message: ChatMessage) -> ChatMessage:
        """The whole answer `message` with this conversation's ids and an origin."""
        seen: set[str] = set()
        blocks = tuple(
            self._known(block, seen) if isinstance(block, ToolCallBlock) else block
            for block in message.blocks
        )
        return msgspec.structs.replace(message, blocks=blocks, origin=message.origin or self.origin)

    def message(self, incomplete: str) -> ChatMessage | None:
        """What arrived as a message marked `incomplete`; None if nothing did.

        Calls in it are marked invalid: their arguments may be cut.
        """
        blocks: list[Block] = []
        for (kind, call_id), pieces in zip(self._kinds, self._pieces, strict=True):
            text = "".join(pieces)
            if kind == "text":
                blocks.append(TextBlock(text))
            elif kind == "thinking":
                blocks.append(ThinkingBlock(text))
            else:
                blocks.append(ToolCallBlock(call_id, self._names[call_id], {}, invalid=text))
        if not blocks:
            return None
        return ChatMessage("assistant", tuple(blocks), self.origin, incomplete)

    def _extend(self, kind: str, text: str) -> None:
        if not text:  # an empty piece shows nothing, so it must not forbid a retry
            return
        if not self._kinds or self._kinds[-1][0] != kind:
            self._kinds.append((kind, ""))
            self._pieces.append([])
        self._pieces[-1].append(text)

    def _known(self, call: ToolCallBlock, seen: set[str]) -> ToolCallBlock:
        call_id = self._renamed.get(call.id, "")
        if not call_id or call_id in seen:
            call_id = self._fresh(call.id)
        seen.add(call_id)
        return call if call_id == call.id else msgspec.structs.replace(call, id=call_id)

    def _fresh(self, given: str) -> str:
        call_id, number = given or "call", 2
        while call_id in self._taken:
            call_id, number = f"{given or 'call'}-{number}", number + 1
        self._taken.add(call_id)
        self._renamed[given] = call_id
        return call_id
