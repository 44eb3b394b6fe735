"""Rows in a window, with a cursor: only those in view are drawn, however many there are.

Owns cursor, scrolling and the grid. What a row looks like is `spans`' business,
which a subclass gives; what a key means beyond moving is asked of `keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from alloy_tui.ui.field import Field
from alloy_tui.ui.markdown.cells import Span, clip, span_width
from alloy_tui.ui.transcript.anchoring import anchored
from alloy_tui.ui.transcript.painting import DirectRows


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
                self.scroll_to(y=top, animate=False, immediate=True, force=True)
            if self.touched:
                self._show_cursor()
        self.refresh()
        if moved:
            self.post_message(self.Moved(self))

    def line_of(self, place: int) -> int:
        """The line of the window on which that row stands, of which not all are in sight."""
        return place + self._above - self.scroll_offset.y

    def _measure(self) -> None:
        self.virtual_size = Size(self.size.width, self._above + self.count)

    def watch_cursor(self, before: int, now: int) -> None:
        """Show it, and tell."""
        top = self.scroll_offset
        self._show_cursor()
        height = self.size.height
        lines = [y for y in (self.line_of(before), self.line_of(now)) if 0 <= y < height]
        # What follows the cursor elsewhere on the screen takes longer than these two lines.
        if self.scroll_offset != top or not self._direct.paint(lines):
            for y in lines:
                self.refresh(Region(0, y, self.size.width, 1))
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
                self.refresh()
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
        styles = self.get_component_styles(f"{self.PREFIX}--{name}")
        ground = self.background_colors[1]
        filled = styles.has_rule("background") and styles.background.a > 0
        if filled:
            ground += styles.background
        color = (ground + styles.color).rich_color if styles.has_rule("color") else None
        style = Style(color=color, bgcolor=ground.rich_color if filled else None)
        return style + styles.text_style

    def render_line(self, y: int) -> Strip:
        """Row `y` of what is visible."""
        width = self.scrollable_content_region.width
        place, base = y + self.scroll_offset.y - self._above, self.rich_style
        if not 0 <= place < self.count:
            return Strip.blank(width, base)
        spans = clip(self.spans(place, width), width)
        over = self.look("cursor") if place == self.cursor else Style.null()
        strip = Strip([Segment(text, base + style + over) for text, style in spans])
        return strip.adjust_cell_length(width, base + over)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a frame, held to the grid: past Textual's styling, which loses the holds."""
        filters, ground = self.get_line_filters(), self.background_colors[1]
        made: list[Strip] = []
        for y in range(crop.y, crop.bottom):
            strip = self.render_line(y).crop(crop.x, crop.right)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, ground)
            made.append(anchored(strip, self.region.x + crop.x))
        return made


def columns(left: Sequence[Span], right: Sequence[Span], width: int) -> list[Span]:
    """`left`, cut to what is there, and `right` at the edge."""
    room = max(0, width - span_width(right) - 1)
    head = clip(left, room)
    gap = width - span_width(head) - span_width(right)
    return [*head, (" " * max(1, gap), Style.null()), *right]
