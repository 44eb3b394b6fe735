"""What a program left switched on, read off the record of what it wrote."""

from __future__ import annotations

import re

from tests.support.terminal import Terminal

_PRIVATE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_KEYS_PUSHED, _KEYS_POPPED = re.compile(rb"\x1b\[>\d+u"), re.compile(rb"\x1b\[<\d*u")
# Alternate screen, mouse, focus, bracketed paste, in-band resize: off at the end. Cursor: on.
_OFF = {"1049", "1000", "1002", "1003", "1006", "1015", "1016", "1004", "2004", "2026", "2048"}


def modes_after(record: bytes) -> dict[str, bytes]:
    """The last state of every private mode that the program touched."""
    last: dict[str, bytes] = {}
    for numbers, state in _PRIVATE.findall(record):
        for number in numbers.decode().split(";"):
            last[number] = state
    return last


def assert_left_clean(terminal: Terminal) -> None:
    """The terminal is as the program found it, by what it was told and by its settings."""
    record = terminal.record
    modes = modes_after(record)
    assert modes.get("1049") == b"l", "the alternate screen was never left"
    assert not {m for m in _OFF if modes.get(m) == b"h"}, "modes are still on"
    assert modes.get("25", b"h") == b"h", "the cursor is hidden"
    assert modes.get("7", b"h") == b"h", "lines do not wrap"
    assert len(_KEYS_PUSHED.findall(record)) == len(_KEYS_POPPED.findall(record)), "key protocol"
    assert record.count(b"\x1b[22;0t") == record.count(b"\x1b[23;0t"), "the title is not given back"
    assert terminal.modes_restored(), "the line discipline is changed"


def assert_in_use(terminal: Terminal) -> None:
    """The terminal is in the state that the full screen needs."""
    modes = modes_after(terminal.record)
    for mode in ("1049", "1000", "1006", "2004"):
        assert modes.get(mode) == b"h", f"mode {mode} is not on"
    assert not terminal.modes_restored(), "the line discipline is the shell's"
