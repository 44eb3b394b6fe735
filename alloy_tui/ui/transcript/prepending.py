"""What came earlier, put above what is on show, while the view stands still.

Owns when more is wanted (near the top, for a search, for the way to the top)
and what must move along when indices rise. Where the earlier blocks come from
is the screen's business: it is told by `EarlierWanted`.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Offset
from textual.selection import Selection

from alloy_tui.ui.transcript.blocks import Block
from alloy_tui.ui.transcript.copying import CopyingView
from alloy_tui.ui.transcript.messages import EarlierWanted
from alloy_tui.ui.transcript.selecting import pack, unpack

_NEAR_SCREENS = 4


class PrependingView(CopyingView):
    """A transcript that may begin in the middle; `more_above` says whether it does."""

    _more_above = False
    _asked = False
    _to_top = False

    @property
    def more_above(self) -> bool:
        """Whether there is more than the blocks that are here."""
        return self._more_above

    @more_above.setter
    def more_above(self, more: bool) -> None:
        self._more_above, self._asked = more, False
        self._tell_bar()
        if not more and self._to_top:
            self._move_to(0)
            self.refresh()
        elif self._to_top or self.searching:
            self.want_earlier()
        else:
            self._look_up()

    @property
    def hit_count(self) -> tuple[int, int, bool]:
        """Likewise; while earlier blocks are on their way the count is not done."""
        place, total, done = super().hit_count
        return place, total, done and not (self.searching and self._more_above)

    def want_earlier(self) -> None:
        """Ask for what came before, once."""
        if self._more_above and not self._asked:
            self._asked = True
            self.post_message(EarlierWanted())

    def prepend(self, blocks: Sequence[Block]) -> None:
        """Put `blocks` above all others."""
        count = len(blocks)
        if not count:
            return
        index, line = self._anchor
        grown = self.document.prepend(blocks)
        self._anchor = (index + count, max(0, line + grown) if not index else line)
        self._unseen = {n + count for n in self._unseen}
        self._cursor = self._cursor + count if self._cursor is not None else None
        self._hover = None
        self._shift_search(count)
        self._shift_selection(count)
        self._settle()
        self.refresh()

    def cut(self, index: int) -> None:
        """Forget the block at `index` and all after it; what is above stays where it is."""
        if index >= len(self.document):
            return
        self._clear_selection()
        self.close_search(stay=True)
        self.document.cut(index)
        self._unseen = {n for n in self._unseen if n < index}
        self._cursor = self._cursor if self._cursor is not None and self._cursor < index else None
        self._hover = None
        self._settle()
        self.refresh()

    def _shift_search(self, count: int) -> None:
        self._found.clear()
        self._opened = {n + count for n in self._opened}
        if self._origin is not None:
            (index, line), follow = self._origin
            self._origin = ((index + count, line), follow)
        if self._hits is not None:
            self._hits.shift(count)
            if not self._counting:
                self._counting = self.call_later(self._count_on)

    def _shift_selection(self, count: int) -> None:
        def shifted(place: Offset | None) -> Offset | None:
            if place is None:
                return None
            index, line = unpack(place.y)
            return Offset(place.x, pack(index + count, line))

        self._drag_start = shifted(self._drag_start)
        if self.is_attached and self in self.screen.selections:
            start, end = self.screen.selections[self]
            moved = Selection(shifted(start), shifted(end))
            self.screen.selections = {**self.screen.selections, self: moved}

    def _move_to(self, row: int) -> None:
        self._to_top = False
        super()._move_to(row)

    def _settle(self, *, paint: bool = True) -> bool:
        moved = super()._settle(paint=paint)
        self._look_up()
        return moved

    def _look_up(self) -> None:
        near = _NEAR_SCREENS * max(1, self.size.height)
        if self._more_above and self.document.row_of(self._anchor) < near:
            self.want_earlier()

    def action_home(self) -> None:
        """Go to the first row of all, once it is there."""
        if self._more_above:
            self._move_to(0)
            self._to_top = True
            self.want_earlier()
        else:
            super().action_home()
