"""Answers in the Bedrock Converse format, streamed or whole.

Owns the decoder. The stream's usage comes after its stop reason, so that the
answer is whole only then. Requests are `bedrock_request`'s business.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import Block, TextBlock, ThinkingBlock
from alloy_tui.domain.provider import Completion, StreamPart
from alloy_tui.domain.stops import Stop, StopReason
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.errors import from_stream
from alloy_tui.providers.framing import ServerEvent
from alloy_tui.providers.tolerant_json import (
    count,
    encode,
    mapping,
    read,
    read_any,
    scrub,
    scrub_all,
    words,
)
from alloy_tui.providers.wire.assembly import Assembly, OpenBlock, cut_off, image, malformed
from alloy_tui.providers.wire.calls import CallIds

_STOPS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "context_overflow",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "refusal": "refusal",
    "malformed_model_output": "malformed",
    "malformed_tool_use": "malformed",
}


class WireEvent(msgspec.Struct, rename="camel"):
    """The inside of any event of a stream."""

    content_block_index: int | None = None
    start: Any = None
    delta: Any = None
    stop_reason: str | None = None
    usage: Any = None


class Whole(msgspec.Struct, rename="camel"):
    """A plain answer."""

    output: Any = None
    stop_reason: str | None = None
    usage: Any = None


class BedrockDecoder:
    """Decodes one answer; see `wire.answer.Decoder`."""

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._blocks = Assembly(service, ids)
        self._stop: Stop | None = None
        self._usage: dict[str, Any] = {}

    def event(self, event: ServerEvent) -> Iterator[StreamPart]:
        """One event by its type; exceptions begin with an exclamation mark."""
        if event.name.startswith("!"):
            raise self._fault(event)
        wire = read(event.data, WireEvent) if event.data.strip() else WireEvent()
        index = wire.content_block_index or 0
        match event.name:
            case "messageStart" if self._blocks:
                raise malformed(self._service, "began a second answer inside the first")
            case "contentBlockStart":
                if (announced := self._start(index, mapping(wire.start))) is not None:
                    yield announced
            case "contentBlockDelta":
                if (grown := self._grow(index, mapping(wire.delta))) is not None:
                    yield grown
            case "contentBlockStop":
                if (rest := self._blocks.close(index)) is not None:
                    yield rest
            case "messageStop" if wire.stop_reason:
                self._stop = _stop(wire.stop_reason)
            case "metadata":
                self._usage = mapping(wire.usage)
                # Its place is last; where it came early, the end of the body closes the answer.
                if self._stop is not None:
                    yield from self.end()
            case _:
                pass  # messageStart, and whatever the service invents next

    def document(self, body: bytes) -> Iterator[StreamPart]:
        """A whole answer."""
        whole = read(body, Whole)
        if whole.output is None:
            raise from_stream(self._service, read_any(body))
        content = mapping(mapping(whole.output).get("message")).get("content")
        blocks = cast("list[Any]", content) if isinstance(content, list) else []
        for index, block in enumerate(blocks):
            yield from self._take(index, mapping(block))
        self._usage = mapping(whole.usage)
        self._stop = _stop(whole.stop_reason) if whole.stop_reason else None
        yield from self.end()

    def end(self) -> Iterator[StreamPart]:
        """Close the answer, if it has a stop reason: the figures after it may be missing."""
        if self._stop is None:
            raise cut_off(self._service, said=bool(self._blocks))
        yield from self._blocks.close_all()
        yield self._complete(self._stop)

    def _fault(self, event: ServerEvent) -> ProviderError:
        try:
            said = mapping(read_any(event.data)) if event.data else {}
        except ProviderError:
            said = {"message": event.data.decode("utf-8", "replace")}
        message = said.get("message") or said.get("Message") or said.get("originalMessage") or ""
        return from_stream(
            self._service, {"message": message, "type": event.name.removeprefix("!")}
        )

    def _start(self, index: int, start: dict[str, Any]) -> StreamPart | None:
        if call := mapping(start.get("toolUse")):
            wire_id, name = str(call.get("toolUseId") or ""), str(call.get("name") or "")
            return self._blocks.open_call(index, wire_id, name)
        if "image" in start:
            self._open(index, "image", start)
        elif self._blocks.get(index) is not None:
            raise malformed(self._service, "began the same block of its answer twice")
        return None

    def _open(self, index: int, kind: str, given: dict[str, Any]) -> OpenBlock:
        block = self._blocks.open(index, kind)
        form = mapping(given.get("image")).get("format")
        block.extra = {"signature": [], "redacted": [], "data": [], "format": _string(form)}
        return block

    def _grow(self, index: int, delta: dict[str, Any]) -> StreamPart | None:
        kind, block = _kind(delta), self._blocks.get(index)
        if block.closed if block is not None else kind == "call":
            # Words have no start event; of a call without a name nothing can be made.
            raise malformed(self._service, "mixed up the blocks of its answer")
        if block is None:
            block = self._open(index, kind, delta)
        if block.kind != kind:
            return None
        text: Any = None
        match kind:
            case "call":
                text = mapping(delta["toolUse"]).get("input")
            case "thinking":
                thought = mapping(delta.get("reasoningContent"))
                block.extra["signature"].append(_string(thought.get("signature")))
                block.extra["redacted"].append(_string(thought.get("redactedContent")))
                text = thought.get("text")
            case "image":
                source = mapping(mapping(delta["image"]).get("source"))
                block.extra["data"].append(_string(source.get("bytes")))
            case _:
                text = delta.get("text")
        return self._blocks.grow(index, block, words(text))

    def _take(self, index: int, given: dict[str, Any]) -> Iterator[StreamPart]:
        """A block of a whole answer."""
        call, thought = mapping(given.get("toolUse")), mapping(given.get("reasoningContent"))
        delta = given
        if call:
            yield from filter(None, [self._start(index, given)])
            delta = {"toolUse": {"input": encode(scrub_all(call.get("input") or {})).decode()}}
        elif thought:
            delta = {"reasoningContent": mapping(thought.get("reasoningText")) or thought}
        yield from filter(None, [self._grow(index, delta), self._blocks.close(index)])

    def _complete(self, stop: Stop) -> Completion:
        blocks: list[Block] = []
        for block in self._blocks.ordered():
            match block.kind:
                case "text" if block.pieces:
                    blocks.append(TextBlock(block.text))
                case "thinking":
                    signed = scrub("".join(block.extra["signature"]))
                    given = (("signature", signed), ("redacted", _one(block.extra["redacted"])))
                    opaque = {k: scrub(v) for k, v in given if v}
                    blocks.append(ThinkingBlock(block.text, opaque or None))
                case "image" if any(block.extra["data"]):
                    kind = f"image/{block.extra['format'] or 'png'}"
                    blocks.append(image(self._service, kind, _one(block.extra["data"])))
                case "call":
                    blocks.append(self._blocks.call(block, stop))
                case _:
                    pass
        return self._blocks.complete(blocks, self._origin, stop, usage_of(self._usage))


def _kind(delta: dict[str, Any]) -> str:
    if "toolUse" in delta:
        return "call"
    if "image" in delta:
        return "image"
    return "thinking" if "reasoningContent" in delta else "text"


def _one(pieces: list[str]) -> str:
    """Pieces of base64 as one text of it: each of them is padded by itself."""
    given = [p for p in pieces if p]
    if len(given) < 2:
        return "".join(given)
    try:
        return base64.b64encode(b"".join(base64.b64decode(p) for p in given)).decode()
    except (binascii.Error, ValueError):
        return "".join(given)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _stop(raw: str) -> Stop:
    return Stop(_STOPS.get(raw, "unknown"), scrub(raw))


def usage_of(usage: dict[str, Any]) -> TokenUsage:
    """Token counts; this service reports the fresh part of the prompt by itself."""
    return TokenUsage(
        input=count(usage.get("inputTokens")),
        cache_read=count(usage.get("cacheReadInputTokens")),
        cache_write=count(usage.get("cacheWriteInputTokens")),
        output=count(usage.get("outputTokens")),
    )
