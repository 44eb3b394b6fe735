"""One question with one line to answer it. Owns the line; the answer is the screen's result."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from alloy_tui.ui.field import Field
from alloy_tui.ui.screens.leaving import Dialog


class Ask(Dialog[str | None]):
    """Dismisses with what was typed, or None when left or empty."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, question: str, value: str = "", foot: str = "Enter · Esc leaves") -> None:
        super().__init__()
        self._question = question
        self._value = value
        self._foot = foot

    def compose(self) -> ComposeResult:
        """The frame."""
        with Vertical(id="page"):
            yield Static(self._question, id="page-title", markup=False)
            # What was put aside in the prompt may be long.
            yield Field(self._value, longest=100_000, id="picker-filter")
            yield Static(self._foot, id="page-foot", markup=False)

    def on_mount(self) -> None:
        """To be typed in."""
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        """No answer."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """A click beside the page leaves."""
        if event.widget is self:
            self.dismiss(None)
