"""A list of `Item`s in a window: the inbox, the tasks, the mail, the shared context.

Owns how their looks are painted; the words are `team_items`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from alloy_tui.ui.markdown.cells import Span
from alloy_tui.ui.team_items import Item
from alloy_tui.ui.widgets.row_window import RowWindow, columns


class Listing(RowWindow):
    """Items with a cursor that stays on the same one."""

    PREFIX = "item"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"item--{name}"
        for name in ("heading", "name", "needs", "live", "calm", "words", "figures", "cursor")
    }
    DEFAULT_CSS = """
    Listing > .item--heading { color: $foreground 55%; text-style: bold; }
    Listing > .item--name { color: $foreground; text-style: bold; }
    Listing > .item--needs { color: $warning; text-style: bold; }
    Listing > .item--live { color: $primary; }
    Listing > .item--calm { color: $foreground 55%; }
    Listing > .item--words { color: $foreground 85%; }
    Listing > .item--figures { color: $foreground 60%; }
    Listing > .item--cursor { background: $primary 30%; }
    Listing:nocolor > .item--cursor { text-style: reverse; }
    """

    def __init__(self, *, id: str, empty: str) -> None:  # noqa: A002 - Textual's own parameter name
        super().__init__(id=id)
        self._items: tuple[Item, ...] = ()
        self._empty = empty

    @property
    def count(self) -> int:
        """See `RowWindow.count`."""
        return max(1, len(self._items))

    @property
    def item(self) -> Item | None:
        """The item that the cursor is on."""
        at = self.cursor
        return self._items[at] if at < len(self._items) else None

    def can_stand_on(self, place: int) -> bool:
        """See `RowWindow.can_stand_on`."""
        return place < len(self._items) and not self._items[place].heading

    def show_items(self, items: Sequence[Item]) -> None:
        """These from now on; the cursor stays on the item that it is on."""
        known, self._items = self.item, tuple(items)
        place = None
        if known is not None:
            keys = [item.key for item in self._items]
            place = keys.index(known.key) if known.key in keys else None
        self.settle(place, keep_line=place is not None, blanks=True)

    def spans(self, place: int, width: int) -> list[Span]:
        """See `RowWindow.spans`."""
        if place >= len(self._items):
            return [(f" {self._empty}", self.look("calm"))]
        item = self._items[place]
        left: list[Span] = [(" ", self.look("words"))]
        left += [(text, self.look(name)) for name, text in item.parts]
        right: list[Span] = [(f"{item.right} ", self.look("figures"))] if item.right else []
        return columns(left, right, width)
