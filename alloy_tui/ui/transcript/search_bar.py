"""The line one types into to search the transcript, with the count of what was found.

Owns typing and its keys; the searching is the transcript's. It stands above the
transcript that made it and goes with the search.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from alloy_tui.ui.field import SEARCHED, Field

_HINT = "Enter next  ↑ previous  Tab read here  Esc back"
_WIDE = 90


class Searchable(Protocol):
    """What the line drives: `searching.SearchableView`."""

    @property
    def hit_count(self) -> tuple[int, int, bool]:
        """Place, total, and whether the count is done."""
        ...

    def search(self, words: str) -> None:
        """Look for other words."""
        ...

    def next_hit(self, step: int) -> None:
        """Go `step` hits on."""
        ...

    def close_search(self, *, stay: bool) -> None:
        """End the search, here or where it began."""
        ...

    def action_page(self, pages: int) -> None:
        """Read on."""
        ...

    def focus(self) -> object:
        """Take the keys."""
        ...


class SearchBar(Horizontal):
    """A line for the words, then "3 of 41" and the keys.

    Enter and ↓ go to the next hit, Shift+Enter and ↑ to the one before, Tab
    into the transcript at the hit, Esc back to where one was.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down,ctrl+g", "step(1)", show=False, priority=True),
        Binding("shift+enter,up", "step(-1)", show=False, priority=True),
        Binding("tab", "stay", show=False, priority=True),
        Binding("escape", "back", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, transcript: Searchable) -> None:
        super().__init__()
        self._transcript = transcript
        self._before: Widget | None = None
        self._input = Field(longest=SEARCHED, compact=True, select_on_focus=True, id="search-words")
        self._count = Static(markup=False, id="search-count")

    def compose(self) -> ComposeResult:
        """Label, line, count."""
        yield Static("find", markup=False, id="search-label")
        yield self._input
        yield self._count

    def on_mount(self) -> None:
        """Take the keys, and give them back at the end."""
        self._before = self.screen.focused
        self._input.focus()
        self.show_count()

    def take_focus(self) -> None:
        """Type other words."""
        self._input.focus()
        self._input.action_select_all()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._transcript.search(event.value)

    def show_count(self) -> None:
        """The count as it is now."""
        place, total, done = self._transcript.hit_count
        more = "" if done else "+"
        if not self._input.value.strip():
            words = ""
        elif total:
            words = f"{place:,} of {total:,}{more}"
        else:
            words = "not found" if done else "looking"
        shown = Content.styled(words, "$warning" if words == "not found" else "bold")
        if self.size.width >= _WIDE or not self.size.width:
            shown += Content.styled(f"   {_HINT}", "$text-muted")
        self._count.update(shown)

    def on_resize(self, event: events.Resize) -> None:
        """The keys are shown where there is room."""
        del event
        self.show_count()

    def action_step(self, step: int) -> None:
        """The next hit, or the one before."""
        self._transcript.next_hit(step)

    def action_page(self, pages: int) -> None:
        """Read on around the hit."""
        self._transcript.action_page(pages)

    def action_stay(self) -> None:
        """Into the transcript; n and N go on, Esc ends the search there."""
        self._transcript.focus()

    def action_back(self) -> None:
        """All as it was before."""
        before = self._before
        self._transcript.close_search(stay=False)
        if before is not None and before.is_attached:
            before.focus()
