"""A scrolling view of plain lines with a kind each: tool output, diffs, previews, pages.

Owns which lines are kept, searching and painting; only the visible ones are
rendered. How lines become rows is `line_rows`'. The text must have been
sanitised by the caller; it is never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Literal, TypeAlias

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip

from alloy_tui.ui.clipboard import copy_and_tell
from alloy_tui.ui.lines import Change, Line, LineItem, LineKind
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.transcript.painting import app_of, quicken_bar, set_bar, set_geometry
from alloy_tui.ui.transcript.selecting import overlay
from alloy_tui.ui.widgets.drag_select import DragSelect
from alloy_tui.ui.widgets.line_rows import LineRow, expanded, plain, selected_text, wrapped
from alloy_tui.ui.widgets.line_search import find

MAX_LINES = 20_000
"""Lines that are kept; the pane says how many went before them."""
Place: TypeAlias = Literal["top", "end", "stay"]
"""What of new lines is shown: their first, their last, or what was, if that was not the last."""


class LineView(DragSelect, can_focus=True):
    """Shows `Line`s, wrapped to its width, between words only if `words`.

    What is appended is followed while the view is at the end. `look` gives what
    changes among the lines are drawn with.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"line-view--{kind}"
        for kind in ("muted", "heading", "add", "remove", "hunk", "error", "match", "match-now")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", show=False),
        Binding("down,j", "scroll_down", show=False),
        Binding("home,g", "scroll_home", show=False),
        Binding("end,G", "scroll_end", show=False),
    ]

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own parameter name
        words: bool = False,
        look: Callable[[], Look | None] = lambda: None,
    ) -> None:
        super().__init__(id=id)
        self._look = look
        self._given: list[LineItem] | None = None
        self._drawn: dict[int, LineRow] = {}
        self._beside = False
        self._at_end = True
        self._words = words
        self._lines: list[Line] = []
        self._rows: list[LineRow] = []
        self._starts: list[int] = []
        self._open = False
        self._wrapped_to = 0
        self._needle = ""
        self._matches: list[tuple[int, int, int]] = []
        self._by_line: dict[int, list[tuple[int, int]]] = {}
        self._match = 0
        self.dropped = 0

    @property
    def text(self) -> str:
        """All lines that are kept, joined."""
        return "\n".join(text for _, text in self._lines)

    @property
    def row_count(self) -> int:
        """Rows after wrapping."""
        return len(self._rows)

    def shows(self, items: Iterable[LineItem]) -> bool:
        """Whether it is these that it shows already."""
        items = list(items)
        if self._given is not None:
            return items == self._given
        kept = [item[1] for item in items if not isinstance(item, Change)]
        return len(kept) == len(items) and kept == [text for _, text in self._lines]

    def set_lines(self, items: Iterable[LineItem], place: Place = "top") -> None:
        """Show these instead, and of them what `place` says."""
        to_end = self._at_end if place == "stay" else place == "end"
        self._given, self._drawn = list(items), {}
        if any(isinstance(item, Change) for item in self._given):
            self._lines = []
        else:
            self._lines = [item for item in self._given if not isinstance(item, Change)]
            self._given = None
        self._open = False
        self.dropped = 0
        self._trim()
        self._rewrap()
        self._search_again(0)
        if self.styles.is_auto_height:
            self.refresh(layout=True)
        if to_end:
            self._to_end()
        elif place == "top":
            self._at_end = False
            self.scroll_home(animate=False, immediate=True, force=True)

    def append(self, text: str, kind: LineKind = "plain") -> None:
        """Add text that may end within a line; the next piece of the same kind continues it."""
        if not text:
            return
        at_end = self._at_end or self.is_vertical_scroll_end
        self._given = None
        pieces = text.split("\n")
        first = len(self._lines)
        if self._open and self._lines and self._lines[-1][0] == kind:
            first -= 1
            self._lines[-1] = (kind, self._lines[-1][1] + pieces.pop(0))
        self._lines.extend((kind, piece) for piece in pieces)
        self._open = not text.endswith("\n")
        if not self._open and self._lines[-1][1] == "":
            self._lines.pop()
        if self._trim():
            self._rewrap()
            self._search_again(0)
        else:
            self._wrap_from(first)
            self._search_again(first)
        if at_end:
            self._to_end()

    def _to_end(self) -> None:
        self._at_end = True
        # By force: what the lines before had no bar for would not scroll before the next layout.
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls up is left alone there; at the end again, the newest is followed."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = round(new_value) >= self.max_scroll_y

    @property
    def _page_width(self) -> int:
        # The scrollbar's column stays free, so that its coming re-wraps nothing.
        return max(0, self.content_size.width - 1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Rows at `width` cells, for a view whose height is its content's."""
        del container, viewport
        if self._wrapped_to != width - 1:
            self._rewrap(width - 1)
        return max(1, len(self._rows))

    def _trim(self) -> bool:
        over = len(self._lines) - MAX_LINES
        if over <= 0:
            return False
        # A tenth at a time, so that a flood does not re-wrap everything per piece.
        cut = over + MAX_LINES // 10
        del self._lines[:cut]
        self.dropped += cut
        return True

    def _wrap_from(self, first: int) -> None:
        if not self._wrapped_to:
            return
        if first < len(self._starts):
            del self._rows[self._starts[first] :]
            del self._starts[first:]
        self._wrap(first)

    def _rewrap(self, width: int | None = None) -> None:
        before, self._rows = self._rows, []
        self._starts = []
        self._wrapped_to = max(0, self._page_width if width is None else width)
        if self._given is not None and self._wrapped_to:
            self._lines, self._drawn = expanded(
                self._given, self._wrapped_to, self._look(), beside=self._beside
            )
            self._search_again(0)
        self._wrap(0, before)

    def _wrap(self, first: int, before: Sequence[LineRow] = ()) -> None:
        width = max(4, self._wrapped_to)
        for number, line in enumerate(self._lines[first:], first):
            self._starts.append(len(self._rows))
            row = self._drawn.get(number)
            if row is not None:
                self._rows.append(row)
            else:
                self._rows.extend(wrapped(line, number, width, words=self._words))
        self._measure()
        self._repaint(before)

    def _measure(self) -> None:
        total, height = len(self._rows), self.size.height
        size = Size(self._wrapped_to, total)
        barred = self.show_vertical_scrollbar
        if not height or self.styles.is_auto_height or barred != (total > height):
            self.virtual_size = size
        elif size != self.virtual_size:
            # Assigning it would lay out and paint the whole screen.
            set_geometry(self, size=size)
            if self.scroll_offset.y > max(0, total - height):
                self.scroll_to(y=max(0, total - height), animate=False, immediate=True, force=True)
            if barred:
                set_bar(self.vertical_scrollbar, total, height, self.scroll_offset.y, paint=True)

    def _repaint(self, before: Sequence[LineRow]) -> None:
        """Paint the rows that are others than `before`, or all where marks may have moved."""
        top, height = self.scroll_offset.y, self.size.height
        if not before or self._needle or self.text_selection is not None:
            self.refresh()
            return
        now = self._rows
        lines = [
            at - top for at in range(top, top + height) if before[at : at + 1] != now[at : at + 1]
        ]
        if lines:
            # The blanks around a row take after it.
            left, width = -self.content_offset.x, self.outer_size.width
            self.refresh(*(Region(left, y, width, 1) for y in lines))

    def on_mount(self) -> None:
        """Draw changes anew when the theme changes."""
        quicken_bar(self)
        app_of(self).theme_changed_signal.subscribe(self, lambda _: self._recolour())

    def _recolour(self) -> None:
        if self._given is not None:
            # Later, for the look is made anew by the same signal.
            self.call_after_refresh(self._rewrap)

    @property
    def drawn(self) -> bool:
        """Whether a change is among what is shown."""
        return bool(self._drawn)

    @property
    def beside(self) -> bool:
        """Whether old and new of a change stand side by side, where there is room."""
        return self._beside

    def turn_beside(self) -> None:
        """Old and new side by side, where there is room, or one below the other again."""
        self._beside = not self._beside
        if self._given is not None:
            self._rewrap()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew when the width changed; stay at the end if we were there."""
        del event
        if self._page_width == self._wrapped_to:
            return
        at_end = self._at_end
        self._rewrap()
        if at_end:
            self._to_end()

    @property
    def found(self) -> tuple[int, int]:
        """Which match is the current one, counted from 1, and how many there are."""
        return (self._match + 1 if self._matches else 0), len(self._matches)

    def search(self, needle: str) -> None:
        """Mark every place where `needle` stands, and go to the first one in sight or below."""
        self._needle = needle
        self._search_again(0)
        top = self.scroll_offset.y
        self._match = next(
            (n for n, match in enumerate(self._matches) if self._row_of(match) >= top), 0
        )
        self.step_match(0)

    def step_match(self, by: int) -> None:
        """To the match `by` further on, and round again at the ends."""
        if self._matches:
            self._match = (self._match + by) % len(self._matches)
            row = self._row_of(self._matches[self._match])
            top, height = self.scroll_offset.y, self.scrollable_content_region.height
            if not top <= row < top + height:
                at = max(0, row - height // 3)
                self.scroll_to(y=at, animate=False, immediate=True, force=True)
        self.refresh()

    def _search_again(self, first: int) -> None:
        if not self._needle:
            self._matches, self._by_line = [], {}
            return
        kept = [match for match in self._matches if match[0] < first]
        self._matches = kept + find([plain(t) for _, t in self._lines], self._needle, first)
        self._match = min(self._match, max(0, len(self._matches) - 1))
        self._by_line = {}
        for line, start, end in self._matches:
            self._by_line.setdefault(line, []).append((start, end))

    def _row_of(self, match: tuple[int, int, int]) -> int:
        line, start, _ = match
        row = self._starts[line] if line < len(self._starts) else 0
        while (
            row + 1 < len(self._rows)
            and self._rows[row + 1].line == line
            and self._rows[row + 1].at <= start
        ):
            row += 1
        return row

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without marks; lines that were only wrapped are whole."""
        return selected_text(self._rows, selection), "\n"

    def copy(self) -> None:
        """What is selected, else all the lines, to the clipboard; the corner says where it went."""
        chosen = self.screen.get_selected_text() if self.text_selection is not None else None
        text = chosen or "\n".join(plain(line) for _, line in self._lines)
        self.screen.clear_selection()
        copy_and_tell(app_of(self), text, f"{len(text):,} characters")

    def text_of_row(self, number: int) -> str | None:
        """The text of row `number`, marks included; None below the last."""
        return self._rows[number].text if 0 <= number < len(self._rows) else None

    def render_line(self, y: int) -> Strip:
        """Row `y` of what is visible."""
        width = self.scrollable_content_region.width
        number = y + self.scroll_offset.y
        base = self.rich_style
        if number >= len(self._rows):
            return Strip.blank(width, base).apply_offsets(0, number)
        row = self._rows[number]
        style = base
        if row.kind != "plain":
            style = base + self.get_component_rich_style(f"line-view--{row.kind}", partial=True)
        strip = Strip(row.segments(style))
        for start, end, look in self._marks(row):
            strip = overlay(strip, start, end, look)
        span = self.text_selection.get_span(number) if self.text_selection is not None else None
        if span is not None:
            end = len(row.text) if span[1] == -1 else span[1]
            strip = overlay(strip, max(span[0], row.lead), end, self._selection_style())
        filled = base if row.fill is None else base + row.fill
        return strip.adjust_cell_length(width, filled).apply_offsets(0, number)

    def _selection_style(self) -> Style:
        # Its background alone: the words keep their colours.
        styles = self.screen.get_component_styles("screen--selection")
        background = self.background_colors[1] + styles.background
        return Style(bgcolor=background.rich_color) + styles.text_style

    def _marks(self, row: LineRow) -> list[tuple[int, int, Style]]:
        spans = self._by_line.get(row.line)
        if not spans:
            return []
        look = self.get_component_rich_style("line-view--match", partial=True)
        now = self.get_component_rich_style("line-view--match-now", partial=True)
        current = self._matches[self._match]
        return [
            (max(row.lead, a - row.at), b - row.at, now if (row.line, a, b) == current else look)
            for a, b in spans
        ]
