"""Byte decoders that cut a response body into events; pure, without input or output.

Server-sent events follow the WHATWG standard on bytes: lines end at CR, LF or
CRLF and nowhere else, for U+2028, U+2029 and U+0085 are legal inside JSON. Cost
is linear in the bytes fed, whatever the chunking, and memory is bounded by
`limit`. Knows nothing of what the events mean.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alloy_tui.domain.errors import ProviderError

EVENT_LIMIT = 16 * 1024 * 1024
"""Bytes that one event may hold."""

_BOM = b"\xef\xbb\xbf"


class ServerEvent(msgspec.Struct, frozen=True):
    """One event: its name ("" when none was given) and its data, still bytes.

    `terminated` is false for an event that the end of the body closed instead
    of a blank line: it may be cut, and is to be believed only if its data is
    complete in itself (a JSON object is: no part of one parses).
    """

    name: str
    data: bytes
    terminated: bool = True


class SseDecoder:
    """Cuts a stream of server-sent events.

    `feed` yields the events that a chunk completed; `close` says what the end
    of the body left behind. Both raise ProviderError, kind "malformed", when an
    event or a line passes `limit` bytes.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._line = bytearray()
        self._after_cr = False
        self._first = True
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Take the next bytes of the body; exhaust the iterator before feeding more."""
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
            self._after_cr = False
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        # bytes.splitlines knows CR, LF and CRLF only, unlike str.splitlines.
        for piece in chunk.splitlines(keepends=True):
            if piece[-1] not in b"\r\n":
                self._keep(piece)
                break
            end = -2 if piece.endswith(b"\r\n") else -1
            if self._line:
                self._keep(piece[:end])
                line = bytes(self._line)
                self._line.clear()
            else:
                line = piece[:end]
            event = self._take(line)
            if event is not None:
                yield event

    def close(self) -> ServerEvent | None:
        """What stood unfinished at the end of the body, marked as unterminated."""
        if self._line:
            line = bytes(self._line)
            self._line.clear()
            self._take(line)
        return self._dispatch(terminated=False)

    def _keep(self, piece: bytes) -> None:
        if len(self._line) + len(piece) + self._size > self._limit:
            raise self._too_long()
        self._line += piece

    def _too_long(self) -> ProviderError:
        return ProviderError(
            f"The service sent a single event of more than {self._limit // 1_048_576} MB.",
            kind="malformed",
        )

    def _take(self, line: bytes) -> ServerEvent | None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch(terminated=True)
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._size += len(value) + 1
            if self._size > self._limit:
                raise self._too_long()
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        # Comments (an empty field name), id, retry and unknown fields say nothing to us.
        return None

    def _dispatch(self, *, terminated: bool) -> ServerEvent | None:
        data, name = self._data, self._name
        self._data, self._name, self._size = [], "", 0
        if not data:
            return None
        return ServerEvent(name, b"\n".join(data), terminated)
