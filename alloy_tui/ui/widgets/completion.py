"""The list over the prompt: commands, files, old prompts, whatever can be taken with one key.

Owns the rows and which one is chosen; the prompt keeps the focus and drives it.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from alloy_tui.ui.prompt.offers import Offer

ROWS = 8
"""Rows at most; the window moves with the choice."""
_LEAST = 3


class CompletionList(Widget, can_focus=False):
    """Hidden while `items` is empty and there is nothing to say."""

    items: reactive[tuple[Offer, ...]] = reactive((), layout=True)
    chosen: reactive[int] = reactive(0)
    words: reactive[str] = reactive("", layout=True)

    class Taken(Message):
        """A row was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    @property
    def current(self) -> Offer | None:
        """The chosen row."""
        return self.items[self.chosen] if self.chosen < len(self.items) else None

    def offer(self, items: Sequence[Offer], words: str = "") -> None:
        """Show these, or `words` while there are none; nothing at all hides the popup."""
        before = self.current
        self.items = tuple(items)
        self.words = "" if items else words
        # What is being looked at stays chosen while the list is refined under it.
        same = before is not None and self.chosen > 0 and before in self.items
        self.chosen = self.items.index(before) if before is not None and same else 0

    def move(self, by: int) -> None:
        """Choose the row `by` further on, round the ends."""
        if self.items:
            self.chosen = (self.chosen + by) % len(self.items)

    def watch_items(self) -> None:
        """Show only when there is something to offer."""
        self.display = bool(self.items or self.words)

    def watch_words(self) -> None:
        """Likewise for what is said."""
        self.display = bool(self.items or self.words)

    def on_click(self, event: events.Click) -> None:
        """Take the row under the mouse."""
        row = self._first + event.y
        if row < len(self.items):
            self.post_message(self.Taken(row))

    @property
    def _rows(self) -> int:
        return max(_LEAST, min(ROWS, self.screen.size.height // 3))

    @property
    def _first(self) -> int:
        rows = self._rows
        return max(0, min(self.chosen - rows // 2, len(self.items) - rows))

    def render(self) -> Content:
        """The rows around the chosen one."""
        width = self.size.width or 80
        if not self.items:
            said = Content.styled(f"   {self.words}", "$text-muted")
            return said.truncate(width, ellipsis=True)
        shown = self.items[self._first : self._first + self._rows]
        heads = [self._head(item, width) for item in shown]
        names = min(max(head.cell_length for head in heads) + 3, width // 2 + 8)
        return Content("\n").join(
            self._row(item, head, names, width, marked=index == self.chosen)
            for index, (item, head) in enumerate(zip(shown, heads, strict=True), self._first)
        )

    def _head(self, item: Offer, width: int) -> Content:
        room = width - 6 if item.path or not item.note else max(20, width - 30)
        label, places = _fit(item, room)
        head = Content(label)
        for place in places:
            head = head.stylize("bold $primary", place, place + 1)
        if item.hint:
            head += Content.styled(f" {item.hint}", "$text-muted")
        return Content("   ") + head

    def _row(self, item: Offer, head: Content, names: int, width: int, *, marked: bool) -> Content:
        pad = Content(" " * max(2, names - head.cell_length))
        row = head + pad + Content.styled(item.note, "$text-muted")
        row = row.truncate(width, ellipsis=True, pad=True)
        if not marked:
            return row
        mark = Content.styled(" ›", "bold $primary") + row[2:]
        return mark.stylize("on $panel")


def _fit(item: Offer, room: int) -> tuple[str, tuple[int, ...]]:
    """The label in at most `room` characters: of a path the end counts, of words the beginning."""
    label = item.label
    if len(label) <= room:
        return label, item.places
    if item.path:
        cut = len(label) - room + 1
        return f"…{label[cut:]}", tuple(p - cut + 1 for p in item.places if p >= cut)
    return f"{label[: room - 1]}…", tuple(p for p in item.places if p < room - 1)
