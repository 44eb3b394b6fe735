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

from alloy_tui.ui.edge_drag import EdgeDrag, clamped
from alloy_tui.ui.markdown.cells import clusters


class DragSelect(ScrollView):
    """A view of rows, one below the other, numbered from 0."""

    _drag_start: Offset | None = None
    _pointer: Offset | None = None
    _edge: EdgeDrag | None = None

    def text_of_row(self, number: int) -> str | None:
        """The text of row `number`; None below the last."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A drag may begin here."""
        self._drag_start = self._place(event.offset)
        self._edge = self._edge or EdgeDrag(self, self._scroll_rows, self._extend)
        self._edge.begun()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """It goes on, or has ended elsewhere."""
        self._pointer = event.offset
        if self._edge is None or self._drag_start is None:
            return
        if event.button:
            self._edge.moved(event)
        else:
            self._drag_start = None
            self._edge.ended()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """It ends."""
        if self._drag_start is not None:
            self._pointer = event.offset
            self._extend()
        if self._edge is not None:
            self._edge.ended()
        self._drag_start = None

    def selection_updated(self, selection: Selection | None) -> None:
        """Repaint; while a drag scrolls, take in what has passed below the pointer."""
        self.refresh()
        if self._drag_start is not None and selection is not None:
            # Later, for Textual now puts back the end that was under the pointer before.
            self.call_later(self._extend)

    def _scroll_rows(self, rows: int) -> None:
        self.scroll_relative(y=rows, animate=False, immediate=True)

    def _extend(self) -> None:
        start, pointer = self._drag_start, self._pointer
        if start is None or pointer is None or self.text_selection is None:
            return
        end = self._place(pointer)
        if end.transpose < start.transpose:
            start, end = end, start
        selection = Selection.from_offsets(start, end + Offset(1, 0))
        if self.screen.selections != {self: selection}:
            self.screen.selections = {self: selection}

    def _place(self, pointer: Offset) -> Offset:
        """The character and row at a cell of the widget, or nearest to it."""
        inside = self.content_region.offset - self.region.offset
        x, y = pointer - inside
        y, side = clamped(y, self.content_region.height)
        number = y + self.scroll_offset.y
        text = self.text_of_row(number) or ""
        return Offset(character_at(text, x) if not side else len(text) * (side > 0), number)


def character_at(text: str, x: int) -> int:
    """The character of `text` that cell `x` shows."""
    column = 0
    for start, _, cells in clusters(text):
        column += cells
        if column > x:
            return start
    return len(text)
