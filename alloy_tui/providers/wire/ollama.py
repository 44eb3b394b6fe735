"""Answers in Ollama's own chat format: one JSON object a line, or one alone.

Owns the decoder. Calls come whole, maybe without ids. Requests are
`ollama_request`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from alloy_tui.domain.errors import ProviderError
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
    read,
    read_any,
    scrub,
    scrub_all,
    words,
)
from alloy_tui.providers.wire.assembly import cut_off, nameless
from alloy_tui.providers.wire.calls import CallIds, call_block

_STOPS: dict[str, StopReason] = {"stop": "end_turn", "length": "max_tokens", "": "end_turn"}
_NOTHING_MADE: frozenset[str] = frozenset({"load", "unload"})


class WireFunction(msgspec.Struct):
    """Name and arguments; those are an object here."""

    name: str | None = None
    arguments: Any = None


class WireCall(msgspec.Struct):
    """One whole tool call."""

    id: str | None = None
    function: WireFunction | None = None


class WireMessage(msgspec.Struct):
    """A piece of the message, or all of it."""

    content: Any = None
    thinking: Any = None
    tool_calls: list[WireCall] | None = None


class Line(msgspec.Struct):
    """One line of a stream."""

    message: WireMessage | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    error: Any = None


class OllamaDecoder:
    """Decodes one answer; see `wire.answer.Decoder`. It is whole once a line says `done`."""

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._ids = ids
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._text_joiner = SurrogateJoiner()
        self._thinking_joiner = SurrogateJoiner()
        self._calls: list[ToolCallBlock] = []

    def event(self, event: ServerEvent) -> Iterator[StreamPart]:
        """One line."""
        return self._line(event.data)

    def document(self, body: bytes) -> Iterator[StreamPart]:
        """A whole answer, which is a line like the last one of a stream."""
        yield from self._line(body)
        if not self._done:
            yield from self.end()

    _done = False

    def end(self) -> Iterator[StreamPart]:
        """The body is over without its last line: a cut answer."""
        said = bool(self._text or self._thinking or self._calls)
        raise cut_off(self._service, said=said)
        yield  # pragma: no cover -- makes this the generator that the protocol wants

    def _line(self, data: bytes) -> Iterator[StreamPart]:
        line = read(data, Line)
        if line.error:
            raise self._fault(data)
        message = line.message
        if message is not None:
            if message.thinking and (thought := self._think(words(message.thinking))):
                yield thought
            if message.content and (text := self._say(words(message.content))):
                yield text
            for call in message.tool_calls or ():
                yield from self._call(call)
        if line.done:
            self._done = True
            yield from self._finish(line)

    def _fault(self, data: bytes) -> ProviderError:
        """An error line. What is wrong with a request is said by status, before any line."""
        error = from_stream(self._service, read_any(data))
        if error.kind == "unknown":
            error.kind = "server_error"
        return error

    def _say(self, text: str) -> TextPart | None:
        text = self._text_joiner.feed(text)
        if not text:
            return None
        self._text.append(text)
        return TextPart(text)

    def _think(self, text: str) -> ThinkingPart | None:
        text = self._thinking_joiner.feed(text)
        if not text:
            return None
        self._thinking.append(text)
        return ThinkingPart(text)

    def _call(self, call: WireCall) -> Iterator[StreamPart]:
        function = call.function or WireFunction()
        name = scrub(function.name or "")
        if not name:
            raise nameless(self._service)
        given = function.arguments
        if not isinstance(given, str):
            given = encode(scrub_all({} if given is None else given)).decode()
        made = call_block(self._ids.take(call.id or ""), name, given)
        yield CallPart(made.id, made.name)
        yield ArgumentsPart(made.id, scrub(given))
        self._calls.append(made)

    def _finish(self, line: Line) -> Iterator[StreamPart]:
        reason = scrub(line.done_reason or "")
        said = self._text or self._thinking or self._calls
        if reason in _NOTHING_MADE and not said:
            raise ProviderError(
                f"{self._service} {reason}ed the model and wrote nothing.",
                kind="stream_cut",
                should_retry=True,
            )
        for joiner, texts, part in (
            (self._thinking_joiner, self._thinking, ThinkingPart),
            (self._text_joiner, self._text, TextPart),
        ):
            rest = joiner.close()
            if rest:
                texts.append(rest)
                yield part(rest)
        blocks: list[Block] = []
        if self._thinking:
            blocks.append(ThinkingBlock("".join(self._thinking), {"field": "thinking"}))
        if self._text:
            blocks.append(TextBlock("".join(self._text)))
        blocks.extend(self._calls)
        stop = Stop(_STOPS.get(reason, "unknown"), reason or None)
        if stop.reason == "end_turn" and self._calls:
            stop = Stop("tool_use", reason or None)
        message = ChatMessage("assistant", tuple(blocks), origin=self._origin)
        # A prompt that lay in the server's cache is not counted; 0 would be a lie then.
        usage = TokenUsage(
            input=count(line.prompt_eval_count) or None, output=count(line.eval_count)
        )
        yield Completion(message, stop, usage)
