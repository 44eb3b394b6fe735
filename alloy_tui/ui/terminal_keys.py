r"""What passes between program and terminal past Textual's public ways.

Without the newer keyboard protocols Alt+Enter arrives as ESC CR, which Textual
reads as Enter alone: a follow-up would be sent as steering. Owns the one table
entry that mends this, and writing a sequence in step with the frames; where the
private names are missing, nothing happens. Guarded by a test.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from textual.app import App


class MoreKeys(StrEnum):
    """Key names as Textual spells them, for sequences that it has no name for."""

    AltEnter = "alt+enter"


SEQUENCES: dict[str, tuple[MoreKeys, ...]] = {"\x1b\r": (MoreKeys.AltEnter,)}


def teach() -> bool:
    """Add `SEQUENCES` to Textual's table; whether it was there to be added to."""
    try:
        from textual import _ansi_sequences as known
    except ImportError:
        return False
    table = getattr(known, "ANSI_SEQUENCES_KEYS", None)
    if not isinstance(table, dict):
        return False
    for sequence, keys in SEQUENCES.items():
        table.setdefault(sequence, keys)  # pyright: ignore[reportUnknownMemberType] - a private table
    return True


def send(app: App[Any], sequence: str) -> bool:
    """Write `sequence`, which must be ours and clean, after what is being painted."""
    driver = getattr(app, "_driver", None)
    write = getattr(driver, "write", None)
    if driver is None or write is None or getattr(driver, "_writer_thread", sequence) is None:
        return False
    write(sequence)
    return True
