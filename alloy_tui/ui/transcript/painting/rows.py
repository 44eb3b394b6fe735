"""The rows of a small widget, or some cells of them, straight to the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from textual.color import Color
from textual.filter import LineFilter
from textual.strip import Strip
from textual.widget import Widget

from alloy_tui.ui.transcript.differing import changed_cells
from alloy_tui.ui.transcript.painting.direct import Direct
from alloy_tui.ui.transcript.painting.names import app_of, held, unpainted


class DirectRows(Direct):
    """Writes pieces of rows of a widget without border; `paint` is false where Textual must."""

    def paint(self, pieces: Sequence[tuple[int, int, Strip]], *, whole: bool) -> bool:
        """Show these, each with its line and column; `whole` keeps all in one picture."""
        widget = self.widget
        if not self.free() or unpainted(widget):
            return False
        console, (left, top, _, height) = app_of(widget).console, self.place
        if any(y in self.hidden or not 0 <= y < height for y, _, _ in pieces):
            return False
        out = [f"\x1b[{top + y + 1};{left + x + 1}H{row.render(console)}" for y, x, row in pieces]
        self.send(out, whole=whole)
        return True


class DirectEcho(Direct):
    """Writes what a key changed in the rows of a small widget: the cells that differ, no more.

    `forget` whenever Textual painted: what it left there is not known here.
    """

    def __init__(self, widget: Widget) -> None:
        super().__init__(widget)
        self._shown: list[Strip] = []
        self._filters: Sequence[LineFilter] = ()
        self._background = Color(0, 0, 0)

    def forget(self) -> None:
        """Textual paints: write whole rows next time."""
        self._shown = []

    def paint(self, rows: list[Strip]) -> bool:
        """Show `rows`, all that the widget has; false if it must be left to Textual."""
        widget = self.widget
        if not self.free() or unpainted(widget):
            return False
        if self.hidden or self.place.height != len(rows):
            return False
        if not self._shown:
            self._filters = widget.get_line_filters()
            self._background = widget.background_colors[1]
        console = app_of(widget).console
        out: list[str] = []
        for y, row in enumerate(rows):
            before = self._shown[y] if y < len(self._shown) else None
            if row is before:
                continue
            start, end = changed_cells(before, row)
            piece = row.crop(start, end)
            for line_filter in self._filters:
                piece = piece.apply_filter(line_filter, self._background)
            if start < end:
                at = f"\x1b[{self.place.y + y + 1};{self.place.x + start + 1}H"
                out.append(at + piece.render(console))
        # Not painted by Textual, but drawn anew when it next paints what the widget is part of.
        held(widget, "_styles_cache").clear()
        self._shown = rows
        self.send(out, whole=False)
        return True
