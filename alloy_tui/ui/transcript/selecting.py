"""Selected text: stable coordinates, overlays, extraction.

A selection is kept as (block, row in it), packed into one number that orders
as the rows do: it stays on its words when an estimate above is corrected or a
block above grows. Knows the document, no widget.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from alloy_tui.ui.markdown.cells import clusters
from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript.document import Document

# Names, paths and addresses are one word, as terminals have it.
_WORD = re.compile(r"[\w./:@~%+#?&=-]+|[^\w\s]+")
# Textual keeps an offset in 32 bits: so many rows of a block, and blocks of a document, at most.
_STRIDE = 1 << 15
_MOST = (1 << 31) - 1
_MAX_ROWS_COPIED = 5000  # beyond this, blocks that are not laid out give their source


def pack(index: int, line: int) -> int:
    """Block and row as one number; those beyond what fits are the last that does."""
    return min(index * _STRIDE + min(line, _STRIDE - 1), _MOST)


def unpack(packed: int) -> tuple[int, int]:
    """The block and row that `pack` took."""
    return divmod(packed, _STRIDE)


def overlay(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """`strip` with `style` laid over the characters from `start` to before `end`."""
    if start >= end:
        return strip
    segments: list[Segment] = []
    at = 0
    for text, own, _ in strip:
        low, high = max(0, start - at), min(len(text), end - at)
        at += len(text)
        if low >= high:
            segments.append(Segment(text, own))
            continue
        parts = (
            (text[:low], own),
            (text[low:high], (own or Style.null()) + style),
            (text[high:], own),
        )
        segments += [Segment(part, look) for part, look in parts if part]
    made = Strip(segments)
    # Cutting through a joined emoji can change its width.
    width = strip.cell_length
    return made if made.cell_length == width else made.adjust_cell_length(width)


def span_of(selection: Selection, index: int, line: int, row: Row) -> tuple[int, int] | None:
    """The characters of a row that are selected, without marks and padding."""
    span = selection.get_span(pack(index, line))
    if span is None:
        return None
    start, end = span
    stop = row.lead + row.size
    return max(start, row.lead), stop if end == -1 else min(end, stop)


def character_at(row: Row, x: int) -> int:
    """The character of a row that cell `x` shows."""
    column = 0
    text = row.text
    for start, _, cells in clusters(text):
        column += cells
        if column > x:
            return start
    return len(text)


def word_around(row: Row, at: int) -> tuple[int, int]:
    """The word, or run of other characters, that character `at` of a row belongs to."""
    first, last = row.lead, row.lead + row.size
    for match in _WORD.finditer(row.text, first, last):
        if match.start() <= at < match.end():
            return match.span()
    return at, at


def line_around(rows: list[Row], line: int) -> tuple[int, int]:
    """The first and last row of the line that row `line` is part of."""
    first = last = line
    while first > 0 and rows[first].joins is not None:
        first -= 1
    while last + 1 < len(rows) and rows[last + 1].joins is not None:
        last += 1
    return first, last


def selected_text(document: Document, selection: Selection) -> str:
    """The selected words; where a row was only cut to fit, its line goes on."""
    if not len(document):
        return ""
    last_index = len(document) - 1
    start = unpack(selection.start.y) if selection.start is not None else (0, 0)
    end = unpack(selection.end.y) if selection.end is not None else (last_index, _STRIDE - 1)
    lines: list[str] = []
    for index in range(start[0], min(end[0], last_index) + 1):
        inner = start[0] < index < end[0] or (selection.start is None and selection.end is None)
        if inner and document.blocks[index].rows is None and len(lines) > _MAX_ROWS_COPIED:
            lines += ["", *document.blocks[index].text().split("\n")]
            continue
        for line, row in enumerate(document.ensure(index)):
            span = span_of(selection, index, line, row)
            if span is None:
                continue
            text = row.text[slice(*span)] if span[0] < span[1] else ""
            if row.joins is not None and lines and span[0] == row.lead:
                lines[-1] += row.joins + text
            else:
                lines.append(text)
    return "\n".join([line.rstrip() for line in lines]).strip("\n")
