"""Two messages beside each other, as one block of a transcript: they scroll and fold together.

Owns how the rows of two sides become rows of one. Where there is no room for
two, one side is shown. Knows blocks and rows, no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal, TypeAlias

from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.markdown.writer import Page
from alloy_tui.ui.transcript.blocks import Block
from alloy_tui.ui.transcript.look import Look

Side: TypeAlias = Literal["both", "left", "right"]


class Pair(Block):
    """`left` and `right` are what either side said; either may be empty."""

    kind = "pair"

    def __init__(self, left: Sequence[Block], right: Sequence[Block], show: Side = "both") -> None:
        super().__init__()
        self._sides = (tuple(left), tuple(right))
        self.show: Side = show
        self.foldable = any(block.foldable for side in self._sides for block in side)
        self._headers: set[int] = set()
        self._unfolded = False

    def _shown(self) -> list[tuple[Block, ...]]:
        if self.show == "both":
            return list(self._sides)
        return [self._sides[0] if self.show == "left" else self._sides[1]]

    def text(self) -> str:
        """What the sides on show said, one after the other."""
        return "\n\n".join(block.text() for side in self._shown() for block in side)

    def content_estimate(self, room: int) -> int:
        """The longer of the two."""
        shown = self._shown()
        half = max(1, room // len(shown))
        return max([sum(block.estimate(half) for block in side) for side in shown] or [0])

    def header_at(self, row: int) -> bool:
        """A click on a card's header folds both sides."""
        return self.foldable and row in self._headers

    def content(self, look: Look) -> list[Row]:
        """The sides' rows, beside each other."""
        if self.expanded != self._unfolded:
            self._unfolded = self.expanded
            for block in (b for side in self._sides for b in side if b.foldable):
                block.expanded = self.expanded
        self._headers = set()
        shown = self._shown()
        if len(shown) == 1:
            return self._rows(shown[0], look)
        width = look.page.width
        half = (width - 1) // 2
        cells = (half, width - half - 1)
        page = look.page
        looks = [
            Look(Page(own, page.palette, page.gutter, page.margin), look.styles) for own in cells
        ]
        left, right = (self._rows(side, own) for side, own in zip(shown, looks, strict=True))
        blanks = [own.row([]) for own in looks]
        line = [("│", look.page.palette.base + look["marker-line"])]
        rows: list[Row] = []
        for one, other in zip_longest(left, right):
            a, b = one or blanks[0], other or blanks[1]
            size = sum([len(text) for text, _ in a.spans]) + 1 + b.lead + b.size - a.lead
            rows.append(Row([*a.spans, *line, *b.spans], width, lead=a.lead, size=max(0, size)))
        return rows

    def _rows(self, side: Sequence[Block], look: Look) -> list[Row]:
        rows: list[Row] = []
        for block in side:
            block.lay_out(look)
            made = block.rows or []
            self._headers |= {len(rows) + n for n in range(len(made)) if block.header_at(n)}
            rows += made
            block.drop()
        return rows
