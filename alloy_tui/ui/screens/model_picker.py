"""Chooses a model from a list that narrows as you type.

Owns the list and the filter; the name that was chosen is the screen's result.
Whatever is typed may be taken as it is: the list is not everything there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.commands import rank


class ModelPicker(ModalScreen[str | None]):
    """Dismisses with `service/model`, or None when left with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, models: Sequence[str], current: str) -> None:
        super().__init__()
        self._models = tuple(models)
        self._current = current
        self._matches: list[str] = []

    def compose(self) -> ComposeResult:
        """The filter over the list."""
        with Vertical(id="page", classes="-list"):
            yield Static("Model", id="page-title", markup=False)
            yield Input(placeholder="type to narrow, or a whole service/model", id="picker-filter")
            yield OptionList(id="picker-list", markup=False)
            yield Static("Enter takes it · Esc leaves it", id="page-foot", markup=False)

    def on_mount(self) -> None:
        """Show everything; the filter has the focus."""
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow."""
        event.stop()
        self._fill(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one, or what was typed when nothing matches."""
        event.stop()
        at = self.query_one(OptionList).highlighted
        typed = event.value.strip()
        if at is not None and at < len(self._matches):
            self.dismiss(self._matches[at])
        elif typed:
            self.dismiss(typed)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click."""
        event.stop()
        self.dismiss(self._matches[event.option_index])

    def on_click(self, event: events.Click) -> None:
        """A click beside the list leaves."""
        if event.widget is self:
            self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Move in the list while the filter keeps the focus."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def _fill(self, query: str) -> None:
        self._matches = rank(query, self._models)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._row(model)) for model in self._matches])
        if self._matches:
            options.highlighted = 0

    def _row(self, model: str) -> Content:
        name = Content(clean_line(model, limit=80))
        return name + Content.styled("   now", "$primary") if model == self._current else name
