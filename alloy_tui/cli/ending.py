"""How a command ends when it cannot end as it would like.

Owns the one line of an error and the exit that waits for nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

from alloy_tui.domain.errors import AlloyError
from alloy_tui.domain.sanitise import clean_line


def complain(error: AlloyError) -> None:
    """One line on standard error: what happened and what to do."""
    words = f"{error.message} {error.hint}" if error.hint else error.message
    sys.stderr.write(f"alloy: {clean_line(words, limit=1000)}\n")


def leave(code: int) -> NoReturn:
    """End the process at once, whatever still blocks a thread; what was printed is kept."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
