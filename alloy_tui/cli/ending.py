"""How a command ends when it cannot end as it would like.

Owns the one line of an error, and the exit that waits for nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from alloy_tui.cli.streams import remark
from alloy_tui.domain.errors import AlloyError
from alloy_tui.domain.sanitise import clean, clean_line

if TYPE_CHECKING:
    from alloy_tui.runtime.runtime import Runtime


def complain(error: AlloyError) -> None:
    """One line on standard error: what happened and what to do."""
    words = f"{error.message} {error.hint}" if error.hint else error.message
    remark(f"alloy: {clean_line(words, limit=1000)}")


def complain_late(runtime: Runtime) -> None:
    """What a person should know although the command did its work, a line each."""
    for words in runtime.complaints:
        complain(AlloyError(words))


def confess(error: Exception) -> None:
    """One line for a defect of ours; the traceback goes to a file for whoever mends it."""
    from alloy_tui.settings.paths import locate, write_private

    words = f"This is a defect of Alloy: {type(error).__name__}: {error}"
    hint = None
    with contextlib.suppress(AlloyError):
        file = locate().logs / "last-crash.txt"
        write_private(file, clean("".join(traceback.format_exception(error))))
        hint = f"The details are in {file}."
    complain(AlloyError(words, hint=hint))


def leave(code: int) -> NoReturn:
    """End the process at once, whatever still blocks a thread; what was printed is kept."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
