"""The settings that a person changes while working: look, approvals, calls, motion, status line.

Owns the rows and what keys do to them. Every change holds at once and is told
to `change`, which keeps it; there is nothing to save or to cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from alloy_tui.ui.commands import MODES
from alloy_tui.ui.preferences import GAP, NOTIFY, STATUS_FIELDS, Preferences
from alloy_tui.ui.screens.leaving import Dialog
from alloy_tui.ui.widgets.options import Options

_CHOICES = ("theme", "approvals", "notify", "reduced_motion")
_WORDS = {
    "theme": "theme",
    "approvals": "approvals",
    "notify": "when nobody looks",
    "reduced_motion": "reduced motion",
}


class SettingsScreen(Dialog[None]):
    """A list of settings; `change(name, value)` is called with every change."""

    # All alike with priority: those with it overtake those without when keys come fast.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f4", "dismiss", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("down", "step(1)", show=False, priority=True),
        Binding("right", "turn(1)", show=False, priority=True),
        Binding("left", "turn(-1)", show=False, priority=True),
        Binding("space", "turn(1)", show=False, priority=True),
        Binding("shift+up,K", "move(-1)", show=False, priority=True),
        Binding("shift+down,J", "move(1)", show=False, priority=True),
    ]

    def __init__(
        self, now: Preferences, themes: Sequence[str], change: Callable[[str, object], None]
    ) -> None:
        super().__init__()
        self._now = now
        self._themes = tuple(themes)
        self._change = change

    def compose(self) -> ComposeResult:
        """The frame."""
        with Vertical(id="page", classes="-list"):
            yield Static("Settings", id="page-title", markup=False)
            yield Options(id="picker-list")
            yield Static(
                "← → change · Shift+↑ ↓ move a field · Esc closes",
                id="page-foot",
                markup=False,
            )

    def on_mount(self) -> None:
        """Fill in."""
        self._fill(0)
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click or Enter: the next value."""
        event.stop()
        self.action_turn(1)

    def on_click(self, event: events.Click) -> None:
        """A click beside the page closes it."""
        if event.widget is self:
            self.dismiss()

    def _rows(self) -> list[str]:
        shown = list(self._now.status)
        return [*_CHOICES, *shown, *(name for name in STATUS_FIELDS if name not in shown)]

    def _values(self, name: str) -> list[Any]:
        known: dict[str, list[Any]] = {
            "theme": list(self._themes),
            "approvals": list(MODES),
            "notify": list(NOTIFY),
            "reduced_motion": [False, True],
        }
        return known[name]

    def action_step(self, by: int) -> None:
        """The row above or below."""
        rows = self.query_one(OptionList)
        rows.action_cursor_down() if by > 0 else rows.action_cursor_up()

    def action_turn(self, by: int) -> None:
        """The next or the previous value of the row; a field comes or goes."""
        at = self.query_one(OptionList).highlighted or 0
        name = self._rows()[at]
        if at < len(_CHOICES):
            values = self._values(name)
            now = getattr(self._now, name)
            index = values.index(now) if now in values else 0
            self._take(name, values[(index + by) % len(values)], at)
            return
        fields = list(self._now.status)
        if name not in fields:
            fields.append(name)
        elif name != "state":  # a line that says nothing at all helps nobody
            fields.remove(name)
        self._take("status", tuple(fields), len(_CHOICES) + self._place(name, fields))

    def action_move(self, by: int) -> None:
        """Move a field of the status line."""
        at = (self.query_one(OptionList).highlighted or 0) - len(_CHOICES)
        fields = list(self._now.status)
        if 0 <= at < len(fields) and 0 <= at + by < len(fields):
            fields[at], fields[at + by] = fields[at + by], fields[at]
            self._take("status", tuple(fields), len(_CHOICES) + at + by)

    @staticmethod
    def _place(name: str, fields: Sequence[str]) -> int:
        rest = [other for other in STATUS_FIELDS if other not in fields]
        return fields.index(name) if name in fields else len(fields) + rest.index(name)

    def _take(self, name: str, value: object, at: int) -> None:
        self._now = replace(self._now, **cast("dict[str, Any]", {name: value}))
        self._change(name, value)
        self._fill(at)

    def _fill(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        rows = self._rows()
        for number, name in enumerate(rows):
            if number in {len(_CHOICES), len(_CHOICES) + len(self._now.status)}:
                options.add_option(None)
            options.add_option(Option(self._row(name, number)))
        options.highlighted = at

    def _row(self, name: str, number: int) -> Content:
        if number < len(_CHOICES):
            value = getattr(self._now, name)
            words = {"approvals": MODES, "notify": NOTIFY}.get(name, {}).get(value, "")
            shown = {True: "on", False: "off"}.get(value, value) if name not in MODES else value
            row = Content(f"{_WORDS[name]:<20}") + Content.styled(f"{shown}", "bold $primary")
            return row + Content.styled(f"   {words}", "$text-muted") if words else row
        on = name in self._now.status
        label = "→" if name == GAP else name
        mark = "status line  " if on else "not shown    "
        row = Content.styled(mark, "$text-muted") + Content(f"{label:<12}")
        return row + Content.styled(f"  {STATUS_FIELDS[name]}", "$text-muted")
