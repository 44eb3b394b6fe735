"""Closed leaves to rows of cells: the block parser's sink.

Owns prefixes (quote bars, list markers), spacing and the styles of leaves.
Spacing follows the source: a blank line is shown where the source has at least
one, and before a heading. Rows are only ever added, except that a closing code
block is drawn once more as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.style import Style

from alloy_tui.ui import highlight
from alloy_tui.ui.markdown import inline
from alloy_tui.ui.markdown.cells import Span, wrap
from alloy_tui.ui.markdown.colouring import CodeBlock
from alloy_tui.ui.markdown.containers import Container, Table
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.prose import OpenProse
from alloy_tui.ui.markdown.rows import Pieces, Row
from alloy_tui.ui.markdown.scan import TASK
from alloy_tui.ui.markdown.tables import Grid, grid

_NULL = Style.null()
QUOTE = "▎ "


@dataclass(slots=True)
class Listing:
    """A code block: its lines, how many were drawn, and where."""

    language: str
    stack: list[Container]
    lines: list[str] = field(default_factory=list[str])
    drawn: int = 0
    start: int = 0
    first: list[Span] = field(default_factory=list[Span])
    number: int = 0


class Writer:
    """Draws leaves on a page.

    `rows` grows; `changed` is the first row that is not as it was when it was
    last reset. A preview (`ahead` of another writer) draws code as it comes and
    leaves the other's state alone.
    """

    def __init__(self, page: Page, ahead: Writer | None = None) -> None:
        self.page = page
        self.rows: list[Row] = []
        self.changed = 0
        self.gap = ahead.gap if ahead is not None else False
        self.references: inline.References = dict(ahead.references) if ahead is not None else {}
        self._ahead = ahead
        self._open: Listing | None = None
        self.listings = ahead.listings if ahead is not None else 0
        self.prose: OpenProse | None = None
        self.cells: dict[str, list[Span]] = ahead.cells if ahead is not None else {}

    # -- leaves (the Sink protocol) -------------------------------------------------------

    def paragraph(self, stack: list[Container], text: str) -> None:
        """A paragraph; at the start of a list item it may be a task."""
        inner = stack[-1] if stack else None
        if inner is not None and inner.kind == "item" and not inner.shown:
            task = TASK.match(text)
            if task is not None:
                box = "☐" if task[1] == " " else "☑"
                inner.label = f"{inner.label} {box}" if inner.label[0].isdigit() else box
                text = text[task.end() :]
        quoted = any(container.kind == "quote" for container in stack)
        self._prose(stack, text, self.page.palette.quote if quoted else _NULL)

    def heading(self, stack: list[Container], level: int, text: str) -> None:
        """A heading stands apart from what is before it."""
        self.gap = True
        palette = self.page.palette
        style = palette.heading if level <= 2 else palette.strong + palette.heading
        self._prose(stack, text, style)

    def rule(self, stack: list[Container]) -> None:
        """A line across."""
        self._write(stack, [[("─" * min(self._room(stack), 40), self.page.palette.muted)]])

    def definition(self, stack: list[Container], label: str, url: str, title: str) -> None:
        """Definitions are shown, so that no address is hidden."""
        inline.define(self.references, label, url, title)
        palette = self.page.palette
        link = palette.muted + inline.link_style(palette, url)
        spans = [(f"[{inline.plain(label)}]: ", palette.muted), (inline.plain(url), link)]
        if title:
            spans.append((f"  {inline.plain(title)}", palette.muted))
        self._write(stack, wrap(spans, self._room(stack)))

    def bare_marker(self, stack: list[Container]) -> None:
        """An empty item is its marker alone."""
        self._write(stack, [[]])

    def table(self, stack: list[Container], table: Table, *, final: bool) -> None:
        """Rows of a table; the first call fixes the columns."""
        rows = [[self._cell(cell) for cell in row] for row in table.rows]
        layout: Grid | None = table.handle
        drawn: list[list[Span]] = []
        if layout is None:
            palette = self.page.palette
            header = [self._cell(cell, palette.strong) for cell in table.header]
            layout = grid(header, rows, table.aligns, self._room(stack), palette.muted)
            drawn += layout.head()
        for row in rows:
            drawn += layout.row(row)
        self._write(stack, drawn)
        table.handle = layout
        if final and self._ahead is None:
            self.cells.clear()

    def open_listing(self, stack: list[Container], info: str) -> Listing:
        """Code begins; `info` names its language first."""
        words = info.replace(",", " ").replace("{", " ").split()
        listing = Listing(words[0].lower() if words else "", list(stack))
        self.listings += 1
        listing.number = self.listings
        self._open = listing
        return listing

    def code_line(self, stack: list[Container], listing: Listing, text: str) -> None:
        """One more line; drawn with the others of the same piece of text."""
        line = text.expandtabs(4)
        if self._ahead is None:
            listing.lines.append(line)
        else:
            self._draw_code(listing, stack, [self._line_spans(listing, line)])

    def close_listing(self, listing: Listing) -> None:
        """Draw the whole once more: only now is its colouring certain."""
        if self._ahead is not None:
            return
        self._open = None
        if not listing.lines:
            return
        if listing.drawn:
            del self.rows[listing.start :]
            self.changed = min(self.changed, listing.start)
        else:
            self._mark(listing)
        stack = listing.stack
        self.rows += CodeBlock(
            self.page,
            listing.lines,
            listing.language,
            room=self._room(stack),
            first=listing.first,
            rest=self._prefix(stack)[1],
            number=listing.number,
        ).rows()
        for container in stack:
            container.shown = True

    def settle(self) -> None:
        """Draw the lines of open code that came since the last call."""
        listing = self._open
        if listing is None or listing.drawn == len(listing.lines):
            return
        if not listing.drawn:
            self._mark(listing)
        fresh = [self._line_spans(listing, line) for line in listing.lines[listing.drawn :]]
        self._draw_code(listing, listing.stack, fresh)
        listing.drawn = len(listing.lines)

    # -- drawing --------------------------------------------------------------------------

    def _mark(self, listing: Listing) -> None:
        self._close_gap(listing.stack)
        listing.start = len(self.rows)
        listing.first = self._prefix(listing.stack)[0]

    def _line_spans(self, listing: Listing, line: str) -> list[Span]:
        palette = self.page.palette
        return highlight.line(line, listing.language, palette.tokens, palette.listing)

    def _draw_code(
        self,
        listing: Listing,
        stack: list[Container],
        lines: list[list[Span]],
    ) -> None:
        room = self._room(stack)
        rows: list[Pieces] = []
        for line in lines:
            rows += wrap(line, room, fold=True)
        self._close_gap(stack)
        start = len(self.rows)
        self._write(stack, rows, fill=self.page.palette.listing)
        for row in self.rows[start:]:
            row.code = listing.number

    def _open_prose(self, ahead: Writer, stack: list[Container], text: str, style: Style) -> None:
        """A paragraph that goes on: what is final of it is drawn once."""
        place = (len(ahead.rows), style)
        memo = ahead.prose
        if memo is None or not memo.holds(place, text):
            memo = ahead.prose = OpenProse(place)
        page, room = self.page, self._room(stack)
        head, rest = self._prefix(stack)
        part = memo.next_part(text)
        if part:
            spans = inline.settled(part, page.palette, self.references, style)
            if spans is not None:
                *done, last = memo.wrapped(spans, room)
                for row in done:
                    memo.rows.append(self._row(row, rest if memo.rows else head, stack))
                memo.carry = last
                memo.text += part
        spans = inline.render(text[len(memo.text) :], page.palette, self.references, style)
        self._close_gap(stack)
        self.rows += memo.rows
        drawn = memo.wrapped(spans, room)
        self._write(stack, drawn, first=rest if memo.rows else head)

    def _prose(self, stack: list[Container], text: str, style: Style) -> None:
        if self._ahead is not None and not self.rows:
            self._open_prose(self._ahead, stack, text, style)
            return
        spans = inline.render(text, self.page.palette, self.references, style)
        self._write(stack, wrap(spans, self._room(stack)))

    def _cell(self, text: str, style: Style = _NULL) -> list[Span]:
        # A table's rows are drawn again on every preview: parse each cell once.
        key = text if style is _NULL else f"\x00{text}"
        spans = self.cells.get(key)
        if spans is None:
            spans = inline.render(text, self.page.palette, self.references, style)
            self.cells[key] = spans
        return spans

    def _prefix(self, stack: Sequence[Container]) -> tuple[list[Span], list[Span]]:
        """What stands before the first row of a leaf, and before its other rows."""
        palette = self.page.palette
        first: list[Span] = []
        rest: list[Span] = []
        for container in stack:
            if container.kind == "quote":
                first.append((QUOTE, palette.muted))
                rest.append((QUOTE, palette.muted))
            else:
                label = f"{container.label} "
                blank = (" " * len(label), _NULL)
                first.append(blank if container.shown else (label, palette.marker))
                rest.append(blank)
        limit = self.page.room // 2
        if sum(len(text) for text, _ in rest) > limit:
            # Very deep nesting keeps its innermost marks and half of the width.
            while rest and sum(len(text) for text, _ in rest) > limit:
                first.pop(0)
                rest.pop(0)
        return first, rest

    def _room(self, stack: list[Container]) -> int:
        _, rest = self._prefix(stack)
        taken = sum(len(text) for text, _ in rest)
        return max(1, self.page.room - taken)

    def _close_gap(self, stack: Sequence[Container]) -> None:
        before = bool(self.rows) or (self._ahead is not None and bool(self._ahead.rows))
        if self.gap and before:
            shown: list[Container] = []
            for container in stack:
                if not container.shown:
                    break
                shown.append(container)
            self.rows.append(self._row(Pieces(), self._prefix(shown)[1], shown))
        self.gap = False

    def _write(
        self,
        stack: list[Container],
        rows: Sequence[Sequence[Span]],
        *,
        fill: Style | None = None,
        first: list[Span] | None = None,
    ) -> None:
        if not rows:
            return
        self._close_gap(stack)
        head, rest = self._prefix(stack)
        prefix = head if first is None else first
        for row in rows:
            self.rows.append(self._row(row, prefix, stack, fill))
            prefix = rest
        for container in stack:
            container.shown = True

    def _row(
        self,
        row: Sequence[Span],
        prefix: list[Span],
        stack: Sequence[Container],
        fill: Style | None = None,
    ) -> Row:
        joins = row.joins if isinstance(row, Pieces) else None
        lead = 0
        if joins is not None or fill is not None:
            lead = sum([len(text) for text, _ in prefix])
        elif any(container.kind == "quote" for container in stack):
            marks = "".join([text for text, _ in prefix])
            lead = marks.rfind(QUOTE) + len(QUOTE) if QUOTE in marks else 0
        return self.page.row([*prefix, *row], fill, lead=lead, joins=joins)
