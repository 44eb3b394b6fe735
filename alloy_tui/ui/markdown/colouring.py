"""Code rows whose colours are found when the first of them is looked at.

Most code of a long answer, or of a history, scrolls by unseen, and lexing it
would cost more than all else that is done with it. Owns that delay; what a row
says and how wide it is never waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.ui import highlight
from alloy_tui.ui.highlight import Span
from alloy_tui.ui.markdown.cells import wrap
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.rows import Pieces, Row


class CodeBlock:
    """A closed code block: `lines` at `room` cells, with `first` and then `rest` before its rows.

    `number` is its place among the code blocks of its text, from 1.
    """

    def __init__(
        self,
        page: Page,
        lines: Sequence[str],
        language: str,
        *,
        room: int,
        first: list[Span],
        rest: list[Span],
        number: int,
    ) -> None:
        self._page = page
        self._code = "\n".join(lines)
        self._language = language
        self._room = room
        self._prefixes = (first, rest)
        self._number = number
        self._rows: list[Row] = []

    def rows(self) -> list[Row]:
        """All rows."""
        # The width of other text depends on where a style begins.
        if not self._code.isascii() or not highlight.knows(self._language):
            return self._draw(self._coloured())
        base = self._page.palette.listing
        self._rows = self._draw([[(line, base)] for line in self._code.split("\n")])
        for row in self._rows:
            row.late = self._colour
        return list(self._rows)

    def _colour(self) -> None:
        rows, self._rows = self._rows, []
        for row in rows:
            row.late = None
        coloured = self._draw(self._coloured())
        # A lexer that loses characters would show what was not written.
        if [row.text for row in coloured] == [row.text for row in rows]:
            for row, other in zip(rows, coloured, strict=True):
                row.spans = other.spans

    def _coloured(self) -> list[list[Span]]:
        palette = self._page.palette
        return highlight.lines(self._code, self._language, palette.tokens, palette.listing)

    def _draw(self, lines: list[list[Span]]) -> list[Row]:
        page, drawn = self._page, list[Row]()
        prefix, rest = self._prefixes
        for line in lines:
            for row in wrap(line, self._room, fold=True):
                drawn.append(self._row(page, prefix, row))
                prefix = rest
        return drawn

    def _row(self, page: Page, prefix: list[Span], row: Pieces) -> Row:
        lead = sum([len(text) for text, _ in prefix])
        made = page.row([*prefix, *row], page.palette.listing, lead=lead, joins=row.joins)
        made.code = self._number
        return made
