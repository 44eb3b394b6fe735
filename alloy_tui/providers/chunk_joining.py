"""HTTP/1.1 responses whose many small chunks become few; pure, bytes in and bytes out.

Owns as much of the transfer coding as it takes to join chunks: where a head
ends, and sizes. Whether what comes is right is for the HTTP library to say,
which reads the result.
"""

from __future__ import annotations

import re
from enum import Enum, auto

_HEAD_LIMIT = 131_072
_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d\d\d)")
_CHUNKED = re.compile(rb"\ntransfer-encoding:[ \t]*chunked[ \t]*\r?(?=\n)", re.IGNORECASE)
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_LONGEST_SIZE = len(b"ffffffff\r\n")


class _State(Enum):
    HEAD = auto()
    CHUNKS = auto()
    AS_IT_IS = auto()


class ChunkJoiner:
    """HTTP/1.1 responses in, the same responses out, with the chunks of a piece joined into one.

    Call `request_sent` before each response. What is not understood, chunk
    extensions and trailers included, passes through as it is.
    """

    def __init__(self) -> None:
        self.begun = 0
        """How many chunks have begun, in all responses."""
        self.request_sent()

    def request_sent(self) -> None:
        """The next bytes begin a response."""
        self._state = _State.HEAD
        self._held: bytes = b""
        self._left = 0  # bytes of the current chunk that are still to come
        self._inside = False  # after a chunk's bytes, before the line break that ends it

    @property
    def in_body(self) -> bool:
        """Whether the response's head is over."""
        return self._state is not _State.HEAD

    def feed(self, data: bytes) -> bytes:
        """What may be passed on; empty when all of it must be held until more comes."""
        match self._state:
            case _State.HEAD:
                return self._head(data)
            case _State.CHUNKS:
                return self._chunks(data)
            case _State.AS_IT_IS:
                return data

    def close(self) -> bytes:
        """No more comes: what was held."""
        held = self._held if self._state is _State.CHUNKS else b""
        self._held = b""
        return held

    def _head(self, data: bytes) -> bytes:
        # Passed on at once; kept only to find its end.
        before = len(self._held)
        seen = self._held + data
        end = _HEAD_END.search(seen, max(0, before - 3))
        if end is None:
            self._held = seen
            if len(seen) > _HEAD_LIMIT:
                self._state, self._held = _State.AS_IT_IS, b""
            return data
        self._held = b""
        head, body = seen[: end.end()], seen[end.end() :]
        shown = head[before:]
        status = _STATUS.match(head.lstrip(b"\r\n"))
        if status and status[1].startswith(b"1") and status[1] != b"101":
            return shown + (self._head(body) if body else b"")
        known = status is not None and _CHUNKED.search(head) is not None
        self._state = _State.CHUNKS if known else _State.AS_IT_IS
        return shown + (self.feed(body) if body else b"")

    def _chunks(self, data: bytes) -> bytes:
        data, at = self._held + data, 0
        self._held = b""
        pieces: list[bytes] = []
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                continue
            if self._inside:
                ending = data[at : at + 2]
                if ending == b"\r\n":
                    at, self._inside = at + 2, False
                    continue
                if ending != b"\r":
                    return self._leave(pieces, b"\r\n" + data[at:])  # no size: an error to all
                self._held = ending
                break
            size = _SIZE.match(data, at)
            if size is None:
                if len(data) - at >= _LONGEST_SIZE:
                    return self._leave(pieces, data[at:])
                self._held = data[at:]
                break
            self._left = int(size[1], 16)
            if not self._left:
                return self._leave(pieces, data[at:])
            at, self._inside = size.end(), True
            self.begun += 1
        return _chunk(pieces)

    def _leave(self, pieces: list[bytes], rest: bytes) -> bytes:
        self._state = _State.AS_IT_IS
        return _chunk(pieces) + rest


def _chunk(pieces: list[bytes]) -> bytes:
    body = b"".join(pieces)
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""
