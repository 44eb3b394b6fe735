r"""Keys that older terminals send and Textual does not tell apart by itself.

Without the newer keyboard protocols Alt+Enter arrives as ESC CR, which Textual
reads as Enter alone: a follow-up would be sent as steering. Owns the one table
entry that mends this; where the private table is missing, nothing happens.
"""

from __future__ import annotations

from enum import StrEnum


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
