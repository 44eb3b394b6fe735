"""The three standard streams, whatever state the program was started with.

Owns what happens when one of them is closed, full or gone. Standard output
carries results: not getting them out is an error. Standard error carries
remarks: losing them must never cost a result.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO

from alloy_tui.domain.errors import AlloyError, ConfigError


def mend() -> None:
    """Put the null device where a standard stream was closed.

    Else the next file or socket that is opened would get its number, and
    whatever is printed would go there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    # Python has None for a stream that was closed when it started.
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- lives as long as the program
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 -- likewise
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 -- likewise


def silence(stream: TextIO) -> None:
    """Send the rest of `stream` to nowhere, so that the interpreter's exit does not try again."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def remark(text: str, stream: TextIO | None = None) -> None:
    """Write `text` and a line break to `stream`, standard error if None; never fails."""
    where: TextIO = stream or sys.stderr
    try:
        where.write(text + "\n")
        where.flush()
    except (OSError, ValueError):
        silence(where)


def prompt_from_stdin() -> str:
    """All of standard input; bytes that are no text become replacement characters.

    Raises ConfigError when it cannot be read.
    """
    try:
        return sys.stdin.buffer.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        raise ConfigError(f"Standard input cannot be read: {_reason(error)}.") from None


def unwritable(error: OSError) -> AlloyError:
    """What is said when a result could not be written."""
    return AlloyError(f"Standard output cannot be written to: {_reason(error)}.")


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
