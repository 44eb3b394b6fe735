"""Answers in the Anthropic Messages format, streamed or whole.

Owns the decoder. Thinking and its signature are kept byte for byte, for they go
back unchanged. Requests are `anthropic_request`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from alloy_tui.domain.messages import Block, TextBlock, ThinkingBlock
from alloy_tui.domain.provider import Completion, StreamPart
from alloy_tui.domain.stops import Stop, StopReason
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.errors import from_stream
from alloy_tui.providers.framing import ServerEvent
from alloy_tui.providers.tolerant_json import count, encode, mapping, read, read_any, scrub, words
from alloy_tui.providers.wire.assembly import Assembly, cut_off, malformed
from alloy_tui.providers.wire.calls import CallIds

_STOPS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "context_overflow",
    "refusal": "refusal",
    "pause_turn": "pause",
}


class WireBlock(msgspec.Struct):
    """A content block, at its start or whole."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None


class WireDelta(msgspec.Struct):
    """What grows a block, or closes the message."""

    type: str = ""
    text: Any = None
    thinking: Any = None
    signature: str | None = None
    partial_json: Any = None
    stop_reason: str | None = None
    stop_details: Any = None


class WireMessage(msgspec.Struct):
    """A message: the shell of a stream, or the whole answer."""

    type: str = ""
    content: list[WireBlock] | None = None
    stop_reason: str | None = None
    stop_details: Any = None
    usage: Any = None
    error: Any = None


class WireEvent(msgspec.Struct):
    """One event of a stream."""

    type: str = ""
    index: int | None = None
    message: WireMessage | None = None
    content_block: WireBlock | None = None
    delta: WireDelta | None = None
    usage: Any = None
    error: Any = None


class AnthropicDecoder:
    """Decodes one answer; see `wire.answer.Decoder`.

    The answer is whole once a stop reason and `message_stop` came.
    """

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._blocks = Assembly(service, ids)
        self._stop: Stop | None = None
        self._usage: dict[str, Any] = {}

    def event(self, event: ServerEvent) -> Iterator[StreamPart]:
        """One event; `data.type` counts, the `event:` line may be missing or wrong."""
        wire = read(event.data, WireEvent)
        if wire.error or wire.type == "error" or event.name == "error":
            # llama.cpp sends the error object itself, without `error` round it.
            raise from_stream(self._service, read_any(event.data))
        match wire.type:
            case "message_start":
                self._begin(wire)
            case "content_block_start" if wire.content_block is not None:
                yield from self._open(self._index(wire), wire.content_block)
            case "content_block_delta" if wire.delta is not None:
                yield from self._grow(self._index(wire), wire.delta)
            case "content_block_stop":
                yield from self._close(self._index(wire))
            case "message_delta":
                self._count(wire.usage)
                if wire.delta is not None and wire.delta.stop_reason:
                    self._stop = _stop(wire.delta.stop_reason, wire.delta.stop_details)
            case "message_stop":
                yield from self.end(terminal=True)
            case _:
                pass  # pings, and whatever the service invents next

    def document(self, body: bytes) -> Iterator[StreamPart]:
        """A whole answer."""
        message = read(body, WireMessage)
        if message.error or message.type == "error":
            raise from_stream(self._service, read_any(body))
        for index, block in enumerate(message.content or ()):
            yield from self._open(index, block)
            yield from self._close(index)
        self._count(message.usage)
        if message.stop_reason:
            self._stop = _stop(message.stop_reason, message.stop_details)
        yield from self.end(terminal=True)

    def end(self, *, terminal: bool = False) -> Iterator[StreamPart]:
        """Close the answer; without its terminal event and a stop reason it is a cut one."""
        if not terminal or self._stop is None:
            raise cut_off(self._service, said=bool(self._blocks))
        yield from self._blocks.close_all()
        yield self._complete(self._stop)

    def _begin(self, wire: WireEvent) -> None:
        if self._blocks:
            raise malformed(self._service, "began a second answer inside the first")
        if wire.message is not None:
            # The output count here is a placeholder; the real one comes at the end.
            self._count({**mapping(wire.message.usage), "output_tokens": None})

    def _index(self, wire: WireEvent) -> int:
        return wire.index if wire.index is not None else self._blocks.last

    def _open(self, index: int, start: WireBlock) -> Iterator[StreamPart]:
        if start.type == "tool_use":
            yield self._blocks.open_call(index, start.id or "", start.name or "")
        else:
            self._blocks.open(index, start.type)
        block = self._blocks.get(index)
        assert block is not None
        block.extra = {"input": start.input, "data": start.data, "signature": []}
        first = WireDelta(text=start.text, thinking=start.thinking, signature=start.signature)
        yield from self._grow(index, first)

    def _grow(self, index: int, delta: WireDelta) -> Iterator[StreamPart]:
        block = self._blocks.get(index)
        if block is None:
            # A lost start: text can still be shown, anything else is not worth guessing at.
            if delta.text is None:
                return
            block = self._blocks.open(index, "text")
        text: Any = None
        match block.kind:
            case "text":
                text = delta.text
            case "thinking":
                block.extra["signature"].append(delta.signature or "")
                text = delta.thinking
            case "call":
                text = delta.partial_json
            case _:
                pass
        if text and (part := self._blocks.grow(index, block, words(text))) is not None:
            yield part

    def _close(self, index: int) -> Iterator[StreamPart]:
        block = self._blocks.get(index)
        if block is None or block.closed:
            return
        if (part := self._blocks.close(index)) is not None:
            yield part
        if block.kind == "call" and not block.pieces and block.extra["input"]:
            # Some servers put the input into the start of the block and send no deltas.
            block.pieces.append(encode(block.extra["input"]).decode())
            yield block.part(block.text)

    def _count(self, usage: Any) -> None:
        """Later counts replace earlier ones: they are cumulative."""
        for name, value in mapping(usage).items():
            if value is not None:
                self._usage[name] = value

    def _complete(self, stop: Stop) -> Completion:
        blocks: list[Block] = []
        for block in self._blocks.ordered():
            match block.kind:
                case "text" if block.pieces:
                    blocks.append(TextBlock(block.text))
                case "thinking":
                    signature = scrub("".join(block.extra["signature"]))
                    opaque = {"signature": signature} if signature else None
                    blocks.append(ThinkingBlock(block.text, opaque))
                case "redacted_thinking" if block.extra["data"]:
                    blocks.append(ThinkingBlock("", {"redacted": scrub(block.extra["data"])}))
                case "call":
                    blocks.append(self._blocks.call(block, stop))
                case _:
                    pass  # blocks of server-side tools, which we never ask for
        return self._blocks.complete(blocks, self._origin, stop, usage_of(self._usage))


def _stop(raw: str, details: Any) -> Stop:
    explained = mapping(details)
    said = [str(explained[k]) for k in ("category", "explanation") if explained.get(k)]
    return Stop(_STOPS.get(raw, "unknown"), scrub(raw), scrub(": ".join(said)) or None)


def usage_of(usage: dict[str, Any]) -> TokenUsage:
    """Token counts; this service reports the fresh part of the prompt by itself."""
    return TokenUsage(
        input=count(usage.get("input_tokens")),
        cache_read=count(usage.get("cache_read_input_tokens")),
        cache_write=count(usage.get("cache_creation_input_tokens")),
        output=count(usage.get("output_tokens")),
        reasoning=count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
    )
