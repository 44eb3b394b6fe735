"""One of a few things, chosen from a list: what to graft, which message, which racer.

Owns the list; what was chosen is the screen's result, by its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.screens.leaving import Dialog
from alloy_tui.ui.widgets.options import Options


class Choice(Dialog[str | None]):
    """`options` are (value, words); dismisses with a value, or None when left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", show=False)]

    def __init__(
        self, title: str, options: Sequence[tuple[str, str]], foot: str, empty: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._options = tuple(options)
        self._foot = foot
        self._empty = empty

    def compose(self) -> ComposeResult:
        """The frame."""
        with Vertical(id="page", classes="-list"):
            yield Static(self._title, id="page-title", markup=False)
            yield Options(id="picker-list")
            yield Static(self._foot, id="page-foot", markup=False)

    def on_mount(self) -> None:
        """Fill in."""
        options = self.query_one(OptionList)
        rows = [Option(Content(clean_line(words, limit=200))) for _, words in self._options]
        options.add_options(rows or [Option(self._empty, disabled=True)])
        options.highlighted = 0 if rows else None
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        event.stop()
        self.dismiss(self._options[event.option_index][0])

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """A click beside the list leaves."""
        if event.widget is self:
            self.dismiss(None)
