"""How what a team shares tells of its changes, and is rebuilt from what it told.

Owns the seam alone: every shared thing changes by publishing an event and then
applying it, so that applying the same events again brings it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from alloy_tui.domain.team_events import TeamEvent

Publish: TypeAlias = Callable[[str, TeamEvent], object]
"""Who did it, and what; delivered before it returns."""

PERSON = "user"
"""The name under which a person acts in a team."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _nowhere(by: str, event: TeamEvent) -> None:
    del by, event


@dataclass(frozen=True)
class Channel:
    """Where changes are told, and what time it is, in epoch milliseconds."""

    publish: Publish = _nowhere
    now_ms: Callable[[], int] = _now_ms


class Numbers:
    """Short ids in a row, `t1`, `t2`, …; `skip` makes known one that was given before."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._last = 0

    def __call__(self) -> str:
        """The next id."""
        self._last += 1
        return f"{self._prefix}{self._last}"

    def skip(self, known: str) -> None:
        """Never give `known`, nor one before it."""
        digits = known.removeprefix(self._prefix)
        if known.startswith(self._prefix) and digits.isdecimal():
            self._last = max(self._last, int(digits))
