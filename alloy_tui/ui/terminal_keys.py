r"""What passes between program and terminal past Textual's public ways.

Without the newer keyboard protocols Alt+Enter arrives as ESC CR, which Textual
reads as Enter alone: a follow-up would be sent as steering. Alt and a letter
are told from Esc and a letter by waiting, and when two come at once, as on a
slow line or with a key held down, the second is typed as “^h”. Owns the table
entries that mend this, and writing a sequence in step with the frames; where
the private names are missing, nothing happens. Guarded by a test.
"""

from __future__ import annotations

from typing import Any

import msgspec
from textual.app import App

# Small letters and digits begin no longer sequence; capitals do (ESC O, ESC P).
_ALT = "abcdefghijklmnopqrstuvwxyz0123456789"


class NamedKey(msgspec.Struct, frozen=True):
    """A key by Textual's spelling of its name, in the shape of its own entries."""

    value: str


SEQUENCES: dict[str, tuple[NamedKey, ...]] = {
    "\x1b\r": (NamedKey("alt+enter"),),
    **{f"\x1b{c}": (NamedKey(f"alt+{c}"),) for c in _ALT},
}
"""Key names for sequences that Textual has no name for, or another one."""


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
        # Alt and a digit is “¡” to Textual, as on one keyboard; ESC b and ESC f move by words.
        if sequence[1:].isdigit():
            table[sequence] = keys
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
