"""Moving the view: by pages, by the wheel, to either end; painted at once where that is possible.

Owns where a movement ends and how it comes onto the screen. What stands in the
rows is `view`'s.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from textual.geometry import Region

from alloy_tui.ui.transcript.view import TranscriptView


class ScrollingView(TranscriptView):
    """A transcript that moves."""

    _moving = False  # what moves is painted by `_at_once`

    def _move_to(self, row: int) -> None:
        """Scroll so that document row `row` is at the top, as near as there are rows."""
        end = max(0, self.document.total - self.size.height)
        self._follow = row >= end
        self._anchor = self.document.at(max(0, min(row, end)))
        self._settle(paint=not self._moving)
        self._tell()

    @contextmanager
    def _at_once(self) -> Generator[None]:
        """Show what is moved within it past Textual's frames, whose work is twice the rows' own.

        What covers some of the rows is painted by Textual, together with them.
        """
        anchor, thumb = self._anchor, self._thumb
        self._moving = self.document.look is not None and self._direct.redrawable()
        directly = self._moving
        try:
            yield
        finally:
            self._moving = False
        if (self._anchor, self._thumb) == (anchor, thumb):
            return
        if directly:
            self._show_all(bar_moved=self._thumb != thumb)
        else:
            self.refresh(self.size.region)

    def _show_all(self, *, bar_moved: bool) -> None:
        offset, hidden = self.scroll_offset.y, self._direct.hidden
        rows = [(y, self._row(y + offset)) for y in range(self.size.height) if y not in hidden]
        self._direct.paint(0, rows, bar_moved=bar_moved)
        if hidden:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in sorted(hidden)))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Somebody scrolled: wheel, bar or key."""
        if round(old_value) != round(new_value):
            with self._at_once():
                self._move_to(round(new_value))

    def _scroll_by(self, rows: int) -> None:
        # Without animation: what is above is measured only as it comes into view.
        with self._at_once():
            self._move_to(self.scroll_offset.y + rows)

    def action_page(self, pages: int) -> None:
        """Scroll by screens, one row of the old one staying in view."""
        self._scroll_by(pages * max(1, self.size.height - 1))

    def action_home(self) -> None:
        """Go to the first row."""
        with self._at_once():
            self._move_to(0)

    def action_end(self) -> None:
        """Go to the last row and follow."""
        self.scroll_to_end()
