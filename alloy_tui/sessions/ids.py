"""Names for sessions and nodes: short, unique and in order of time.

Owns the making of ids and the clock beside it. Sixteen characters of base 32:
48 bits of epoch milliseconds, then 32 random bits; an id made later by the same
source sorts later.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable

import msgspec

# Crockford's alphabet in lower case: no i, l, o, u to misread.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 16
_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Stamp(msgspec.Struct, frozen=True):
    """A fresh id and the wall-clock time it was made at, in epoch milliseconds."""

    id: str
    at_ms: int


def wall_clock_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Stamps:
    """A source of stamps; may be shared by threads."""

    def __init__(self, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> Stamp:
        """A new stamp, later than every one before, even when the clock stands or goes back."""
        at_ms = self._now_ms()
        with self._lock:
            number = (at_ms << 32) | secrets.randbits(32)
            if number <= self._last:
                number = self._last + 1 + secrets.randbits(16)
            self._last = number
        return Stamp(_spell(number), at_ms)


def derived_id(name: str, at_ms: int) -> str:
    """An id that is the same whenever it is made of the same name and time."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return _spell((max(0, at_ms) & (1 << 48) - 1) << 32 | int.from_bytes(digest[:4], "big"))


def is_id(text: str) -> bool:
    """Whether `text` may name something: it is shown, typed and made part of file names."""
    return _SHAPE.fullmatch(text) is not None


def _spell(number: int) -> str:
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))
