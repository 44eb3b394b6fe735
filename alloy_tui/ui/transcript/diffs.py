"""Unified diffs as rows: line numbers, coloured additions and removals.

Owns the reading of hunk headers; takes sanitised text. Knows no block.
"""

from __future__ import annotations

import re

from textual.strip import Strip

from alloy_tui.ui.markdown.cells import Span, clip, wrap
from alloy_tui.ui.transcript.look import Look

_MAX_LINE = 2000
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")


def diff_rows(diff: str, look: Look, limit: int) -> list[Strip]:
    """Rows of a unified diff; at most `limit`, with a note on what is left out."""
    lines = diff.rstrip("\n").split("\n")
    rows: list[Strip] = []
    # Without hunk headers the lines are taken to start a file.
    old = new = 0 if any(_HUNK.match(line) for line in lines) else 1
    for index, line in enumerate(lines):
        if len(rows) >= limit:
            words = f"  … {len(lines) - index:,} more lines, o opens all"
            return [*rows[:limit], look.row(clip([(words, look["muted"])], look.room))]
        hunk = _HUNK.match(line)
        if hunk is not None:
            old, new = int(hunk[1]), int(hunk[2])
            if rows:
                rows.append(look.row([("     ┊ ", look["muted"])]))
            continue
        if not old and not new:
            continue  # file names: the header has them
        if line.startswith("-"):
            rows += _line(look, old, "-", line[1:], "diff-remove")
            old += 1
        elif line.startswith("+"):
            rows += _line(look, new, "+", line[1:], "diff-add")
            new += 1
        elif line.startswith("\\"):
            rows += _line(look, 0, " ", line[1:].strip(), "muted")
        else:
            rows += _line(look, new, " ", line[1:], "none")
            old += 1
            new += 1
    return rows


def _line(look: Look, number: int, sign: str, text: str, name: str) -> list[Strip]:
    shown = f"{number:>5} " if number else " " * 6
    style = look[name]
    room = max(1, look.room - len(shown) - 2)
    rows: list[Strip] = []
    for part in wrap([(text[:_MAX_LINE].expandtabs(4), style)], room, fold=True):
        spans: list[Span] = [(f"{shown}│", look["muted"]), (sign, style), *part]
        rows.append(look.row(spans, style))
        shown = " " * len(shown)
        sign = " "
    return rows
