"""A vertical scroll bar in one piece: Textual styles and caches each of its rows by itself.

That was more than half of a frame in which the bar moved: the rows of the page beside it
cost less. Owns how the bar's rows come about; how it looks stays with its renderer.
"""

from __future__ import annotations

from typing import cast

from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget


class QuickBar(ScrollBar):
    """A scroll bar of which equal cells are made once for a frame."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a frame, as Textual would draw them."""
        look = self.render()
        if not isinstance(look, ScrollBarRender) or not look.vertical or self.opacity < 1:
            return super().render_lines(crop)
        _, background = self.background_colors
        width, height = self.size
        style = cast("Style", look.style)
        if style.bgcolor is None or style.color is None or crop.column_span != (0, width):
            return super().render_lines(crop)
        column = look.render_bar(
            size=height,
            virtual_size=look.virtual_size,
            window_size=look.window_size,
            position=look.position,
            thickness=width,
            back_color=style.bgcolor,
            bar_color=style.color,
        )
        made: dict[int, Strip] = {}
        rows: list[Strip] = []
        for segment in column.segments[crop.y : crop.bottom]:
            strip = made.get(id(segment))
            if strip is None:
                strip = Strip([segment], width).apply_style(self.visual_style.rich_style)
                for line_filter in self.get_line_filters():
                    strip = strip.apply_filter(line_filter, background)
                made[id(segment)] = strip
            rows.append(strip)
        return rows


def quicken_bar(widget: Widget) -> None:
    """Have the vertical scroll bar of `widget` drawn in one piece."""
    widget.vertical_scrollbar.__class__ = QuickBar
