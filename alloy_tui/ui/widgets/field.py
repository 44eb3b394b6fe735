"""A line to type into whose keys keep their order, however fast they come.

Owns carrying out an editing key at once. Left to bindings, it would be done after
letters that were typed later: a key that is not a letter is passed through all
that is around the line first.
"""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input

_ACTIONS: dict[str, str] = {
    key: made.action
    for made in Binding.make_bindings(Input.BINDINGS)
    for key in made.key.split(",")
    # The clipboard's keys mean something to the app as well.
    if made.action not in {"cut", "copy", "paste"}
}


class Field(Input):
    """An `Input` that is fit for keys typed ahead of the screen."""

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
