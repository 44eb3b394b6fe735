"""The one line to type into: its keys keep their order, and it holds one harmless line.

Owns carrying out an editing key at once, and cleaning what is pasted or put in. Left
to bindings, a key would be done after letters that were typed later: one that is not a
letter is passed through all that is around the line first. An `Input` of the library
shows a pasted escape sequence as it is, and keeps a paste's first line alone.
"""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input

from alloy_tui.domain.sanitise import clean

_ACTIONS: dict[str, str] = {
    key: made.action
    for made in Binding.make_bindings(Input.BINDINGS)
    for key in made.key.split(",")
    # The clipboard's keys mean something to the app as well.
    if made.action not in {"cut", "copy", "paste"}
}


def one_line(text: str) -> str:
    """All of foreign `text`, without escape sequences and with its lines side by side."""
    return " ".join(clean(text).replace("\t", " ").splitlines())


class Field(Input):
    """An `Input` that is fit for keys typed ahead of the screen and for foreign text."""

    def validate_value(self, value: str) -> str:
        """However it came: typed, pasted, completed, or the name of something."""
        return one_line(value)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(one_line(event.text), *self.selection)

    def action_paste(self) -> None:
        """What was copied last in this program."""
        held = self.app.clipboard  # pyright: ignore[reportUnknownMemberType] - untyped upstream
        self.replace(one_line(held), *self.selection)

    async def on_key(self, event: events.Key) -> None:
        """Edit now."""
        action = _ACTIONS.get(event.key)
        if action is not None:
            event.stop()
            event.prevent_default()
            await self.run_action(action)

    async def take(self, event: events.Key) -> None:
        """A key that was meant for the line and came before it had the focus."""
        if event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(event.character)
        else:
            await self.on_key(event)
