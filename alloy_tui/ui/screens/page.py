"""A page of lines over the workbench: help, usage, history. Esc or a click outside closes it.

Owns the frame only; the lines come sanitised from whoever opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from alloy_tui.ui.lines import Line
from alloy_tui.ui.screens.leaving import Dialog
from alloy_tui.ui.widgets.line_view import LineView


class LinesCame(Message, bubble=False):
    """Other lines for the page, from any thread; `make` gets the width in cells."""

    def __init__(self, make: Callable[[int], Sequence[Line]]) -> None:
        super().__init__()
        self.make = make


class Page(Dialog[None]):
    """A title and lines to scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1", "dismiss", "close", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self.words = title
        self._lines = tuple(lines)

    def compose(self) -> ComposeResult:
        """The frame."""
        with Vertical(id="page"):
            yield Static(f"{self.words}", id="page-title", markup=False)
            yield LineView(id="page-lines", words=True)
            yield Static("Esc closes · y copies", id="page-foot", markup=False)

    def on_mount(self) -> None:
        """Fill in."""
        view = self.query_one(LineView)
        view.set_lines(self._lines)
        view.focus()

    def on_lines_came(self, message: LinesCame) -> None:
        """Show these instead."""
        view = self.query_one(LineView)
        view.set_lines(message.make(max(30, view.size.width - 1)))

    def action_copy(self) -> None:
        """What is selected, else the whole page."""
        self.query_one(LineView).copy()

    def on_click(self, event: events.Click) -> None:
        """A click beside the page closes it."""
        if event.widget is self:
            self.dismiss()
