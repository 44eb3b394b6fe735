"""The exit codes, and nothing else.

A run that completed although calls were denied for want of somebody to ask
exits with HALTED: a script must be able to tell that the work may be undone.
"""

from __future__ import annotations

from typing import Final

COMPLETED: Final = 0
FAILED: Final = 1  # a provider's or the engine's error
USAGE: Final = 2  # wrong flags, settings or files
HALTED: Final = 3  # stopped by a middleware, or a tool call was denied
MAX_TURNS: Final = 4
TIMED_OUT: Final = 5
INTERRUPTED: Final = 130
HUNG_UP: Final = 129
TERMINATED: Final = 143
PIPE_CLOSED: Final = 141  # as a program that the broken pipe had killed

BY_STATUS: Final = {
    "completed": COMPLETED,
    "error": FAILED,
    "halted": HALTED,
    "max_turns": MAX_TURNS,
    "timed_out": TIMED_OUT,
    "cancelled": INTERRUPTED,
}
