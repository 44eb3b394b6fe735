"""Answers in the Gemini format, streamed or whole.

Owns the decoder. A signature belongs to the very part that it came on: a signed
part is never joined with another, and goes back as it came. Requests are
`gemini_request`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
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
from alloy_tui.providers.wire.assembly import cut_off, image, nameless
from alloy_tui.providers.wire.calls import CallIds

_STOPS: dict[str, StopReason] = {
    "STOP": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "IMAGE_OTHER": "content_filter",
    "NO_IMAGE": "malformed",
    "OTHER": "malformed",
    "MALFORMED_FUNCTION_CALL": "malformed",
    "MALFORMED_RESPONSE": "malformed",
    "UNEXPECTED_TOOL_CALL": "malformed",
    "MISSING_THOUGHT_SIGNATURE": "malformed",
    "TOO_MANY_TOOL_CALLS": "malformed",
    "CONTINUATION": "pause",
}


class WireCall(msgspec.Struct, rename="camel"):
    """A tool call; its arguments come whole."""

    id: str | None = None
    name: str | None = None
    args: Any = None


class WirePart(msgspec.Struct, rename="camel"):
    """A part of the content; one of its data fields is there."""

    text: Any = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: WireCall | None = None
    inline_data: Any = None


class WireContent(msgspec.Struct):
    """The content of a candidate."""

    parts: list[WirePart] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One of the answers; we ask for one only."""

    index: int | None = None
    content: WireContent | None = None
    finish_reason: str | None = None
    finish_message: str | None = None


class Chunk(msgspec.Struct, rename="camel"):
    """One event, or the whole document."""

    candidates: list[Candidate] | None = None
    usage_metadata: Any = None
    prompt_feedback: Any = None
    error: Any = None


class _Run:
    """Text or thinking that goes on over several parts."""

    def __init__(self, kind: Literal["text", "thinking"]) -> None:
        self.kind = kind
        self.pieces: list[str] = []
        self.signature: str | None = None


