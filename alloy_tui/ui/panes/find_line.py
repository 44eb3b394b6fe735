"""The line to search a pane with: a field, how many places there are, and which one it is at.

Owns the field and its keys. What is searched is a `LineView` that it is given.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from alloy_tui.ui.field import SEARCHED, Field
from alloy_tui.ui.widgets.line_search import MOST
from alloy_tui.ui.widgets.line_view import LineView


class FindLine(Horizontal):
    """Hidden until `open`; Enter and Shift+Enter go on and back, Esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False, priority=True),
        Binding("shift+enter,up", "step(-1)", show=False, priority=True),
        Binding("down", "step(1)", show=False, priority=True),
    ]

    def __init__(self, lines: LineView) -> None:
        super().__init__(id="find")
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Mark, field, count."""
        yield Static("/", id="find-mark", markup=False)
        words = "find in this pane"
        field = Field(longest=SEARCHED, placeholder=words, id="find-field", compact=True)
        field.cursor_blink = False
        yield field
        yield Static("", id="find-count", markup=False)

    @property
    def needle(self) -> str:
        """What is looked for."""
        return self.query_one(Input).value if self.is_mounted else ""

    def open(self) -> None:
        """Show it and let it be typed in."""
        self.display = True
        self.query_one(Input).focus()

    def action_close(self) -> None:
        """Put it away with its marks."""
        self.query_one(Input).value = ""
        self._lines.search("")
        self.display = False
        self._lines.focus()

    def action_step(self, by: int) -> None:
        """To another match."""
        self._lines.step_match(by)
        self.count()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look again with every letter."""
        event.stop()
        self._lines.search(event.value)
        self.count()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the next one."""
        event.stop()
        self.action_step(1)

    def on_click(self, event: events.Click) -> None:
        """A click on the count goes on."""
        if isinstance(event.widget, Static):
            self.action_step(1)

    def count(self) -> None:
        """Say where we are."""
        at, of = self._lines.found
        more = "+" if of >= MOST else ""
        words = f"{at} of {of:,}{more}" if of else ("nothing" if self.needle else "")
        self.query_one("#find-count", Static).update(words)
