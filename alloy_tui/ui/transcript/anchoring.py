"""Rows that keep to the grid whatever the terminal makes of their characters.

How wide joined emoji, flags, variation selectors and shaped scripts are differs
from terminal to terminal; after the first of them all else in the row, and the
pane beside it, would be off. So each run of them is drawn on blanks of the
width it is taken to have, and the cursor is put where the run should end.
"""

from __future__ import annotations

import re
from functools import cache

from rich.cells import cell_len
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip

# Combining marks, right-to-left and shaped scripts, joiners, selectors, symbols with two
# presentations, and all of the emoji planes.
_UNSURE = (
    "[\u0300-\u036f\u0483-\u0489\u0590-\u109f\u1100-\u11ff\u135d-\u135f\u1700-\u18af"
    "\u1a00-\u1cff\u1dc0-\u1dff\u200b-\u200f\u2060-\u2064\u20d0-\u20f0\u2139\u2194-\u21aa"
    "\u231a-\u23ff\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u260f"
    "\u2612-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3099\u309a\u3297\u3299\ua66f-\ua67d\ua800-\uabff\ud7b0-\ud7ff\ufb1d-\ufdff\ufe00-\ufe0f"
    "\ufe20-\ufe2f\ufe70-\ufeff\U00010800-\U00011fff\U0001e000-\U0001ffff\U000e0000-\U000e0fff]"
)
_WORD = re.compile(r" *[^ ]+ ?| +")


@cache
def _doubts() -> re.Pattern[str]:
    return re.compile(_UNSURE)  # dear, and not for the first screen


def unsure(text: str) -> bool:
    """Whether terminals may differ in how wide `text` is."""
    return not text.isascii() and _doubts().search(text) is not None


def anchored(strip: Strip, x: int) -> Strip:
    """`strip`, to be drawn from screen column `x` (from 0), with its unsure runs held in place.

    Rows without such runs come back as they are.
    """
    if not any(unsure(text) for text, _, _ in strip):
        return strip
    made: list[Segment] = []
    column = x + 1
    for text, style in _joined(strip):
        if not unsure(text):
            made.append(Segment(text, style))
            column += cell_len(text)
            continue
        first, before = column, ""
        for part, doubtful in _runs(text):
            # Measured as a whole, as the row was: a joiner may swallow what follows.
            before += part
            end = first + cell_len(before)
            if doubtful:
                made.append(_move(" " * (end - column) + _to(column), column, style))
            made.append(Segment(part, style))
            if doubtful:
                made.append(_move(_to(end), end, None))
            column = end
    return Strip(made, strip.cell_length)


def _joined(strip: Strip) -> list[tuple[str, Style | None]]:
    """Text and style of neighbours that look the same, as one."""
    joined: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        # What a joiner ends would swallow the first character of the next.
        if joined and joined[-1][1] == style and not joined[-1][0].endswith("\u200d"):
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined


def _to(column: int) -> str:
    return f"\x1b[{column}G"


def _move(text: str, column: int, style: Style | None) -> Segment:
    # A tuple, for Textual caches by it.
    code = (ControlType.CURSOR_MOVE_TO_COLUMN, column - 1)
    return Segment(text, style, (code,))


def _runs(text: str) -> list[tuple[str, bool]]:
    """`text` in runs of words that are all sure or all unsure of their width.

    Whole words with the blanks after them: scripts that join their letters stay joined.
    """
    runs: list[tuple[str, bool]] = []
    for match in _WORD.finditer(text):
        doubtful = unsure(match[0])
        if runs and runs[-1][1] == doubtful:
            runs[-1] = (runs[-1][0] + match[0], doubtful)
        else:
            runs.append((match[0], doubtful))
    return runs