class GeminiDecoder:
    """Decodes one answer; see `wire.answer.Decoder`.

    The format has no terminal event: the answer is whole when a finish reason
    came and the body ended.
    """

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._ids = ids
        self._blocks: list[_Run | Block] = []
        self._joiner = SurrogateJoiner()
        self._stop: Stop | None = None
        self._usage: dict[str, Any] = {}

    def event(self, event: ServerEvent) -> Iterator[StreamPart]:
        """One `data:` payload."""
        if event.data.strip() == b"[DONE]":
            return  # not of this format, yet some gateways add it
        yield from self._chunk(event.data)

    def document(self, body: bytes) -> Iterator[StreamPart]:
        """A whole answer; or the list of chunks that comes where events were not asked for."""
        value = read_any(body)
        chunks = cast("list[Any]", value) if isinstance(value, list) else [value]
        for chunk in chunks:
            yield from self._chunk(encode(chunk))
        yield from self.end()

    def end(self) -> Iterator[StreamPart]:
        """Close the answer, if it has a finish reason."""
        if self._stop is None:
            raise cut_off(self._service, said=bool(self._blocks))
        yield from self._close_run()
        yield self._complete(self._stop)

    def _chunk(self, data: bytes) -> Iterator[StreamPart]:
        chunk = read(data, Chunk)
        if chunk.error:
            raise from_stream(self._service, read_any(data))
        if mapping(chunk.usage_metadata):
            self._usage = mapping(chunk.usage_metadata)
        blocked = mapping(chunk.prompt_feedback).get("blockReason")
        if blocked and not chunk.candidates:
            said = mapping(chunk.prompt_feedback).get("blockReasonMessage")
            detail = scrub(str(said)) if said else "The request was blocked."
            self._stop = Stop("content_filter", scrub(str(blocked)), detail)
        for candidate in chunk.candidates or ():
            if candidate.index not in (0, None):
                continue
            for part in (candidate.content and candidate.content.parts) or ():
                yield from self._part(part)
            if candidate.finish_reason:
                raw = scrub(candidate.finish_reason)
                detail = scrub(candidate.finish_message or "") or None
                self._stop = Stop(_STOPS.get(raw, "unknown"), raw, detail)

    def _part(self, part: WirePart) -> Iterator[StreamPart]:
        signature = scrub(part.thought_signature or "") or None
        if part.function_call is not None:
            yield from self._close_run()
            yield from self._call(part.function_call, signature)
        elif part.inline_data is not None:
            yield from self._close_run()
            data = mapping(part.inline_data)
            kind = str(data.get("mimeType") or "image/png")
            self._blocks.append(image(self._service, kind, str(data.get("data") or "")))
        elif part.text is not None and (part.text or signature):
            yield from self._say(
                words(part.text), "thinking" if part.thought else "text", signature
            )

    def _say(
        self, text: str, kind: Literal["text", "thinking"], signature: str | None
    ) -> Iterator[StreamPart]:
        last = self._blocks[-1] if self._blocks else None
        if not (isinstance(last, _Run) and last.kind == kind) or signature or last.signature:
            yield from self._close_run()
            last = _Run(kind)
            last.signature = signature
            self._blocks.append(last)
        text = self._joiner.feed(text)
        if text:
            last.pieces.append(text)
            yield ThinkingPart(text) if kind == "thinking" else TextPart(text)

    def _close_run(self) -> Iterator[StreamPart]:
        """Half a surrogate pair goes no further than the block that it stands in."""
        rest = self._joiner.close()
        last = self._blocks[-1] if self._blocks else None
        if rest and isinstance(last, _Run):
            last.pieces.append(rest)
            yield ThinkingPart(rest) if last.kind == "thinking" else TextPart(rest)

    def _call(self, call: WireCall, signature: str | None) -> Iterator[StreamPart]:
        name = scrub(call.name or "")
        if not name:
            raise nameless(self._service)
        call_id = self._ids.take(call.id or "")
        args = scrub_all({} if call.args is None else call.args)
        raw = encode(args).decode()
        yield CallPart(call_id, name)
        yield ArgumentsPart(call_id, raw)
        opaque = {k: v for k, v in (("signature", signature), ("id", call.id)) if v}
        valid = isinstance(args, dict)
        self._blocks.append(
            ToolCallBlock(
                call_id, name, mapping(args), None if valid else raw, scrub_all(opaque) or None
            )
        )

    def _complete(self, stop: Stop) -> Completion:
        blocks: list[Block] = []
        for block in self._blocks:
            if not isinstance(block, _Run):
                blocks.append(block)
                continue
            opaque = {"signature": block.signature} if block.signature else None
            text = "".join(block.pieces)
            if text or opaque:
                made = ThinkingBlock if block.kind == "thinking" else TextBlock
                blocks.append(made(text, opaque))
        message = ChatMessage("assistant", tuple(blocks), origin=self._origin)
        if stop.reason == "end_turn" and message.tool_calls:
            stop = Stop("tool_use", stop.raw, stop.detail)
        return Completion(message, stop, usage_of(self._usage))


def usage_of(usage: dict[str, Any]) -> TokenUsage:
    """Token counts; this service counts thoughts beside the answer, and cached input within it."""
    prompt = count(usage.get("promptTokenCount"))
    cached = count(usage.get("cachedContentTokenCount"))
    tools = count(usage.get("toolUsePromptTokenCount"))
    said = count(usage.get("candidatesTokenCount"))
    thought = count(usage.get("thoughtsTokenCount"))
    fresh = None if prompt is None else prompt + (tools or 0) - (cached or 0)
    output = None if said is None and thought is None else (said or 0) + (thought or 0)
    return TokenUsage(
        input=fresh if fresh is None or fresh >= 0 else None,
        cache_read=cached,
        output=output,
        reasoning=thought,
    )
