"""The paper that rows are drawn on.

Owns its measures and the finished row. Knows neither text nor parser, so that
a screen can be drawn before there is any Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.style import Style

from alloy_tui.ui.highlight import Span
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.rows import Row, row_of

_NULL = Style.null()


class Page(msgspec.Struct, frozen=True):
    """What rows are drawn on: `width` cells, blank `gutter` at the left, `margin` at the right."""

    width: int
    palette: Palette
    gutter: int = 0
    margin: int = 0

    @property
    def room(self) -> int:
        """Cells for text."""
        return max(1, self.width - self.gutter - self.margin)

    def row(
        self,
        spans: Sequence[Span],
        fill: Style | None = None,
        *,
        lead: int = 0,
        joins: str | None = None,
    ) -> Row:
        """A finished row of exactly `width` cells.

        The first `lead` characters of `spans` are not part of the text; `joins`
        is as in `Pieces`.
        """
        if self.gutter:
            spans = [(" " * self.gutter, _NULL), *spans]
        lead += self.gutter
        return row_of(spans, self.width, self.palette.base, fill, lead=lead, joins=joins)
