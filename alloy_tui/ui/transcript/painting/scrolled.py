"""Rows of a full-width widget straight to the terminal; the others move with a scroll region."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget

from alloy_tui.ui.transcript.painting.direct import Direct
from alloy_tui.ui.transcript.painting.names import app_of, held


class DirectPaint(Direct):
    """Writes rows of `widget` past Textual, where nothing else can be in the way.

    `ready` says whether it may, before the change is made; `paint` then shows
    the change. Textual's own frames and these can follow one another freely,
    for Textual keeps no copy of what is on the screen.
    """

    def __init__(self, widget: Widget) -> None:
        super().__init__(widget)
        self._bar: list[str] | None = None
        self._bar_look = (False, False)
        self._cells: dict[tuple[object, ...], str] = {}

    def forget_bar(self) -> None:
        """Textual paints the scroll bar by itself now."""
        self._bar = None

    def restyle(self) -> None:
        """The colours are others now."""
        self.forget_bar()
        self._cells.clear()

    def ready(self) -> bool:
        """Whether all of the widget is as it was last painted, and nothing covers it."""
        return self.redrawable() and not self.hidden

    def redrawable(self) -> bool:
        """Likewise, but for the rows in `hidden`: only these must be left to Textual."""
        widget = self.widget
        if not self.free():
            return False
        if widget.region.x or widget.region.width != widget.screen.size.width:
            return False
        # Rows that wait for Textual's paint would be moved before it.
        return not any(held(own, "_repaint_regions") for own in (widget, widget.vertical_scrollbar))

    def paint(self, scrolled: int, rows: Iterable[tuple[int, Strip]], *, bar_moved: bool) -> None:
        """Move the rows up by `scrolled`, then draw `rows`, each with its place in the view."""
        widget, app = self.widget, app_of(self.widget)
        region, console = widget.region, app.console
        top, bottom = region.y + 1, region.bottom
        out: list[str] = []
        if scrolled:
            out.append(f"\x1b[0m\x1b[{top};{bottom}r\x1b[{bottom};1H{chr(10) * scrolled}\x1b[r")
        out += [f"\x1b[{top + y};1H{strip.render(console)}" for y, strip in rows]
        out += self._bar_cells(scrolled, moved=bar_moved)
        self.send(out, whole=True)

    def _bar_cells(self, scrolled: int, *, moved: bool) -> list[str]:
        """What brings the scroll bar's column up to date."""
        bar, region = self.widget.vertical_scrollbar, self.widget.region
        look = (bar.mouse_over, bar.grabbed)
        if look != self._bar_look:
            self._bar, self._bar_look = None, look
        before = self._bar
        if not self.widget.show_vertical_scrollbar or (before and not scrolled and not moved):
            return []
        cells = self._bar = self._draw_bar() if moved or before is None else before
        shown: list[str | None] = [None] * len(cells)
        if before is not None and len(before) == len(cells):
            shown = [*before[scrolled:], *[None] * scrolled]
        return [
            f"\x1b[{region.y + 1 + y};{region.right}H{cell}"
            for y, cell in enumerate(cells)
            if shown[y] != cell and y not in self.hidden
        ]

    def _draw_bar(self) -> list[str]:
        """Each cell of the bar. Not its cached lines: nobody told Textual that they are old."""
        bar, console = self.widget.vertical_scrollbar, app_of(self.widget).console
        options = console.options.update(width=1, height=self.widget.region.height)
        shown = bar.render()
        if isinstance(shown, ScrollBarRender):
            # One character each: rich's own way to cut lines was a sixth of a frame.
            parts = cast("list[Segments]", list(shown.__rich_console__(console, options)))
            drawn = [segment for part in parts for segment in part.segments]
        else:
            drawn = [each for each in console.render(shown, options) if each.text != "\n"]
        return [self._cell(segment) for segment in drawn]

    def _cell(self, segment: Segment) -> str:
        """The cell as it is written; a bar has few that differ."""
        style = segment.style or Style.null()
        look = (segment.text, style.color, style.bgcolor, style.reverse)
        cell = self._cells.get(look)
        if cell is None:
            widget = self.widget
            base = widget.vertical_scrollbar.visual_style.rich_style
            strip = Strip(Segment.apply_style([segment], base), 1)
            for line_filter in widget.get_line_filters():
                strip = strip.apply_filter(line_filter, widget.background_colors[1])
            cell = self._cells[look] = strip.render(app_of(widget).console)
        return cell
