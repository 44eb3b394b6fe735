"""What is written past Textual, and when that may be done.

Owns the conditions: Textual has nothing of the widget left to paint, nothing
covers it, the terminal keeps up. Textual's own frames and these can follow one
another freely, for Textual keeps no copy of what is on the screen.
"""

from __future__ import annotations

from typing import Any, cast

from textual.driver import Driver
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from alloy_tui.ui.terminal.base import one_frame
from alloy_tui.ui.transcript.painting.names import app_of, held, missing_names, unsettled


class Direct:
    """What has to be so before anything is written past Textual."""

    def __init__(self, widget: Widget) -> None:
        self.widget = widget
        self._names_there: bool | None = None
        self._layout: object = None
        self.place = Region()
        self.hidden: set[int] = set()
        """Rows of the widget that something else covers, as of the last look."""
        self.painted = 0

    def free(self) -> bool:
        """Whether the screen is as it was last painted; what covers the widget is in `hidden`."""
        widget = self.widget
        if not widget.is_attached:
            return False
        app, screen = app_of(widget), cast("Screen[Any]", widget.screen)
        if self._names_there is None:
            self._names_there = not missing_names(screen)
        if not self._names_there or app.screen is not screen or app.is_headless or app.is_inline:
            return False
        if held(app, "_driver") is None or held(app, "_batch_count"):
            return False
        if getattr(app, "terminal_behind", False):
            return False
        if unsettled(screen):
            return False
        visible: dict[Widget, tuple[Region, Region]] = held(screen, "_compositor").visible_widgets
        # A new map of what is seen where comes with every layout, and with nothing else.
        if visible is not self._layout:
            self._layout, self.place = visible, widget.content_region
            self.hidden = self._covered(visible)
        return widget in visible

    def _covered(self, visible: dict[Widget, tuple[Region, Region]]) -> set[int]:
        widget = self.widget
        below = {*widget.ancestors_with_self, widget.vertical_scrollbar}
        shared = [
            clip.intersection(place).intersection(widget.region)
            for other, (place, clip) in visible.items()
            if other not in below
        ]
        return {y - widget.region.y for part in shared if part for y in part.line_range}

    def send(self, pieces: list[str], *, whole: bool) -> None:
        """Write one frame, with the cursor where it belongs; `whole` keeps it from being torn."""
        app = app_of(self.widget)
        x, y = app.cursor_position
        driver: Driver = held(app, "_driver")
        with one_frame(driver):
            if whole:  # synchronised output, if this terminal has said that it can
                held(app, "_begin_update")()
            driver.write(f"{''.join(pieces)}\x1b[{y + 1};{x + 1}H")
            if whole:
                held(app, "_end_update")()
        driver.flush()
        self.painted += 1
