"""The AWS event stream: a byte decoder with checksums; pure, without input or output.

A message is a prelude (total length, length of the headers, CRC-32 of both), headers,
payload, and the CRC-32 of all before it, numbers in network order. Owns the
cutting and the checking; knows nothing of what the messages mean.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from alloy_tui.domain.errors import ProviderError
from alloy_tui.providers.framing import EVENT_LIMIT, ServerEvent

_PRELUDE: Final = struct.Struct("!III")
_LEAST: Final = _PRELUDE.size + 4
# Bytes of a header's value by its type; types 6 and 7 say their length themselves.
_FIXED: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_LONG: Final = frozenset({6, 7})


class EventStreamDecoder:
    """Cuts a body into events; the name is the event's or the exception's type.

    `feed` and `close` raise ProviderError, kind "malformed", when a checksum or
    a length is wrong, or a message passes `limit` bytes.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Take the next bytes of the body; exhaust the iterator before feeding more."""
        held = self._held
        held += chunk
        at = 0
        try:
            while len(held) - at >= _PRELUDE.size:
                total, headers, checksum = _PRELUDE.unpack_from(held, at)
                if zlib.crc32(held[at : at + 8]) != checksum:
                    raise _broken("a checksum is wrong")
                if total > self._limit:
                    raise _broken(f"one event has more than {self._limit // 1_048_576} MB")
                if total < _LEAST + headers:
                    raise _broken("a length is impossible")
                if len(held) - at < total:
                    break
                message = bytes(held[at : at + total])
                at += total
                yield _event(message, headers)
        finally:
            # Once per chunk, not once per event: cutting the front off moves all the rest.
            del held[:at]

    def close(self) -> ServerEvent | None:
        """A message that the end of the body cut is no event: nothing in it can be believed."""
        self._held.clear()
        return None


def _event(message: bytes, headers: int) -> ServerEvent:
    if zlib.crc32(message[:-4]) != int.from_bytes(message[-4:], "big"):
        raise _broken("a checksum is wrong")
    start = _PRELUDE.size
    fields = _headers(message[start : start + headers])
    payload = message[start + headers : -4]
    kind = fields.get(":message-type", "event")
    match kind:
        case "exception":
            return ServerEvent(f"!{fields.get(':exception-type', '')}", payload)
        case "error":
            words = fields.get(":error-message", "").encode()
            return ServerEvent(f"!{fields.get(':error-code', '')}", payload or words)
        case _:
            return ServerEvent(fields.get(":event-type", ""), payload)


def _headers(data: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            size = data[at]
            name = data[at + 1 : at + 1 + size].decode()
            at += 1 + size
            kind = data[at]
            at += 1
            length = _FIXED.get(kind, 0)
            if kind in _LONG:
                length = int.from_bytes(data[at : at + 2], "big")
                at += 2
            elif kind not in _FIXED:
                raise _broken("a header is of no known type")
            value = data[at : at + length]
            if len(value) < length:
                raise _broken("a header is cut")
            at += length
            if kind == 7:
                fields[name] = value.decode("utf-8", "replace")
    except (IndexError, UnicodeDecodeError):
        raise _broken("a header is cut") from None
    return fields


def _broken(what: str) -> ProviderError:
    return ProviderError(f"The service sent a broken event stream: {what}.", kind="malformed")
