"""Time, chance and identity as values, so that tests decide them.

Owns the seam only; nothing else in this package reads a clock or draws lots.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _new_id() -> str:
    return uuid.uuid4().hex[:16]


@dataclass(frozen=True)
class Clock:
    """Where time, sleep, chance and fresh ids come from.

    `now_ms` is wall-clock epoch milliseconds, `monotonic_s` only ever rises,
    `draw` gives a float in [0, 1), `new_id` a string never given before.
    """

    now_ms: Callable[[], int] = _now_ms
    monotonic_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    draw: Callable[[], float] = random.random
    new_id: Callable[[], str] = _new_id

    def elapsed_ms(self, since_s: float) -> int:
        """Whole milliseconds since the monotonic time `since_s`."""
        return max(0, round((self.monotonic_s() - since_s) * 1000))
