"""A JSON object a line: a byte decoder; pure, without input or output.

Owns the cutting alone. Lines end at LF, for nothing else stands between two
objects; blank ones say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from alloy_tui.domain.errors import ProviderError
from alloy_tui.providers.framing import EVENT_LIMIT, ServerEvent


class LineDecoder:
    """Cuts a body into lines, each an event without a name.

    `feed` raises ProviderError, kind "malformed", when a line passes `limit`
    bytes. `close` yields what stood without a line end: it may be cut, or be
    the whole of a plain answer.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Take the next bytes of the body; exhaust the iterator before feeding more."""
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            line = bytes(self._held) + piece if self._held else piece
            self._held.clear()
            if line.strip():
                yield ServerEvent("", line)
        self._held += rest
        if len(self._held) > self._limit:
            raise ProviderError(
                f"The service sent a line of more than {self._limit // 1_048_576} MB.",
                kind="malformed",
            )

    def close(self) -> ServerEvent | None:
        """What stood without a line end at the end of the body."""
        line = bytes(self._held)
        self._held.clear()
        return ServerEvent("", line, terminated=False) if line.strip() else None
