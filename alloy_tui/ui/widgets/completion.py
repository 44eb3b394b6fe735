"""The list over the prompt that completes slash commands and their arguments.

Owns the rows and which one is chosen; the prompt keeps the focus and drives it.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from alloy_tui.ui.commands import Completion

ROWS = 8
"""Rows at most; the window moves with the choice."""


class CompletionList(Widget, can_focus=False):
    """Hidden while `items` is empty."""

    items: reactive[tuple[Completion, ...]] = reactive((), layout=True)
    chosen: reactive[int] = reactive(0)

    class Taken(Message):
        """A row was clicked."""

        def __init__(self, completion: Completion) -> None:
            super().__init__()
            self.completion = completion

    @property
    def current(self) -> Completion | None:
        """The chosen row."""
        return self.items[self.chosen] if self.chosen < len(self.items) else None

    def offer(self, items: Sequence[Completion]) -> None:
        """Show these; an empty list hides the popup."""
        self.items = tuple(items)
        self.chosen = 0

    def move(self, by: int) -> None:
        """Choose the row `by` further on, round the ends."""
        if self.items:
            self.chosen = (self.chosen + by) % len(self.items)

    def watch_items(self, items: tuple[Completion, ...]) -> None:
        """Show only when there is something to offer."""
        self.display = bool(items)

    def on_click(self, event: events.Click) -> None:
        """Take the row under the mouse."""
        row = self._first + event.y
        if row < len(self.items):
            self.post_message(self.Taken(self.items[row]))

    @property
    def _first(self) -> int:
        return max(0, min(self.chosen - ROWS // 2, len(self.items) - ROWS))

    def render(self) -> Content:
        """The rows around the chosen one."""
        width = self.size.width or 80
        shown = self.items[self._first : self._first + ROWS]
        names = max((len(c.label) + len(c.hint) + 1 for c in shown), default=0) + 3
        rows: list[Content] = []
        for index, item in enumerate(shown, self._first):
            marked = index == self.chosen
            name = Content.styled(item.label, "bold $primary" if marked else "$foreground")
            hint = Content.styled(f" {item.hint}" if item.hint else "", "$text-muted")
            head = Content("   ") + name + hint
            pad = Content(" " * max(2, names + 3 - head.cell_length))
            row = head + pad + Content.styled(item.note, "$text-muted")
            row = row.truncate(width, ellipsis=True, pad=True)
            rows.append(row.stylize("on $panel") if marked else row)
        return Content("\n").join(rows)
