"""Reading the file that a tool's whole output was kept in.

Owns how much of it is taken: the end of it, since that is where things go
wrong. Runs on a thread of its own; what it returns has been sanitised.
"""

from __future__ import annotations

import os
from pathlib import Path

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.ui.lines import Line
from alloy_tui.ui.widgets.line_view import MAX_LINES

MOST_BYTES = 4_000_000
_HEAD = 1


def spilled_lines(path: str) -> list[Line]:
    """The file's last `MOST_BYTES`, with a line on where the rest is; errors as a line too."""
    name = clean_line(path, limit=400)
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_BYTES))
            data = file.read(MOST_BYTES)
    except OSError as error:
        return [("error", f"The whole output cannot be read: {error.strerror}."), ("muted", name)]
    rows = clean(data.decode(errors="replace")).rstrip("\n").split("\n")
    if size > len(data):
        rows = rows[1:]  # the first one was cut in the middle
    kept = rows[-(MAX_LINES - _HEAD) :]
    head = "all of it"
    if size > len(data) or len(kept) < len(rows):
        head = f"its last {len(kept):,} lines, of {size:,} bytes"
    rows = kept
    lines: list[Line] = [("muted", f"{name}: {head}")]
    lines.extend(("plain", row) for row in rows)
    return lines
