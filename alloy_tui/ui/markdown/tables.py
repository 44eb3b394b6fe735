"""Tables on a grid: column widths, wrapping cells, alignment.

Widths come from the rows seen first and hold for the rest. A table that is too
narrow for columns is laid out as one "header: value" line per cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style

from alloy_tui.ui.markdown.cells import Span, span_width, wrap
from alloy_tui.ui.markdown.scan import Align

_BETWEEN = " │ "
_LEAST = 4  # cells a column needs to be worth showing as one

Row = list[list[Span]]


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of a table; `widths` is None when they do not fit side by side."""

    header: Row
    aligns: Sequence[Align]
    widths: list[int] | None
    room: int
    line: Style

    def head(self) -> list[list[Span]]:
        """The header and the line below it."""
        if self.widths is None:
            return []
        rule = "─┼─".join("─" * width for width in self.widths)
        return [*self.row(self.header), [(rule, self.line)]]

    def row(self, cells: Row) -> list[list[Span]]:
        """One row of the table, as one or more rows of the screen."""
        if self.widths is None:
            return self._stacked(cells)
        columns = [wrap(cell, width) for cell, width in zip(cells, self.widths, strict=True)]
        height = max(len(column) for column in columns)
        rows: list[list[Span]] = []
        for index in range(height):
            spans: list[Span] = []
            for number, column in enumerate(columns):
                if number:
                    spans.append((_BETWEEN, self.line))
                part: list[Span] = column[index] if index < len(column) else []
                spans += _aligned(part, self.widths[number], self.aligns[number])
            rows.append(spans)
        return rows

    def _stacked(self, cells: Row) -> list[list[Span]]:
        rows: list[list[Span]] = []
        for title, cell in zip(self.header, cells, strict=True):
            rows += wrap([*title, (": ", self.line), *cell], self.room)
        return [*rows, [("─" * min(self.room, 12), self.line)]]


def grid(header: Row, rows: Sequence[Row], aligns: Sequence[Align], room: int, line: Style) -> Grid:
    """The grid that shows `rows` best within `room` cells."""
    count = len(header)
    free = room - len(_BETWEEN) * (count - 1)
    natural = [1] * count
    for row in (header, *rows):
        for index, cell in enumerate(row):
            natural[index] = max(natural[index], _cell_width(cell))
    if sum(natural) <= free:
        return Grid(header, aligns, natural, room, line)
    if free < _LEAST * count:
        return Grid(header, aligns, None, room, line)
    return Grid(header, aligns, _shrink(natural, free), room, line)


def _cell_width(cell: list[Span]) -> int:
    return max(span_width(row) for row in wrap(cell, 10_000))


def _shrink(natural: list[int], free: int) -> list[int]:
    """Narrow columns keep what they need, the wide ones share the rest evenly."""
    widths = [0] * len(natural)
    open_columns = sorted(range(len(natural)), key=lambda i: natural[i])
    while open_columns:
        share = free // len(open_columns)
        index = open_columns.pop(0)
        widths[index] = max(1, min(natural[index], share))
        free -= widths[index]
    return widths


def _aligned(spans: list[Span], width: int, align: Align) -> list[Span]:
    missing = width - span_width(spans)
    if missing <= 0:
        return spans
    null = Style.null()
    left = missing if align == "right" else missing // 2 if align == "center" else 0
    return [(" " * left, null), *spans, (" " * (missing - left), null)]
