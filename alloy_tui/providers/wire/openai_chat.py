"""Answers in the Chat Completions format, streamed or whole.

Owns the decoder and its tolerance for what compatible servers make of the
format: tool calls without index, with one index for all, whole in one delta,
or with name and id repeated. Requests are `openai_chat_request`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import Block, ChatMessage, ImageBlock, TextBlock, ThinkingBlock
from alloy_tui.domain.provider import Completion, StreamPart, TextPart, ThinkingPart
from alloy_tui.domain.stops import Stop, StopReason
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.errors import from_stream
from alloy_tui.providers.framing import ServerEvent
from alloy_tui.providers.tolerant_json import (
    SurrogateJoiner,
    amount,
    count,
    mapping,
    read,
    read_any,
    scrub,
    scrub_all,
    words,
)
from alloy_tui.providers.wire.assembly import CUTTING, cut_off, image
from alloy_tui.providers.wire.calls import CallIds
from alloy_tui.providers.wire.openai_calls import CallAssembly, CallDelta

_STOPS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filter",
}


class Delta(msgspec.Struct):
    """A delta of a stream, or the message of a whole answer."""

    content: Any = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Any] | None = None
    tool_calls: list[CallDelta] | None = None
    function_call: Any = None
    images: list[Any] | None = None


class Choice(msgspec.Struct):
    """One of the answers; we ask for one only."""

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """One event, or the whole document."""

    choices: list[Choice] | None = None
    usage: Any = None
    x_groq: Any = None
    error: Any = None


class OpenAIChatDecoder:
    """Decodes one answer; see `wire.answer.Decoder`.

    The answer is whole once a finish reason came and the body ended cleanly or
    `[DONE]` was seen. `[DONE]` alone is not enough: it ends broken answers too.
    """

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._refusal: list[str] = []
        self._details: list[dict[str, Any]] = []
        self._reasoning_field: str | None = None
        self._text_joiner = SurrogateJoiner()
        self._thinking_joiner = SurrogateJoiner()
        self._calls = CallAssembly(service, ids)
        self._images: list[ImageBlock] = []
        self._retired_call = False
        self._in_parts = False
        self._signed = ""
        self._finish: str | None = None
        self._usage: dict[str, Any] = {}

    def event(self, event: ServerEvent) -> Iterator[StreamPart]:
        """One `data:` payload."""
        if event.data.strip() == b"[DONE]":
            yield from self.end()
            return
        chunk = read(event.data, Chunk)
        if event.name == "error":
            raise from_stream(self._service, read_any(event.data))
        self._check(chunk, event.data)
        for choice in self._ours(chunk):
            if choice.delta is not None:
                yield from self._delta(choice.delta)
            self._finish = choice.finish_reason or self._finish

    def document(self, body: bytes) -> Iterator[StreamPart]:
        """A whole answer."""
        chunk = read(body, Chunk)
        self._check(chunk, body)
        for choice in self._ours(chunk):
            message = choice.message or choice.delta
            if message is not None:
                yield from self._delta(message)
            self._finish = choice.finish_reason or self._finish
        yield from self.end()

    def end(self) -> Iterator[StreamPart]:
        """Close the answer, if it has a finish reason."""
        if self._finish is None:
            said = bool(self._text or self._thinking or self._calls)
            raise cut_off(self._service, said=said)
        yield from self._flush()
        yield self._complete(self._finish)

    def _ours(self, chunk: Chunk) -> list[Choice]:
        return [c for c in chunk.choices or () if c.index in (0, None)][:1]

    def _check(self, chunk: Chunk, data: bytes) -> None:
        groq = mapping(chunk.x_groq)
        error = chunk.error or groq.get("error")
        if error:
            raise from_stream(self._service, error)
        if any(c.finish_reason == "error" for c in self._ours(chunk)):
            raise ProviderError(
                f"{self._service} reported that the model failed in the middle of its answer.",
                kind="server_error",
            )
        if chunk.choices is None and chunk.usage is None and b'"message"' in data:
            self._check_bare_fault(data)
        usage = mapping(chunk.usage) or mapping(groq.get("usage"))
        if usage:
            self._usage = usage

    def _check_bare_fault(self, data: bytes) -> None:
        """Some servers send the error object itself, without `error` round it."""
        fault = read(data, BareFault)
        if fault.object == "error" or fault.type.endswith("error"):
            raise from_stream(self._service, msgspec.to_builtins(fault))

    def _delta(self, delta: Delta) -> Iterator[StreamPart]:
        yield from self._reason(delta)
        content = cast("object", delta.content)
        if isinstance(content, list):
            for item in cast("list[Any]", content):
                part = mapping(item)
                if part.get("type") == "thinking":
                    self._in_parts = True
                    self._signed = scrub(str(part.get("signature") or "")) or self._signed
                    yield from self._think(_thought(part.get("thinking")))
                elif isinstance(part.get("text"), str):
                    yield from self._say(part["text"])
        elif content:
            yield from self._say(words(content))
        if delta.refusal:
            self._refusal.append(delta.refusal)
            yield from self._say(delta.refusal)
        if delta.function_call:
            self._retired_call = True
        for given in delta.images or ():
            self._draw(str(mapping(mapping(given).get("image_url")).get("url") or ""))
        for call in delta.tool_calls or ():
            yield from self._calls.feed(call)

    def _draw(self, url: str) -> None:
        """An image as OpenRouter brings it, in its address; what lies elsewhere is not fetched."""
        kind, comma, data = url.removeprefix("data:").partition(";base64,")
        if comma and url.startswith("data:"):
            self._images.append(image(self._service, kind, data))

    def _reason(self, delta: Delta) -> Iterator[StreamPart]:
        details = [mapping(d) for d in delta.reasoning_details or ()]
        for detail in details:
            self._merge(scrub_all(detail))
        if delta.reasoning_content is not None:
            self._reasoning_field = "reasoning_content"
            yield from self._think(delta.reasoning_content)
        elif delta.reasoning is not None:
            self._reasoning_field = self._reasoning_field or "reasoning"
            yield from self._think(delta.reasoning)
        else:
            for detail in details:
                said = detail.get("text") or detail.get("summary")
                if isinstance(said, str):
                    yield from self._think(said)

    def _merge(self, detail: dict[str, Any]) -> None:
        """Join the pieces of one reasoning detail; the whole list goes back unchanged."""
        index = detail.get("index")
        for known in self._details:
            if index is not None and known.get("index") == index:
                for key, value in detail.items():
                    if key in ("text", "summary", "data") and isinstance(known.get(key), str):
                        known[key] += value if isinstance(value, str) else ""
                    elif value is not None:
                        known[key] = value
                return
        self._details.append(detail)

    def _say(self, text: str) -> Iterator[StreamPart]:
        text = self._text_joiner.feed(text)
        if text:
            self._text.append(text)
            yield TextPart(text)

    def _think(self, text: str) -> Iterator[StreamPart]:
        text = self._thinking_joiner.feed(text)
        if text:
            self._thinking.append(text)
            yield ThinkingPart(text)

    def _flush(self) -> Iterator[StreamPart]:
        rest = self._thinking_joiner.close()
        if rest:
            self._thinking.append(rest)
            yield ThinkingPart(rest)
        rest = self._text_joiner.close()
        if rest:
            self._text.append(rest)
            yield TextPart(rest)

    def _complete(self, finish: str) -> Completion:
        reason = _STOPS.get(finish, "unknown")
        if self._retired_call:
            raise ProviderError(
                f"{self._service} asked for a tool in the retired function_call form,"
                " which cannot be answered.",
                kind="malformed",
            )
        calls = self._calls.close(cut=reason in CUTTING)
        if reason == "tool_use" and not calls:
            raise ProviderError(
                f"{self._service} says that the model called a tool, yet sent no call.",
                kind="malformed",
            )
        blocks: list[Block] = []
        opaque = self._opaque()
        if self._thinking or opaque:
            blocks.append(ThinkingBlock("".join(self._thinking), opaque))
        if self._text:
            blocks.append(TextBlock("".join(self._text)))
        blocks += [*self._images, *calls]
        stop = Stop(reason, scrub(finish))
        if self._refusal:
            stop = Stop("refusal", scrub(finish), scrub("".join(self._refusal)))
        return Completion(
            ChatMessage("assistant", tuple(blocks), origin=self._origin),
            stop,
            usage_of(self._usage),
            reported_cost=amount(self._usage.get("cost")),
        )

    def _opaque(self) -> dict[str, Any] | None:
        opaque: dict[str, Any] = {}
        if self._reasoning_field is not None:
            opaque["field"] = self._reasoning_field
        if self._details:
            opaque["reasoning_details"] = self._details
        if self._in_parts:
            opaque["parts"] = True
            if self._signed:
                opaque["signature"] = self._signed
        return opaque or None


class BareFault(msgspec.Struct):
    """An error object that stands alone."""

    object: str = ""
    type: str = ""
    message: str = ""
    code: Any = None


def _thought(pieces: Any) -> str:
    """The words of a `thinking` content part: a string or a list of text parts."""
    if isinstance(pieces, list):
        said = (mapping(p).get("text") for p in cast("list[Any]", pieces))
        return "".join(s for s in said if isinstance(s, str))
    return pieces if isinstance(pieces, str) else ""


def usage_of(usage: dict[str, Any]) -> TokenUsage:
    """Token counts; fresh input is what remains of the prompt when cached parts are taken out."""
    details = mapping(usage.get("prompt_tokens_details"))
    prompt = count(usage.get("prompt_tokens"))
    cached = count(details.get("cached_tokens"))
    if cached is None:
        cached = count(usage.get("prompt_cache_hit_tokens"))
    written = count(details.get("cache_write_tokens"))
    fresh = None if prompt is None else prompt - (cached or 0) - (written or 0)
    return TokenUsage(
        input=fresh if fresh is None or fresh >= 0 else None,
        cache_read=cached,
        cache_write=written,
        output=count(usage.get("completion_tokens")),
        reasoning=count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )
