"""The blocks of an answer that is received in numbered pieces, and errors that all formats share.

Owns their order, the halves of characters between pieces, and what a break in
the middle means. Formats that number their blocks put them together here; which
event means what is theirs to know.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import Block, ChatMessage, ImageBlock, ToolCallBlock
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    StreamPart,
    TextPart,
    ThinkingPart,
)
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.tolerant_json import SurrogateJoiner, scrub
from alloy_tui.providers.wire.calls import CallIds, call_block

CUTTING: Final[frozenset[str]] = frozenset(
    {"max_tokens", "context_overflow", "refusal", "content_filter"}
)
"""The stop reasons by which an answer is cut: its last call may then be a part of one."""

# Both alphabets of base64 are seen.
_STANDARD: Final = str.maketrans("-_", "+/")


def cut_off(service: str, *, said: bool) -> ProviderError:
    """The answer ended without its end; `said` when something of it was shown."""
    return ProviderError(
        f"{service} broke off its answer before the end."
        if said
        else f"{service} ended its answer without saying anything.",
        kind="stream_cut",
        # With nothing shown there is nothing to discard: a second try is safe.
        should_retry=None if said else True,
    )


def malformed(service: str, what: str) -> ProviderError:
    """The answer breaks its own format: `service` did `what`."""
    return ProviderError(f"{service} {what}.", kind="malformed")


def nameless(service: str) -> ProviderError:
    """A call without a name: nothing can be made of it."""
    return malformed(service, "sent a tool call without a name")


def image(service: str, kind: str, data: str) -> ImageBlock:
    """An image that came as base64. Raises ProviderError when it is none."""
    try:
        found = base64.b64decode(data.translate(_STANDARD), validate=True)
    except (binascii.Error, ValueError):
        raise malformed(service, "sent an image that is not one") from None
    return ImageBlock(scrub(kind), found)


class OpenBlock:
    """A block that is being received; `kind` is text, thinking, call, or a format's own word.

    `extra` is whatever the format keeps with it.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.joiner = SurrogateJoiner()
        self.closed = False
        self.extra: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """What has come of it."""
        return "".join(self.pieces)

    def part(self, text: str) -> StreamPart:
        """`text` as a piece of this block."""
        match self.kind:
            case "thinking":
                return ThinkingPart(text)
            case "call":
                return ArgumentsPart(self.id, text)
            case _:
                return TextPart(text)


class Assembly:
    """The blocks of one answer by their numbers."""

    def __init__(self, service: str, ids: CallIds) -> None:
        self._service = service
        self._ids = ids
        self._blocks: dict[int, OpenBlock] = {}
        self._last_said = -1

    def __bool__(self) -> bool:
        return bool(self._blocks)

    @property
    def last(self) -> int:
        """The highest number so far, 0 when there is none."""
        return max(self._blocks, default=0)

    def get(self, index: int) -> OpenBlock | None:
        """The block of that number."""
        return self._blocks.get(index)

    def open(self, index: int, kind: str) -> OpenBlock:
        """Begin a block. Raises ProviderError when it was begun before."""
        if index in self._blocks:
            raise malformed(self._service, "began the same block of its answer twice")
        block = self._blocks[index] = OpenBlock(kind)
        return block

    def open_call(self, index: int, wire_id: str, name: str) -> CallPart:
        """Begin a call, announced by the part. Raises ProviderError when it has no name."""
        block = self.open(index, "call")
        block.name = scrub(name)
        if not block.name:
            raise nameless(self._service)
        block.id = self._ids.take(wire_id)
        return CallPart(block.id, block.name)

    def grow(self, index: int, block: OpenBlock, text: str) -> StreamPart | None:
        """Add `text`; None while it is held back. Raises ProviderError for text out of order."""
        if block.kind == "text":
            if index < self._last_said:
                # What was shown could no longer be joined to what is kept.
                raise malformed(self._service, "mixed up the text blocks of its answer")
            self._last_said = index
        text = block.joiner.feed(text)
        if not text:
            return None
        block.pieces.append(text)
        return block.part(text)

    def close(self, index: int) -> StreamPart | None:
        """No more of this block comes; the part is what was held back of it."""
        block = self._blocks.get(index)
        if block is None or block.closed:
            return None
        block.closed = True
        rest = block.joiner.close()
        # Half a character of a text that others have followed comes too late to be shown.
        if not rest or (block.kind == "text" and index < self._last_said):
            return None
        block.pieces.append(rest)
        return block.part(rest)

    def close_all(self) -> Iterator[StreamPart]:
        """The answer is over. Raises ProviderError inside a call: its arguments may be cut."""
        for index, block in sorted(self._blocks.items()):
            if block.kind == "call" and not block.closed:
                raise ProviderError(
                    f"{self._service} ended its answer inside a tool call.", kind="stream_cut"
                )
            if (part := self.close(index)) is not None:
                yield part

    def ordered(self) -> list[OpenBlock]:
        """The blocks as they follow each other in the answer."""
        return [block for _, block in sorted(self._blocks.items())]

    def call(self, block: OpenBlock, stop: Stop) -> ToolCallBlock:
        """A call that was received, marked where the answer was cut inside it."""
        cut = stop.reason in CUTTING and block is self._blocks[self.last]
        return call_block(block.id, block.name, block.text, cut=cut)

    def complete(
        self, blocks: list[Block], origin: str, stop: Stop, usage: TokenUsage
    ) -> Completion:
        """The whole answer. Raises ProviderError when it stopped for a call that it has not."""
        message = ChatMessage("assistant", tuple(blocks), origin=origin)
        if stop.reason == "tool_use" and not message.tool_calls:
            raise malformed(self._service, "says that the model called a tool, yet sent no call")
        return Completion(message, stop, usage)
