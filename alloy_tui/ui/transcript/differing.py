"""Which cells of a row are others than before. Pure; knows rows only as strips of cells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
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
    old, new = [each for each in before if each.text], [each for each in after if each.text]
    if any(_uncertain(text) for text, _, _ in (*old, *new)):
        return [(0, width)]
    spans: list[tuple[int, int]] = []
    for column, mine, others in _differing(old, new):
        looks: dict[Style | None, Style | None] = {}
        cells = zip(_cells(mine, looks), _cells(others, looks), strict=True)
        for x in [x for x, (one, other) in enumerate(cells, column) if one != other]:
            if spans and x - spans[-1][1] < GAP:
                spans[-1] = (spans[-1][0], x + 1)
            else:
                spans.append((x, x + 1))
    return spans


@lru_cache(4096)
def _uncertain(text: str) -> bool:
    return not text.isascii() and (unsure(text) or not all(map(cell_len, text)))


def _differing(
    old: list[Segment], new: list[Segment]
) -> Iterator[tuple[int, list[Segment], list[Segment]]]:
    """Column and segments of the stretches that are not the same; both take as many cells."""
    at, column, rest = 0, 0, iter(new)
    while at < len(old):
        mine, others = [old[at]], [next(rest)]
        at += 1
        if mine == others:
            column += mine[0].cell_length
            continue
        wide, other = mine[0].cell_length, others[0].cell_length
        while wide != other:
            if wide < other:
                mine.append(old[at])
                wide += old[at].cell_length
                at += 1
            else:
                others.append(next(rest))
                other += others[-1].cell_length
        yield column, mine, others
        column += wide


def _cells(
    row: list[Segment], looks: dict[Style | None, Style | None]
) -> list[tuple[str, Style | None]]:
    """Each cell with its style, equal ones the same object.

    The second cell of a wide character has it twice, so that it equals no other cell.
    """
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in row:
        look = looks.setdefault(style, style)
        for character in text:
            cells.append((character, look))
            if not character.isascii() and cell_len(character) == 2:
                cells.append((character * 2, look))
    return cells
