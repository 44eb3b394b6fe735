"""The scrolling, painting half of the transcript widget.

Owns the viewport: what is at its top (the anchor), following the end, scroll
bar, overlays (selection, search hits, hover, cursor) and the paint path. There
are no child widgets; a frame hands out the rows that the document holds, the
same objects every time, so that Textual's caches hit. Knows blocks only as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript import look as looks
from alloy_tui.ui.transcript import warming
from alloy_tui.ui.transcript.document import Document
from alloy_tui.ui.transcript.messages import FollowChanged
from alloy_tui.ui.transcript.painting import (
    DirectPaint,
    app_of,
    quicken_bar,
    set_bar,
    set_geometry,
)
from alloy_tui.ui.transcript.selecting import overlay, pack, selected_text, span_of
from alloy_tui.ui.transcript.strips import Strips


class TranscriptView(ScrollView, can_focus=True):
    """A document in a window that stays still while one reads, or follows its end."""

    DEFAULT_CSS = """
    TranscriptView { width: 1fr; height: 1fr; overflow-x: hidden; overflow-y: scroll; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set(looks.COMPONENT_CLASSES)

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.document = Document()
        self._anchor = (0, 0)
        self._follow = True
        self._unseen: set[int] = set()
        self._told = (True, 0)
        self._thumb = (-1, -1)
        self._cursor: int | None = None
        self._hover: int | None = None
        self._strips = Strips()
        self._direct = DirectPaint(self)
        self._beside = False

    # -- following ------------------------------------------------------------------------

    @property
    def follow(self) -> bool:
        """Whether the end stays in view as text comes."""
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        self._follow = follow
        if follow:
            self._settle()
        self._tell()

    def scroll_to_end(self) -> None:
        """Show the newest text and follow it."""
        self.follow = True

    @property
    def unseen(self) -> int:
        """How many blocks came or grew since the end is not followed."""
        return len(self._unseen)

    def _tell(self) -> None:
        if self._follow:
            self._unseen.clear()
        now = (self._follow, len(self._unseen))
        if now != self._told:
            self._told = now
            self.post_message(FollowChanged(*now))

    # -- layout ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Take new colours when the theme changes; get ready for the first answer."""
        quicken_bar(self)
        self.set_class(app_of(self).console.color_system == "256", "-few-colours")
        if not app_of(self).is_headless:
            self.set_timer(warming.DELAY_S, warming.warm_up)
        app_of(self).theme_changed_signal.subscribe(self, lambda _: self.restyle())

    def on_resize(self) -> None:
        """A new width makes new rows; a new height shows more or fewer."""
        look = self.document.look
        if look is None or look.page.width != self._page_width:
            self.restyle()
        else:
            self._settle()

    @property
    def _page_width(self) -> int:
        return self.scrollable_content_region.width

    def restyle(self) -> None:
        """Draw everything anew: estimates for all, rows only for what is seen."""
        width = self._page_width
        if not width:
            return
        self._clear_selection()
        self._direct.restyle()
        self._place_strips()
        index, line = self._anchor
        before = self.document.heights[index] if len(self.document) else 0
        self.document.restyle(
            looks.look_of(
                self._component_style, self.visual_style.rich_style, width, beside=self._beside
            )
        )
        if line and before:
            # The same part of the block, whatever its rows are now.
            share = line / before
            self._anchor = (index, int(share * len(self.document.ensure(index))))
        self._settle()
        self.refresh()

    def _place_strips(self) -> None:
        filters, background = self.get_line_filters(), self.background_colors[1]
        self._strips.restyle(filters, background, self.region.x)

    def _component_style(self, name: str) -> Style:
        """What a component class adds to the pane's own style, translucent colours mixed."""
        styles = self.get_component_styles(name)
        background = self.background_colors[1]
        filled = styles.has_rule("background") and styles.background.a > 0
        if filled:
            background += styles.background
        color = (background + styles.color).rich_color if styles.has_rule("color") else None
        style = Style(color=color, bgcolor=background.rich_color if filled else None)
        return style + styles.text_style

    def _clear_selection(self) -> None:
        if self.is_attached and self in self.screen.selections:
            self.screen.clear_selection()

    def _settle(self, *, paint: bool = True) -> bool:
        """Lay out what is in view, bring offset and bar in line; whether the bar's look changes."""
        document = self.document
        height = self.size.height
        if document.look is None or not height:
            return False
        if self._follow:
            self._anchor = document.settle_end(height)
        else:
            self._anchor = document.settle(self._anchor, height)
        row = document.row_of(self._anchor)
        first, last = self._anchor[0], document.at(row + height - 1)[0]
        document.trim(first, last)
        return self._sync(row, height, paint=paint)

    def _sync(self, row: int, height: int, *, paint: bool) -> bool:
        total = self.document.total
        size = Size(self._page_width, total)
        if size != self.virtual_size:
            # Assigning it would lay out the whole screen, once per delta.
            set_geometry(self, size=size)
        if row != self.scroll_offset.y:
            set_geometry(self, row=row)
            if paint:
                self.refresh(self.size.region)
        moved = False
        if self.show_vertical_scrollbar:
            # A move of less than the eighth of a cell that it is drawn with needs no paint.
            long = max(1.0, height * height / max(1, total))
            start = (height - long) * row / max(1, total - height)
            thumb = (int(start * 8), ceil(long * 8))
            moved, self._thumb = thumb != self._thumb, thumb
            set_bar(self.vertical_scrollbar, total, height, row, paint=paint and moved)
            if paint and moved:
                self._direct.forget_bar()
        return moved

    def _changed(self, index: int, first: int, height_before: int) -> None:
        """Rows of a block changed from row `first` on: settle, and repaint no more than needed."""
        if not self._follow:
            self._unseen.add(index)
        offset, shrunk = self.scroll_offset.y, height_before - self.document.heights[index]
        direct = self._follow and self.document.look is not None and self._direct.ready()
        bar_moved = self._settle(paint=not direct)
        self._tell()
        if direct:
            end = self.document.total + max(0, shrunk)
            top = self.document.heights.top(index) + first
            self._paint_directly(offset, top, end, bar_moved=bar_moved)
            return
        if self.scroll_offset.y != offset or not self.is_attached:
            return  # painted whole already
        top = self.document.heights.top(index) + first - offset
        grown = self.document.heights[index] != height_before
        rows = self.size.height if grown else self.document.heights[index] - first
        region = Region(0, top, self.size.width, rows).intersection(self.size.region)
        if region:
            self.refresh(region)

    def _paint_directly(self, offset: int, first: int, end: int, *, bar_moved: bool) -> None:
        """Show the rows from document row `first` to before `end`; the view was at `offset`."""
        now, height = self.scroll_offset.y, self.size.height
        scrolled = now - offset
        if not 0 <= scrolled < height:
            self._direct.forget_bar()
            self.refresh(self.size.region)
            self.vertical_scrollbar.refresh()
            return
        low = max(0, min(first - now, height - scrolled))
        rows = [(y, self._row(y + now)) for y in range(low, max(low, min(height, end - now)))]
        self._direct.paint(scrolled, rows, bar_moved=bar_moved)

    def _redraw(self, index: int) -> None:
        """Lay a block out anew if it is laid out or in view; else estimate it."""
        document = self.document
        block = document.blocks[index]
        before = document.heights[index]
        if document.look is None:
            document.guess(index)
            return
        near = self._anchor[0] <= index <= self._last_visible()
        if near or block.rows is not None:
            document.forget(index)
            document.ensure(index)
        else:
            document.guess(index)
        self._changed(index, 0, before)

    def _last_visible(self) -> int:
        return self.document.at(self.scroll_offset.y + self.size.height)[0]

    def _set_cursor(self, index: int) -> None:
        """Let the keys act on that block, and show it."""
        raise NotImplementedError

    # -- painting -------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a frame: ready-made, without Textual's per-line styling."""
        width = self._page_width
        look = self.document.look
        if look is not None and look.page.width != width:
            if not width:
                return [Strip.blank(crop.width)] * crop.height
            self.restyle()  # this frame comes before the news of the resize
        if self._strips.x != self.region.x:
            self._place_strips()
        offset = self.scroll_offset.y
        rows = [self._row(y + offset) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.width >= width:
            return rows
        return [row.crop(crop.x, crop.right) for row in rows]

    def render_line(self, y: int) -> Strip:
        """One row for hit tests: its cells know which character of which row they show."""
        row = y + self.scroll_offset.y
        found, index, line = self.document.row_at(row)
        if found is None:
            # Below the text a selection ends with the last row.
            index, line = self.document.at(row)
        strip = found.make_strip() if found is not None else Strip([])
        return strip.apply_offsets(0, pack(index, line))

    def _row(self, row: int) -> Strip:
        look = self.document.look
        if look is None:
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        found, index, line = self.document.row_at(row)
        if found is None:
            return self._strips.blank(self._page_width, look.page.palette.base)
        return self._overlaid(found, index, line, look)

    def _overlaid(self, row: Row, index: int, line: int, look: looks.Look) -> Strip:
        """The row with what is laid over it: hover, cursor, search hits, selection."""
        block = self.document.blocks[index]
        marks: list[tuple[int, int, Style]] = []
        handle = block.header_at(line) or (not block.foldable and line == block.handle)
        if handle and index in (self._hover, self._cursor):
            text = row.text
            if index == self._hover:
                start, end = len(text) - len(text.lstrip()), len(text.rstrip())
                start = end - len(block.note) if block.turns else start
                marks.append((start, end, Style(underline=True)))
            if index == self._cursor and self.has_focus:
                marks.append((0, len(text), look["cursor"]))
        marks += [(start, end, look[name]) for start, end, name in self._marks(index, line)]
        selection = self.text_selection
        span = span_of(selection, index, line, row) if selection is not None else None
        if span is not None:
            marks.append((*span, self._selection_style()))
        if not marks:
            return self._strips[row]
        strip = row.make_strip()
        for start, end, style in marks:
            strip = overlay(strip, start, end, style)
        return self._strips.finished(strip)

    def _selection_style(self) -> Style:
        # Its background alone: the words keep their colours.
        chosen = self.screen.get_component_styles("screen--selection").background
        return Style(bgcolor=(self.background_colors[1] + chosen).rich_color)

    def _marks(self, index: int, line: int) -> Sequence[tuple[int, int, str]]:
        """Search hits in a row: first character, the one after, name of the style."""
        del index, line
        return ()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected words."""
        if self.document.look is None:
            return None
        return selected_text(self.document, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Repaint the selected rows."""
        del selection
        self.refresh(self.size.region)

    def action_beside(self) -> None:
        """Diffs side by side, where there is room, or one below the other again."""
        self._beside = not self._beside
        self.restyle()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Underline what a click would act on."""
        self._point_at(event.y)

    def on_leave(self) -> None:
        """The pointer is gone."""
        self._point_at(None)

    def _point_at(self, y: int | None) -> None:
        target = None
        if y is not None and len(self.document):
            index, line = self.document.heights.find(y + self.scroll_offset.y)
            block = self.document.blocks[index] if index < len(self.document) else None
            arrows = block is not None and block.turns and line == int(block.spaced)
            if block is not None and (arrows or block.header_at(line)):
                target = index
        if target != self._hover:
            self._hover, before = target, self._hover
            for index in (before, target):
                self._repaint_block(index)

    def _repaint_block(self, index: int | None) -> None:
        if index is None or index >= len(self.document):
            return
        top = self.document.heights.top(index) - self.scroll_offset.y
        region = Region(0, top, self.size.width, self.document.heights[index])
        if region := region.intersection(self.size.region):
            self.refresh(region)
