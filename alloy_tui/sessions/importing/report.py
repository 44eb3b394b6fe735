"""What an import did, and why one could not be.

Owns the data alone.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alloy_tui.domain.errors import SessionError

Source: TypeAlias = Literal["alloy", "claude-code", "codex", "pi"]

LABELS: dict[Source, str] = {
    "alloy": "Alloy",
    "claude-code": "Claude Code",
    "codex": "Codex",
    "pi": "pi",
}


class Found(msgspec.Struct, frozen=True):
    """What the beginning of a file tells: whose it is, its own id, folder and time (epoch ms)."""

    source: Source
    name: str
    cwd: str = ""
    at_ms: int = 0


class Imported(msgspec.Struct, frozen=True):
    """One file that was read.

    `new` is false when the session was there already and nothing was stored.
    `skipped` counts lines that could not be read, `rehung` entries whose parent
    was not there and that follow the one before them in the file instead.
    """

    session: str
    source: Source
    new: bool
    entries: int = 0
    branches: int = 0
    skipped: int = 0
    rehung: int = 0


class NotImportableError(SessionError):
    """The file is of no kind that is known, or holds no message."""
