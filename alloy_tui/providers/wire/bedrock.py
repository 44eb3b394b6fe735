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
from alloy_tui.domain.messages import Block, ChatMessage, TextBlock, ThinkingBlock
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    StreamPart,
    TextPart,
    ThinkingPart,
)
from alloy_tui.domain.stops import Stop, StopReason
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.errors import from_stream
from alloy_tui.providers.framing import ServerEvent
from alloy_tui.providers.tolerant_json import (
    SurrogateJoiner,
    count,
    encode,
    mapping,
    read,
    read_any,
    scrub,
    scrub_all,
    words,
)
from alloy_tui.providers.wire.calls import CallIds, call_block

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
_CUTTING: frozenset[str] = frozenset({"max_tokens", "context_overflow", "content_filter"})


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


class _Open:
    """A block that is being received."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.joiner = SurrogateJoiner()
        self.signature: list[str] = []
        self.redacted: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class BedrockDecoder:
    """Decodes one answer; see `wire.answer.Decoder`."""

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._ids = ids
        self._blocks: dict[int, _Open] = {}
        self._closed: set[int] = set()
        self._last_said = -1
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
                raise ProviderError(
                    f"{self._service} began a second answer inside the first.", kind="malformed"
                )
            case "contentBlockStart":
                yield from self._start(index, mapping(mapping(wire.start).get("toolUse")))
            case "contentBlockDelta":
                yield from self._grow(index, mapping(wire.delta))
            case "contentBlockStop":
                yield from self._close(index)
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
            raise ProviderError(
                f"{self._service} broke off its answer before the end."
                if self._blocks
                else f"{self._service} ended its answer without saying anything.",
                kind="stream_cut",
                # With nothing shown there is nothing to discard: a second try is safe.
                should_retry=None if self._blocks else True,
            )
        for index, block in sorted(self._blocks.items()):
            if block.kind == "call" and index not in self._closed:
                raise ProviderError(
                    f"{self._service} ended its answer inside a tool call.", kind="stream_cut"
                )
            yield from self._close(index)
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

    def _start(self, index: int, call: dict[str, Any]) -> Iterator[StreamPart]:
        if index in self._blocks:
            raise ProviderError(
                f"{self._service} began the same block of its answer twice.", kind="malformed"
            )
        if not call:
            return
        block = self._blocks[index] = _Open("call")
        block.name = scrub(str(call.get("name") or ""))
        if not block.name:
            raise ProviderError(
                f"{self._service} sent a tool call without a name.", kind="malformed"
            )
        block.id = self._ids.take(str(call.get("toolUseId") or ""))
        yield CallPart(block.id, block.name)

    def _grow(self, index: int, delta: dict[str, Any]) -> Iterator[StreamPart]:
        thought = mapping(delta.get("reasoningContent"))
        kind = _kind(delta)
        if index in self._closed or (kind == "call" and index not in self._blocks):
            # Words have no start event; of a call without a name nothing can be made.
            raise ProviderError(
                f"{self._service} mixed up the blocks of its answer.", kind="malformed"
            )
        block = self._blocks.setdefault(index, _Open(kind))
        if block.kind != kind:
            return
        if kind == "call":
            yield from self._piece(block, mapping(delta["toolUse"]).get("input"))
        elif kind == "thinking":
            block.signature.append(_string(thought.get("signature")))
            block.redacted.append(_string(thought.get("redactedContent")))
            yield from self._piece(block, thought.get("text"))
        else:
            self._in_order(index)
            yield from self._piece(block, delta.get("text"))

    def _take(self, index: int, given: dict[str, Any]) -> Iterator[StreamPart]:
        """A block of a whole answer."""
        call = mapping(given.get("toolUse"))
        if call:
            yield from self._start(index, call)
            piece = encode(scrub_all(call.get("input") or {})).decode()
            yield from self._grow(index, {"toolUse": {"input": piece}})
        elif "reasoningContent" in given:
            thought = mapping(given["reasoningContent"])
            yield from self._grow(
                index, {"reasoningContent": mapping(thought.get("reasoningText")) or thought}
            )
        else:
            yield from self._grow(index, given)
        yield from self._close(index)

    def _in_order(self, index: int) -> None:
        if index < self._last_said:
            # What was shown could no longer be joined to what is kept.
            raise ProviderError(
                f"{self._service} mixed up the text blocks of its answer.", kind="malformed"
            )
        self._last_said = index

    def _piece(self, block: _Open, text: Any) -> Iterator[StreamPart]:
        joined = block.joiner.feed(words(text))
        if joined:
            block.pieces.append(joined)
            yield _part(block, joined)

    def _close(self, index: int) -> Iterator[StreamPart]:
        block = self._blocks.get(index)
        if block is None or index in self._closed:
            return
        self._closed.add(index)
        rest = block.joiner.close()
        # Half a character of a text that others have followed comes too late to be shown.
        if rest and (block.kind != "text" or index >= self._last_said):
            block.pieces.append(rest)
            yield _part(block, rest)

    def _complete(self, stop: Stop) -> Completion:
        ordered = [self._blocks[i] for i in sorted(self._blocks)]
        blocks: list[Block] = []
        for block in ordered:
            match block.kind:
                case "text" if block.pieces:
                    blocks.append(TextBlock(block.text))
                case "thinking":
                    signed, hidden = scrub("".join(block.signature)), _one(block.redacted)
                    given = (("signature", signed), ("redacted", scrub(hidden)))
                    opaque = {k: v for k, v in given if v}
                    blocks.append(ThinkingBlock(block.text, opaque or None))
                case "call":
                    cut = stop.reason in _CUTTING and block is ordered[-1]
                    blocks.append(call_block(block.id, block.name, block.text, cut=cut))
                case _:
                    pass
        message = ChatMessage("assistant", tuple(blocks), origin=self._origin)
        if stop.reason == "tool_use" and not message.tool_calls:
            raise ProviderError(
                f"{self._service} says that the model called a tool, yet sent no call.",
                kind="malformed",
            )
        return Completion(message, stop, usage_of(self._usage))


def _part(block: _Open, text: str) -> StreamPart:
    match block.kind:
        case "thinking":
            return ThinkingPart(text)
        case "call":
            return ArgumentsPart(block.id, text)
        case _:
            return TextPart(text)


def _kind(delta: dict[str, Any]) -> str:
    if "toolUse" in delta:
        return "call"
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
