"""Searching as the transcript does it: hits while one types, steps, and the way back.

Owns the search that is on, the cards it opened and the place it started from.
What a hit is, is `finding`'s; the line one types in is `search_bar`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript.blocks import Block
from alloy_tui.ui.transcript.finding import Hits, Needle, Piece, hits_on
from alloy_tui.ui.transcript.scrolling import ScrollingView

if TYPE_CHECKING:
    from alloy_tui.ui.transcript.search_bar import SearchBar

SLICE_S = 0.004
"""How long the search may hold the screen at a time."""
PAUSE_S = 0.004
"""How long it then leaves it to keys and text that comes."""
_RECOUNT_S = 0.3


class SearchableView(ScrollingView):
    """A transcript that finds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "open_search", "Find", show=False),
    ]

    _hits: Hits | None = None
    _origin: tuple[tuple[int, int], bool] | None = None
    _counting = False
    _bar: SearchBar | None = None

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._opened: set[int] = set()
        self._found: dict[int, tuple[list[Row], int, list[list[Piece]]]] = {}

    # -- the search line ------------------------------------------------------------------

    def open_search(self) -> None:
        """Show the search line above the conversation, or go back to it."""
        from alloy_tui.ui.transcript.search_bar import SearchBar

        if self._bar is not None:
            self._bar.take_focus()
        elif isinstance(self.parent, Widget):
            self._bar = SearchBar(self)
            self.parent.mount(self._bar, before=self)

    def close_search(self, *, stay: bool) -> None:
        """End the search; unless one is to `stay`, back to where one was when it began."""
        self.search("")
        origin, self._origin = self._origin, None
        if origin is not None and not stay:
            for index in self._opened:
                if index < len(self.document) and self.document.blocks[index].expanded:
                    self.document.blocks[index].fold()
                    self._redraw(index)
            self._anchor, self._follow = origin
            self._settle()
            self.refresh()
        self._opened.clear()
        self._tell()
        if self._bar is not None:
            self._bar.remove()
            self._bar = None

    def action_open_search(self) -> None:
        """`/` or Ctrl+F."""
        self.open_search()

    def action_next_hit(self, step: int) -> None:
        """N or N."""
        self.next_hit(step)

    def action_end_search(self) -> None:
        """Esc while one reads: the search ends, and one stays."""
        self.close_search(stay=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a search, its keys mean what they mean elsewhere."""
        if action in ("next_hit", "end_search") and self._hits is None and self._bar is None:
            return False
        return super().check_action(action, parameters)

    # -- searching ------------------------------------------------------------------------

    @property
    def searching(self) -> bool:
        """Whether there is something that is looked for."""
        return self._hits is not None

    @property
    def hit_count(self) -> tuple[int, int, bool]:
        """Which hit is current (0: none), how many there are so far, whether that is all."""
        hits = self._hits
        return (hits.place, hits.total, hits.done) if hits is not None else (0, 0, True)

    def search(self, words: str) -> None:
        """Look for `words` from where one was when the search began; empty ends it.

        Counting goes on between frames; `hit_count` says how far it is.
        """
        if self._origin is None and words.strip():
            self._origin = (self._anchor, self._follow)
        self._found.clear()
        if words.strip() and len(self.document):
            self._hits = Hits(Needle(words), self._order())
            self._count_on()
            self.want_earlier()
        else:
            self._hits = None
        self.refresh()
        self._tell_bar()

    def want_earlier(self) -> None:
        """Ask for what came before, if there is more than is here."""

    def _tell_bar(self) -> None:
        if self._bar is not None:
            self._bar.show_count()

    def _order(self) -> list[int]:
        """All blocks, those first that are nearest in the direction of the search."""
        assert self._origin is not None
        (start, _), follow = self._origin
        count = len(self.document)
        if follow:
            return list(range(count - 1, -1, -1))
        return [*range(start, count), *range(start - 1, -1, -1)]

    def _block_at(self, index: int) -> Block | None:
        return self.document.blocks[index] if index < len(self.document) else None

    def _count_on(self) -> None:
        hits = self._hits
        self._counting = False
        if hits is None:
            return
        hits.step(self._block_at, SLICE_S)
        if hits.at is None and self._origin is not None:
            (start, _), follow = self._origin
            index = len(self.document) - 1 if follow else start
            if hits.first_from(index, backwards=follow):
                self._show_hit()
        if not hits.done:
            # Not `call_later`: its turn would come before anybody else's.
            self._counting = True
            self.set_timer(PAUSE_S, self._count_on)
        self._tell_bar()

    def next_hit(self, step: int) -> None:
        """Go to the next hit (1) or the one before (-1), round the ends."""
        hits = self._hits
        if hits is not None and hits.move(step):
            self._show_hit(step)
            self._tell_bar()

    def _changed(self, index: int, first: int, height_before: int) -> None:
        self._found.pop(index, None)
        super()._changed(index, first, height_before)
        if self._hits is None:
            return
        self._hits.again(index)
        if not self._counting:
            self._counting = True
            self.set_timer(_RECOUNT_S, self._count_on)

    # -- hits in their places -------------------------------------------------------------

    def _show_hit(self, step: int = 1) -> None:
        """Bring the current hit into view, opening what hides it."""
        hits = self._hits
        while hits is not None and hits.at is not None:
            index, number = hits.at
            pieces = self._reveal(hits, index, number)
            if pieces is not None:
                self._bring(index, pieces[0][0])
                break
            # Only the source had it (an address, say): look further.
            hits.put(index, 0)
            hits.at = (index, 0) if step < 0 else (index, -1)
            if not hits.move(step):
                break
        self.refresh()

    def _reveal(self, hits: Hits, index: int, number: int) -> list[Piece] | None:
        block = self.document.blocks[index]
        if block.reveal(hits.needle.line_of(block, number)):
            self._opened.add(index)
            self._follow = False
            self._redraw(index)
            self._unseen.discard(index)
        if self.document.look is None:
            return None
        self.document.ensure(index)
        found = self._hits_in(index)
        if block.foldable:
            # Bodies are bounded: what is counted may be more than what is shown.
            number -= hits.needle.hidden(block)
            return found[max(0, min(number, len(found) - 1))] if found else [(block.lead, 0, 0)]
        if len(found) != hits.counts.get(index):
            hits.put(index, len(found))
        return found[min(number, len(found) - 1)] if found else None

    def _bring(self, index: int, line: int) -> None:
        height = self.size.height
        for _ in range(3):  # heights above may have been estimates
            row = self.document.heights.top(index) + line
            if self.scroll_offset.y < row < self.scroll_offset.y + height - 1:
                break
            self._move_to(row - height // 3)
        self._follow = False
        self._tell()

    def _hits_in(self, index: int) -> list[list[Piece]]:
        block, hits = self.document.blocks[index], self._hits
        rows = block.rows
        if hits is None or rows is None:
            return []
        known = self._found.get(index)
        if known is not None and known[0] is rows and known[1] == len(rows):
            return known[2]
        found = hits_on(rows, block.lead, hits.needle.pattern)
        self._found[index] = (rows, len(rows), found)
        return found

    def _marks(self, index: int, line: int) -> Sequence[tuple[int, int, str]]:
        hits = self._hits
        if hits is None:
            return ()
        found = self._hits_in(index)
        now: list[Piece] = []
        if hits.at is not None and hits.at[0] == index and found:
            number = hits.at[1] - hits.needle.hidden(self.document.blocks[index])
            now = found[max(0, min(number, len(found) - 1))]
        return [
            (start, end, "match-now" if pieces is now else "match")
            for pieces in found
            for row, start, end in pieces
            if row == line
        ]
