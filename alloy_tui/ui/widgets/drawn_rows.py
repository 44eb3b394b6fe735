"""The rows of a window as they stand on the screen, so that only what differs is sent anew.

Owns which rows were handed over to be painted, and the cells in which the ones of
now differ. A row that was handed over stays as it is until `changes` tells of
another: whatever part of it is painted meanwhile fits the rest of it. Knows no
widget; what a row looks like is asked of `draw`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from textual.strip import Strip

from alloy_tui.ui.markdown.cells import Span
from alloy_tui.ui.transcript.differing import changed_spans

Source: TypeAlias = tuple[Sequence[Span] | None, bool]
"""What a row is drawn from: its spans, None = it is blank, and whether the cursor is on it."""


class Change(NamedTuple):
    """The cells of line `y` from `start` to before `end` are others; `strip` is the whole row."""

    y: int
    start: int
    end: int
    strip: Strip


class DrawnRows:
    """Lines are counted from the top of the window; the same list of spans is drawn once."""

    def __init__(self, source: Callable[[int], Source], draw: Callable[[Source], Strip]) -> None:
        self._source = source
        self._draw = draw
        self._rows: dict[int, tuple[Source, Strip]] = {}
        self._view: object = None

    def forget(self) -> None:
        """All of them are painted anew."""
        self._rows.clear()

    def follows(self, view: object) -> bool:
        """Whether the rows are those of `view`; if not they are forgotten, and are from now on."""
        if view == self._view:
            return True
        self._view = view
        self._rows.clear()
        return False

    def row(self, y: int) -> Strip:
        """Line `y`, to be painted."""
        drawn = self._rows.get(y)
        if drawn is None:
            source = self._source(y)
            drawn = self._rows[y] = (source, self._draw(source))
        return drawn[1]

    def changes(self, lines: Iterable[int]) -> list[Change]:
        """What differs in these lines from what was handed over; it counts as handed over now.

        A line that nobody has asked for yet is painted when somebody does.
        """
        found: list[Change] = []
        for y in lines:
            drawn = self._rows.get(y)
            if drawn is None:
                continue
            (spans, marked), before = drawn
            source = self._source(y)
            if source[0] is spans and source[1] == marked:
                continue
            strip = self._draw(source)
            self._rows[y] = (source, strip)
            found += [Change(y, a, b, strip) for a, b in changed_spans(before, strip)]
        return found
