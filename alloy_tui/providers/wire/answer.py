"""From the bytes of a 200 answer to the parts of it, whatever form the answer came in.

Owns the look at the first bytes (events, one JSON document, or a web page that
some proxy put there), the end-of-body rule, and the `Decoder` protocol that
each wire format fills. Pure: no input or output, so that any chunking can be tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.provider import (
    ArgumentsPart,
    Completion,
    StreamPart,
    TextPart,
    ThinkingPart,
)
from alloy_tui.providers.errors import read_fault
from alloy_tui.providers.event_stream import EventStreamDecoder
from alloy_tui.providers.framing import EVENT_LIMIT, ServerEvent, SseDecoder
from alloy_tui.providers.json_lines import LineDecoder

_Text: TypeAlias = TextPart | ThinkingPart | ArgumentsPart
_TEXTS = (TextPart, ThinkingPart, ArgumentsPart)
Frames: TypeAlias = Literal["events", "lines", "aws"]
"""How a stream is cut: server-sent events, a JSON object a line, or AWS's event stream."""

_DECODERS = {"events": SseDecoder, "lines": LineDecoder, "aws": EventStreamDecoder}
_BLANK = b"\xef\xbb\xbf \t\r\n"


class Decoder(Protocol):
    """The state of one answer in one wire format.

    All methods raise ProviderError for what the service reports or breaks.
    """

    def event(self, event: ServerEvent) -> Iterable[StreamPart]:
        """The parts in one event of a stream; the Completion when it was the terminal one."""
        ...

    def document(self, body: bytes) -> Iterable[StreamPart]:
        """The parts of an answer that came as one JSON document, Completion last."""
        ...

    def end(self) -> Iterable[StreamPart]:
        """The body is over without a terminal event: the Completion if all is there anyway."""
        ...


class AnswerReader:
    """Feeds a body to a decoder.

    `feed` and `close` yield parts as they are understood and raise where the
    answer breaks; exhaust one before calling the next. After a Completion
    `finished` is true and the rest of the body is ignored.
    """

    def __init__(self, decoder: Decoder, service: str, frames: Frames = "events") -> None:
        self._decoder = decoder
        self._service = service
        self._lines = frames == "lines"
        self._form: Literal["unknown", "events", "document", "page"] = "unknown"
        self._frames = _DECODERS[frames]()
        self._body = bytearray()
        self.finished = False

    def feed(self, chunk: bytes) -> Iterator[StreamPart]:
        """The parts that `chunk` completes."""
        if self._form == "unknown":
            self._body += chunk
            chunk = self._look()
        elif self._form != "events":
            self._collect(chunk)
            return
        for event in self._frames.feed(chunk):
            # As `_pass` does, which would cost every event a generator.
            for part in self._decoder.event(event):
                if isinstance(part, Completion):
                    self.finished = True
                yield part
            if self.finished:
                return

    def close(self) -> Iterator[StreamPart]:
        """The parts that the clean end of the body completes; ends with a Completion or raises."""
        match self._form:
            case "document":
                yield from self._pass(self._decoder.document(bytes(self._body)))
            case "page":
                words = read_fault(bytes(self._body)).message
                raise ProviderError(
                    f"{self._service} answered with a web page instead of an answer: {words}",
                    kind="malformed",
                    hint="Check the base URL: a proxy or another server may be in the way.",
                )
            case _:
                yield from self._last_event()
                if not self.finished:
                    yield from self._pass(self._decoder.end())

    def _last_event(self) -> Iterator[StreamPart]:
        event = self._frames.close()
        if event is None:
            return
        try:
            yield from self._pass(self._decoder.event(event))
        except ProviderError as error:
            # No blank line ended it: broken JSON here is a cut, not a fault of the format.
            if error.kind != "malformed":
                raise

    def _pass(self, parts: Iterable[StreamPart]) -> Iterator[StreamPart]:
        for part in parts:
            if isinstance(part, Completion):
                self.finished = True
            yield part

    def _look(self) -> bytes:
        """Decide by the first byte that is not blank; content types cannot be trusted."""
        # Leading blank lines are keep-alives of some services; they mean nothing.
        body = bytes(self._body).lstrip(_BLANK)
        self._body.clear()
        start = body[:1]
        if not start:
            return b""
        if start in (b"{", b"[") and not self._lines:
            self._form = "document"
            self._collect(body)
            return b""
        if start == b"<":
            self._form = "page"
            self._collect(body)
            return b""
        self._form = "events"
        return body

    def _collect(self, chunk: bytes) -> None:
        if self._form == "page":
            chunk = chunk[: max(0, 65_536 - len(self._body))]
        elif len(self._body) + len(chunk) > EVENT_LIMIT:
            raise ProviderError(
                f"{self._service} sent an answer of more than {EVENT_LIMIT // 1_048_576} MB.",
                kind="malformed",
            )
        self._body += chunk


def joined(parts: Iterable[StreamPart]) -> Iterator[StreamPart]:
    """`parts`, neighbours of one text as one part; what comes before an error comes out, too."""
    first: _Text | None = None
    rest: list[str] = []
    try:
        for part in parts:
            if first is not None:
                if isinstance(part, _TEXTS) and _same_text(first, part):
                    rest.append(part.text)
                    continue
                yield _join(first, rest)
                first, rest = None, []
            if isinstance(part, _TEXTS):
                first = part
            else:
                yield part
    except ProviderError:
        if first is not None:
            yield _join(first, rest)
        raise
    if first is not None:
        yield _join(first, rest)


def _same_text(first: _Text, part: _Text) -> bool:
    if isinstance(first, ArgumentsPart) and isinstance(part, ArgumentsPart):
        return first.id == part.id
    return type(first) is type(part)


def _join(first: _Text, rest: list[str]) -> _Text:
    return msgspec.structs.replace(first, text="".join([first.text, *rest])) if rest else first
