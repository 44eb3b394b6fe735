"""Selecting by dragging over rows that scroll meanwhile.

Textual keeps the end of a selection where the pointer last moved, though what
is below the pointer has scrolled on since. Owns the end of the drag; what rows
say is the view's.
"""

from __future__ import annotations

from textual import events
from textual.geometry import Offset
from textual.scroll_view import ScrollView
from textual.selection import Selection

from alloy_tui.ui.markdown.cells import clusters


class DragSelect(ScrollView):
    """A view of rows, one below the other, numbered from 0."""

    _drag_start: Offset | None = None
    _pointer: Offset | None = None

    def text_of_row(self, number: int) -> str | None:
        """The text of row `number`; None below the last."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A drag may begin here."""
        self._drag_start = self._place(event.offset)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """It goes on, or has ended elsewhere."""
        self._pointer = event.offset
        if not event.button:
            self._drag_start = None

    def on_mouse_up(self) -> None:
        """It ends."""
        self._extend()
        self._drag_start = None

    def selection_updated(self, selection: Selection | None) -> None:
        """Repaint; while a drag scrolls, take in what has passed below the pointer."""
        self.refresh()
        if self._drag_start is not None and selection is not None:
            # Later, for Textual now puts back the end that was under the pointer before.
            self.call_later(self._extend)

    def _extend(self) -> None:
        start, pointer = self._drag_start, self._pointer
        if start is None or pointer is None or self.text_selection is None:
            return
        end = self._place(pointer)
        if end.transpose < start.transpose:
            start, end = end, start
        selection = Selection.from_offsets(start, end + Offset(1, 0))
        if self.text_selection != selection:
            self.screen.selections = {self: selection}

    def _place(self, pointer: Offset) -> Offset:
        """The character and row at a cell of the widget."""
        inside = self.content_region.offset - self.region.offset
        x, y = pointer - inside
        number = y + self.scroll_offset.y
        return Offset(character_at(self.text_of_row(number) or "", x), number)


def character_at(text: str, x: int) -> int:
    """The character of `text` that cell `x` shows."""
    column = 0
    for start, _, cells in clusters(text):
        column += cells
        if column > x:
            return start
    return len(text)
