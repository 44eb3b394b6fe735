"""The two clocks of the screen, as values, so that a picture can be taken without one.

Owns nothing but the pair; who measures what is the caller's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


class Clock(msgspec.Struct, frozen=True):
    """`wall_ms` is epoch milliseconds, as events carry; `monotonic_s` never goes backwards."""

    wall_ms: Callable[[], int]
    monotonic_s: Callable[[], float]


SYSTEM_CLOCK = Clock(wall_ms=lambda: time.time_ns() // 1_000_000, monotonic_s=time.monotonic)
