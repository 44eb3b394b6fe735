"""Copying from the transcript: what is selected, a block, a code fence; words by double click.

Owns what the keys and clicks take; how text is read back from rows is
`selecting`'s, the way to the clipboard `ui.clipboard`'s.
"""

from __future__ import annotations

from textual import events
from textual.geometry import Offset
from textual.selection import Selection

from alloy_tui.ui import clipboard
from alloy_tui.ui.edge_drag import EdgeDrag, clamped
from alloy_tui.ui.transcript.blocks import AgentText
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.transcript.searching import SearchableView
from alloy_tui.ui.transcript.selecting import character_at, line_around, pack, word_around


class CopyingView(SearchableView):
    """A transcript one can take text from."""

    _pointer: Offset | None = None
    _drag_start: Offset | None = None

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._edge = EdgeDrag(self, self._scroll_by, self._extend)

    # -- dragging -------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A drag may begin here."""
        self._drag_start = self._place(event.x, event.y)
        if self._drag_start is not None:
            self._edge.begun()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """It ends."""
        if self._drag_start is not None:
            self._pointer = event.offset
            self._extend()
            self._edge.ended()
        self._drag_start = None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Underline what a click would act on; keys act on what is pointed at."""
        self._pointer = event.offset
        if self._drag_start is not None and event.button:
            self._edge.moved(event)
        elif self._drag_start is not None:
            self._drag_start = None  # it ended where nobody heard of it
            self._edge.ended()
        super().on_mouse_move(event)

    def selection_updated(self, selection: Selection | None) -> None:
        """Repaint; while a drag scrolls, take in what has passed below the pointer."""
        super().selection_updated(selection)
        if self._drag_start is not None and selection is not None:
            # Later, for Textual now puts back the end that was under the pointer before.
            self.call_later(self._extend)

    def _extend(self) -> None:
        start, pointer = self._drag_start, self._pointer
        if start is None or pointer is None or self.text_selection is None:
            return
        end = self._place(pointer.x, pointer.y)
        if end is None:
            return
        selection = Selection.from_offsets(start, end + Offset(1, 0))
        if self.screen.selections != {self: selection}:
            self.screen.selections = {self: selection}

    def _place(self, x: int, y: int) -> Offset | None:
        """The character and row, in a selection's terms, at a cell of the view or beside it."""
        if self.document.look is None or not len(self.document):
            return None
        y, side = clamped(y, min(self.size.height, self.document.total - self.scroll_offset.y))
        row, index, line = self.document.row_at(y + self.scroll_offset.y)
        if row is None:
            return None
        x = x if not side else self.size.width if side > 0 else 0
        return Offset(character_at(row, x), pack(index, line))

    def on_leave(self) -> None:
        """The pointer is gone."""
        if self._drag_start is None:
            self._pointer = None
        super().on_leave()

    # -- what to copy ---------------------------------------------------------------------

    def _pointed(self) -> tuple[int, int] | None:
        """Block and row under the pointer."""
        if self._pointer is None or not len(self.document):
            return None
        index, line = self.document.heights.find(self._pointer.y + self.scroll_offset.y)
        return (index, line) if index < len(self.document) else None

    def _fence(self) -> tuple[int, int] | None:
        """Block and number of the fence that is meant, from 1.

        The one under the pointer, else the first of the selected block, else
        the last in view.
        """
        pointed = self._pointed()
        if pointed is not None:
            number = self.document.ensure(pointed[0])[pointed[1]].code
            if number:
                return pointed[0], number
        if self._cursor is not None:
            for row in self.document.ensure(self._cursor):
                if row.code:
                    return self._cursor, row.code
        offset = self.scroll_offset.y
        for y in range(offset + self.size.height - 1, offset - 1, -1):
            row, index, _ = self.document.row_at(y)
            if row is not None and row.code:
                return index, row.code
        return None

    def copied_block(self) -> str:
        """The text of the selected block, else of the one under the pointer; may be empty."""
        pointed = self._pointed()
        index = self._cursor if self._cursor is not None else pointed[0] if pointed else None
        return self.document.blocks[index].text() if index is not None else ""

    def copied_code(self) -> str:
        """The code that is meant, as it was written; may be empty."""
        found = self._fence() if self.document.look is not None else None
        if found is None:
            return ""
        block = self.document.blocks[found[0]]
        return block.listing(found[1]) if isinstance(block, AgentText) else ""

    # -- keys and clicks ------------------------------------------------------------------

    def action_copy(self) -> None:
        """y: the selection, else the block."""
        chosen = self.screen.get_selected_text()
        if chosen:
            self._send(chosen, f"{len(chosen):,} characters")
            self.screen.clear_selection()
        elif text := self.copied_block():
            self._send(text, f"the block, {len(text):,} characters,")

    def action_copy_code(self) -> None:
        """c: a code fence."""
        code = self.copied_code()
        if code:
            lines = code.count("\n") + 1
            self._send(code, f"{lines:,} lines of code" if lines > 1 else "a line of code")

    def _send(self, text: str, what: str) -> None:
        clipboard.copy_and_tell(app_of(self), text, what)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters act only where there is something to take."""
        if action == "copy":
            return self.text_selection is not None or bool(self.copied_block())
        if action == "copy_code":
            return bool(self.copied_code())
        return super().check_action(action, parameters)

    def action_select_any(self, step: int) -> None:
        """Shift+↑ and Shift+↓: every block, not cards alone."""
        count = len(self.document)
        if not count:
            return
        start = self._cursor
        if start is None:
            start = self._last_visible() + 1 if step < 0 else self._anchor[0] - 1
        self._set_cursor(max(0, min(start + step, count - 1)))

    def select_at(self, x: int, y: int, *, whole_line: bool) -> None:
        """Select the word, or the `whole_line`, at a cell of the view."""
        row, index, line = self.document.row_at(y + self.scroll_offset.y)
        if row is None:
            return
        if whole_line:
            first, last = line_around(self.document.ensure(index), line)
            rows = self.document.ensure(index)
            begin = Offset(rows[first].lead, pack(index, first))
            end = Offset(rows[last].lead + rows[last].size, pack(index, last))
        else:
            low, high = word_around(row, character_at(row, x))
            begin, end = Offset(low, pack(index, line)), Offset(high, pack(index, line))
        if begin != end:
            self.screen.selections = {self: Selection(begin, end)}
