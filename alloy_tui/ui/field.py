"""The one line to type into: its keys keep their order, and it holds one harmless line of bounds.

Owns carrying out an editing key at once, and cleaning what is pasted or put in. Left
to bindings, a key would be done after letters that were typed later: one that is not a
letter is passed through all that is around the line first. An `Input` of the library
shows a pasted escape sequence as it is, keeps a paste's first line alone, and draws all
of its text anew for each key, however long it is.
"""

from __future__ import annotations

from typing import Any

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

LONGEST = 20_000
"""Characters that a line may have: what is more is for a file, and would make each key slow."""
SEARCHED = 1_000
"""The same for words to search for."""


def one_line(text: str) -> str:
    """All of foreign `text`, without escape sequences and with its lines side by side."""
    return " ".join(clean(text).replace("\t", " ").splitlines())


class Field(Input):
    """An `Input` that is fit for keys typed ahead of the screen and for foreign text.

    It takes `longest` characters and says so when more are given; `options` are the base's.
    """

    def __init__(self, value: str | None = None, *, longest: int = LONGEST, **options: Any) -> None:
        self._longest = longest
        self._told = False
        super().__init__(value, **options)

    def validate_value(self, value: str) -> str:
        """However it came: typed, pasted, completed, or the name of something."""
        return one_line(value[: self._longest])[: self._longest]

    def replace(self, text: str, start: int, end: int) -> None:
        """Put `text` between two places; of too long a one its beginning."""
        start, end = sorted((max(0, start), min(len(self.value), end)))
        room = max(0, self._longest - len(self.value) + end - start)
        if len(text) > room:
            text = text[:room]
            self._tell()
        else:
            self._told = False
        super().replace(text, start, end)

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            words = f"{self._longest:,} characters fit here. What is more was left out."
            self.notify(words, severity="warning", markup=False, timeout=6)

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
