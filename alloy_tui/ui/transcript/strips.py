"""Strips of the rows that were painted last: made once, filtered, kept for some screens.

A strip weighs several times what its row does, and painting is cheap only while
the same one comes back every frame. Knows no block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.strip import Strip

from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript.anchoring import anchored

MAX_STRIPS = 400


class Strips:
    """The strip of each row, by the row itself."""

    def __init__(self) -> None:
        self._painted: deque[Row] = deque()
        self._filters: Sequence[LineFilter] = ()
        self._background = Color(0, 0, 0)
        self.x = 0

    def restyle(self, filters: Sequence[LineFilter], background: Color, x: int) -> None:
        """Other filters, or another first column on the screen, from now on."""
        self._filters = filters
        self._background = background
        self.x = x
        for row in self._painted:
            row.strip = None
        self._painted.clear()

    def __getitem__(self, row: Row) -> Strip:
        if row.strip is None:
            row.strip = self.finished(row.make_strip())
            self._painted.append(row)
            if len(self._painted) > MAX_STRIPS:
                self._painted.popleft().strip = None
        return row.strip

    def finished(self, strip: Strip) -> Strip:
        """The strip as this terminal is to show it: without colours, say; held to the grid."""
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, self._background)
        return anchored(strip, self.x)

    def blank(self, width: int, style: Style) -> Strip:
        """An empty row."""
        return self.finished(Strip.blank(width, style))
