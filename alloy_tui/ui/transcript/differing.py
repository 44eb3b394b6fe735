"""Which cells of a row are others than before. Pure; knows rows only as strips of cells."""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from alloy_tui.ui.transcript.anchoring import unsure

GAP = 12
"""So many equal cells between two changes are cheaper to write than to jump over."""


def changed_cells(before: Strip | None, after: Strip) -> tuple[int, int]:
    """The first cell that differs and the one after the last; all where widths are uncertain."""
    spans = changed_spans(before, after)
    return (spans[0][0], spans[-1][1]) if spans else (after.cell_length, after.cell_length)


def changed_spans(before: Strip | None, after: Strip) -> list[tuple[int, int]]:
    """Where cells differ, each from its first to after its last, from left to right.

    No span cuts a wide character, be it of `before` or `after`. All of the row is
    one span where the two are not equally long, or widths are uncertain.
    """
    width = after.cell_length
    if before is after:
        return []
    if before is None or before.cell_length != width:
        return [(0, width)]
    looks: dict[Style | None, Style | None] = {}
    old, new = _cells(before, looks), _cells(after, looks)
    if not len(old) == len(new) == width:
        return [(0, width)]
    spans: list[tuple[int, int]] = []
    for x in [x for x in range(width) if old[x] != new[x]]:
        if spans and x - spans[-1][1] < GAP:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return spans


def _cells(strip: Strip, looks: dict[Style | None, Style | None]) -> list[tuple[str, Style | None]]:
    """Each cell with its style, equal ones the same object; nothing where widths are uncertain.

    The second cell of a wide character has it twice, so that it equals no other cell.
    """
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        look = looks.setdefault(style, style)
        if text.isascii():
            cells += [(character, look) for character in text]
            continue
        if unsure(text):
            return []
        for character in text:
            wide = cell_len(character)
            if wide not in {1, 2}:
                return []
            cells.append((character, look))
            if wide == 2:
                cells.append((character * 2, look))
    return cells
