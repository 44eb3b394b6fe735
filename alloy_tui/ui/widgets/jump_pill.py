"""The line over the end of the conversation that jumps down to the newest.

Owns its words; shown only while the reader is further up.
"""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class JumpPill(Widget, can_focus=False):
    """`↓ 3 new`, at the right end of the last row."""

    ALLOW_SELECT = False

    unseen: reactive[int] = reactive(0)

    class Pressed(Message):
        """The user wants to be at the end."""

    def show(self, *, following: bool, unseen: int) -> None:
        """Appear, count or go."""
        self.unseen = unseen
        self.display = not following

    def render(self) -> Content:
        """The words."""
        return Content(f" ↓ {self.unseen} new " if self.unseen else " ↓ to the end ")

    def on_click(self) -> None:
        """Down."""
        self.post_message(self.Pressed())
