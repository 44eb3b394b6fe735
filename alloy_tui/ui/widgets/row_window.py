"""Rows in a window, with a cursor: only those in view are drawn, however many there are.

Owns cursor, scrolling and the grid, and that of rows that change only the cells
are sent that differ. What a row looks like is `spans`' business, which a subclass
gives; what a key means beyond moving is asked of `keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from alloy_tui.ui.field import Field
from alloy_tui.ui.markdown.cells import Span, clip, span_width
from alloy_tui.ui.transcript.anchoring import anchored
from alloy_tui.ui.transcript.painting import DirectRows, app_of
from alloy_tui.ui.widgets.drawn_rows import Change, DrawnRows, Source


class RowWindow(ScrollView, can_focus=True):
    """`PREFIX` is what the names of its component classes begin with."""

    PREFIX = "row"
    DEFAULT_CSS = """
    RowWindow {
        height: 1fr;
        background: $background;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        overflow-y: auto;
    }
    """

    class Opened(Message):
        """The row under the cursor was chosen: Enter or a double click."""

        def __init__(self, window: RowWindow) -> None:
            super().__init__()
            self.window = window

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, window: RowWindow) -> None:
            super().__init__()
            self.window = window

    cursor: reactive[int] = reactive(0)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own parameter name
        self._drawn = DrawnRows(self._source, self._draw)
        self._looks: dict[str, Style] = {}
        self._ground: tuple[Style, Color, Sequence[LineFilter]] | None = None
        self._mixed: dict[tuple[Style, bool], Style] = {}
        super().__init__(id=id)
        self.keys: Callable[[str], bool] = lambda _key: False
        """Takes a key; whether it meant something."""
        self.field: Callable[[], Field | None] = lambda: None
        """The line that was opened for what is typed now, if there is one."""
        self.touched = False
        """Whether a person has moved the cursor; before, rows go where they belong."""
        self._above = 0
        self._direct = DirectRows(self)

    # -- what a subclass gives ----------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def spans(self, place: int, width: int) -> Sequence[Span]:
        """Row `place` at `width` cells; what is too long is cut, what is short is filled."""
        raise NotImplementedError

    def can_stand_on(self, place: int) -> bool:
        """Whether the cursor may be there; a heading is no row."""
        del place
        return True

    # -- cursor and scrolling -----------------------------------------------------------------

    def settle(self, place: int | None, *, keep_line: bool = False, blanks: bool = False) -> None:
        """The rows are others now; the cursor goes to `place`.

        With `keep_line` the row under the cursor stays where it is on the screen
        as long as that hides no row for which there is room; with `blanks` also
        where there are blank rows above the first one then.
        """
        line = self.line_of(self.cursor)
        wanted = self.cursor if place is None else place
        at = self._near(max(0, min(wanted, self.count - 1)), 1)
        moved = at != self.cursor
        self.set_reactive(RowWindow.cursor, at)
        height = self.size.height
        self._above = max(0, line - at) if keep_line and blanks and line < height else 0
        self._measure()
        if 0 <= line < height:
            # Who has scrolled away from the cursor reads something else.
            if keep_line:
                top = max(0, min(at - line, self.count - height))
                if top != self.scroll_offset.y:
                    self.scroll_to(y=top, animate=False, immediate=True, force=True)
            if self.touched:
                self._show_cursor()
        self.redraw()
        if moved:
            self.post_message(self.Moved(self))

    def line_of(self, place: int) -> int:
        """The line of the window on which that row stands, of which not all are in sight."""
        return place + self._above - self.scroll_offset.y

    def _measure(self) -> None:
        self.virtual_size = Size(self.size.width, self._above + self.count)

    def watch_cursor(self, before: int, now: int) -> None:
        """Show it, and tell."""
        self._show_cursor()
        height = self.size.height
        # What follows the cursor elsewhere on the screen takes longer than these two lines.
        self.redraw(y for y in (self.line_of(before), self.line_of(now)) if 0 <= y < height)
        self.post_message(self.Moved(self))

    def validate_cursor(self, cursor: int) -> int:
        """Within the rows, and never on a heading."""
        return self._near(max(0, min(cursor, self.count - 1)), 1 if cursor >= self.cursor else -1)

    def _near(self, place: int, step: int) -> int:
        for way in (step, -step):
            at = place
            while 0 <= at < self.count:
                if self.can_stand_on(at):
                    return at
                at += way
        return max(0, place)

    def _show_cursor(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        # The heading of the first row is seen with it.
        first = self.cursor - 1 if self.cursor == 1 and not self.can_stand_on(0) else self.cursor
        first, last = first + self._above, self.cursor + self._above
        if last >= top + height:
            self.scroll_to(y=last - height + 1, animate=False, immediate=True, force=True)
        elif first < top:
            self.scroll_to(y=first, animate=False, immediate=True, force=True)

    def on_resize(self) -> None:
        """Rows are as wide as the window."""
        self._measure()
        self._show_cursor()

    async def on_key(self, event: events.Key) -> None:
        """Move; what else a key does is not known here."""
        field = self.field()
        if field is not None:
            # A key has opened the line, and more came before it had the focus.
            await field.take(event)
            return
        page = max(1, self.size.height - 1)
        moves = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        moves |= {"home": -self.count, "end": self.count}
        if self.keys(event.key):
            pass
        elif event.key in moves:
            self.touched = True
            self.cursor += moves[event.key]
            if self._above and self.cursor <= self._near(0, 1):
                self._above = 0
                self._measure()
                self.redraw()
            self._show_cursor()
        elif event.key == "enter" and self.count:
            self.post_message(self.Opened(self))
        else:
            return
        event.stop()
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """To the row; twice opens it."""
        place = event.y + self.scroll_offset.y - self._above
        if 0 <= place < self.count and self.can_stand_on(place):
            self.touched = True
            self.cursor = place
            if event.chain == 2:
                self.post_message(self.Opened(self))

    # -- drawing ------------------------------------------------------------------------------

    def look(self, name: str) -> Style:
        """The style of a component class, translucent colours mixed with the ground."""
        made = self._looks.get(name)
        if made is None:
            styles = self.get_component_styles(f"{self.PREFIX}--{name}")
            ground = self.background_colors[1]
            filled = styles.has_rule("background") and styles.background.a > 0
            if filled:
                ground += styles.background
            color = (ground + styles.color).rich_color if styles.has_rule("color") else None
            style = Style(color=color, bgcolor=ground.rich_color if filled else None)
            made = self._looks[name] = style + styles.text_style
        return made

    def notify_style_update(self) -> None:
        """Colours are others, perhaps: of this or of what is behind it."""
        super().notify_style_update()
        self._looks.clear()
        self._mixed.clear()
        self._ground = None
        self.refresh()

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """As ever; without regions the rows are drawn anew, too."""
        if not regions:
            self._drawn.forget()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def redraw(self, lines: Iterable[int] | None = None) -> None:
        """Show what differs from what is on the screen, of all lines or of these."""
        if not self._drawn.follows(self._view()):
            self.refresh()
            return
        changes = self._drawn.changes(range(self.size.height) if lines is None else lines)
        pieces = [(each.y, *self._piece(each)) for each in changes]
        if changes and not self._direct.paint(pieces, whole=lines is None):
            self.refresh(
                *(Region(each.start, each.y, each.end - each.start, 1) for each in changes)
            )

    def _view(self) -> tuple[object, ...]:
        """What all the lines depend on; Textual paints all of them when it changes."""
        width, height = self.scrollable_content_region.width, self.size.height
        return (self.scroll_offset.y, width, height, app_of(self).theme)

    def _source(self, y: int) -> Source:
        place = y + self.scroll_offset.y - self._above
        if not 0 <= place < self.count:
            return None, False
        # Where there is nothing to stand on, what says so is no row that could be chosen.
        on_cursor = place == self.cursor and self.can_stand_on(place)
        return self.spans(place, self.scrollable_content_region.width), on_cursor

    def _draw(self, source: Source) -> Strip:
        spans, on_cursor = source
        width = self.scrollable_content_region.width
        if self._ground is None:
            self._ground = (self.rich_style, self.background_colors[1], self.get_line_filters())
        base, ground, filters = self._ground
        if spans is None:
            strip = Strip.blank(width, base)
        else:
            row = [Segment(text, self._mix(style, on_cursor)) for text, style in clip(spans, width)]
            strip = Strip(row).adjust_cell_length(width, self._mix(Style.null(), on_cursor))
        for line_filter in filters:
            strip = strip.apply_filter(line_filter, ground)
        return strip

    def _mix(self, style: Style, on_cursor: bool) -> Style:
        """On the window's own, and below the cursor's."""
        mixed = self._mixed.get((style, on_cursor))
        if mixed is None:
            over = self.look("cursor") if on_cursor else Style.null()
            mixed = self._mixed[style, on_cursor] = self.rich_style + style + over
        return mixed

    def _piece(self, change: Change) -> tuple[int, Strip]:
        """The column of what is sent, and that, held to the grid."""
        piece = change.strip.crop(change.start, change.end)
        return change.start, anchored(piece, self.region.x + change.start)

    def render_line(self, y: int) -> Strip:
        """Row `y` of what is visible."""
        return self.render_lines(Region(0, y, self.scrollable_content_region.width, 1))[0]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a frame, held to the grid: past Textual's styling, which loses the holds."""
        self._drawn.follows(self._view())
        return [
            anchored(self._drawn.row(y).crop(crop.x, crop.right), self.region.x + crop.x)
            for y in range(crop.y, crop.bottom)
        ]


def columns(left: Sequence[Span], right: Sequence[Span], width: int) -> list[Span]:
    """`left`, cut to what is there, and `right` at the edge."""
    room = max(0, width - span_width(right) - 1)
    head = clip(left, room)
    gap = width - span_width(head) - span_width(right)
    return [*head, (" " * max(1, gap), Style.null()), *right]
