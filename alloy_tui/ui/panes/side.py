"""The area beside the conversation: an edge to drag, and one of several panels.

Owns the registry of side panels, which one is on show, and how wide the area
is. A panel is any widget; it is made when it is first shown and kept from then
on. What a panel shows is its own business.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

LEAST_SIDE, LEAST_CHAT = 24, 30
"""Columns that dragging leaves to either side."""
RESTS_S = 0.3
"""How long the edge must rest before its place is told: a drag is many moves."""


class SidePanel(msgspec.Struct, frozen=True):
    """A panel by `name`; `words` say in the palette what it shows."""

    name: str
    words: str
    make: Callable[[], Widget]


SIDE_PANELS: dict[str, SidePanel] = {}
"""The panels besides tool output, which is always there."""


def register(panel: SidePanel) -> None:
    """Offer `panel` from now on; one of the same name is replaced."""
    SIDE_PANELS[panel.name] = panel


class Splitter(Widget, can_focus=False):
    """The line between conversation and side area; drag it."""

    ALLOW_SELECT = False
    dragged: reactive[bool] = reactive(False, toggle_class="-dragged")

    class Moved(Message):
        """The edge is wanted at screen column `column`."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    def render(self) -> str:
        """A line from top to bottom."""
        return "│\n" * max(1, self.size.height)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold."""
        event.stop()
        self.capture_mouse()
        self.dragged = True

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move."""
        if self.dragged:
            event.stop()
            self.post_message(self.Moved(event.screen_x))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go."""
        event.stop()
        self.release_mouse()
        self.dragged = False


class SideArea(Horizontal):
    """Shows `tool` or one of `SIDE_PANELS`; hidden until somebody wants it."""

    current: reactive[str] = reactive("tool")

    class Sized(Message):
        """Somebody gave the area this width, and has let go."""

        def __init__(self, columns: int) -> None:
            super().__init__()
            self.columns = columns

    def __init__(self, tool: Widget) -> None:
        super().__init__(id="side")
        self._tool = tool
        self._made: dict[str, Widget] = {"tool": tool}
        self._columns: int | None = None
        self._settling: Timer | None = None

    def compose(self) -> ComposeResult:
        """The edge, then the panels on top of each other."""
        yield Splitter(id="splitter")
        with Container(id="panels"):
            yield self._tool

    @property
    def panel(self) -> Widget:
        """The panel on show."""
        return self._made[self.current]

    def show(self, name: str) -> bool:
        """Turn to the panel of that name; False when there is none."""
        if name not in self._made:
            known = SIDE_PANELS.get(name)
            if known is None:
                return False
            self._made[name] = known.make()
            self.query_one("#panels").mount(self._made[name])
        self.current = name
        return True

    def watch_current(self, name: str) -> None:
        """One panel is seen, the others wait."""
        for known, panel in self._made.items():
            panel.display = self.display and known == name

    def settle(self, shown: bool) -> None:
        """Appear or go; the panel on show with it."""
        self.display = shown
        self.watch_current(self.current)

    def begin_with(self, columns: int | None) -> None:
        """The width that was chosen an earlier time, unless one was chosen since."""
        if self._columns is None:
            self._columns = columns

    def choose(self, columns: int, of: int) -> None:
        """Somebody moves the edge; told as `Sized` when it rests."""
        self.resize_to(columns, of)
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(RESTS_S, self.tell)

    def tell(self) -> None:
        """The edge rests."""
        if self._settling is not None:
            self._settling.stop()
            self._settling = None
        if self._columns is not None:
            self.post_message(self.Sized(self._columns))

    def resize_to(self, columns: int, of: int) -> None:
        """Take `columns` of the `of` that there are, within what both sides need."""
        columns = max(LEAST_SIDE, min(columns, of - LEAST_CHAT))
        self._columns = columns
        self.styles.max_width = None
        self.styles.width = columns

    def fit(self, of: int, *, wide: bool) -> None:
        """Keep a chosen width when the screen's width becomes `of`; narrow screens are covered."""
        if not wide:
            self.styles.clear_rule("width")
            self.styles.clear_rule("max_width")
        elif self._columns is not None:
            wanted = self._columns
            self.resize_to(wanted, of)
            self._columns = wanted
