"""Lines, and changes of files among them, as rows of a width. Pure.

Owns wrapping, and how text is read back from rows. The text must have been
sanitised by the caller. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.selection import Selection

from alloy_tui.ui import highlight
from alloy_tui.ui.lines import Change, Line, LineItem, LineKind
from alloy_tui.ui.markdown.cells import Span
from alloy_tui.ui.transcript.diffs import DiffStyles, draw
from alloy_tui.ui.transcript.look import Look

_MOST_DRAWN = 3000
"""Lines of a change beyond which it is shown without colours, for time's sake."""
_LONGEST_DRAWN = 2000
_KINDS: dict[str, LineKind] = {"+": "add", "-": "remove", "@": "hunk"}


class LineRow(NamedTuple):
    """Part of line number `line`, from its character `at` on.

    `lead` characters at the start are marks and no part of it. A row of a change
    has `spans` with their styles, and a style that fills the rest.
    """

    kind: LineKind
    text: str
    line: int
    at: int
    lead: int = 0
    spans: tuple[Span, ...] = ()
    fill: Style | None = None
    joins: str | None = None

    def segments(self, base: Style) -> list[Segment]:
        """What to paint, over `base`."""
        if not self.spans:
            return [Segment(self.text, base)]
        return [Segment(text, base + style) for text, style in self.spans]


def plain(text: str) -> str:
    """A line as it is shown and searched: tabs are blanks."""
    return text.expandtabs(8) if "\t" in text else text


def wrapped(line: Line, number: int, width: int, *, words: bool) -> Iterator[LineRow]:
    """The rows of one line, cut between words if `words` (and what we say ourselves)."""
    kind, text = line
    shown = plain(text)
    if len(shown) * 2 <= width or (shown.isascii() and len(shown) <= width):
        yield LineRow(kind, shown, number, 0)
        return
    content = Content(shown)
    at = ends = 0
    for part in content.wrap(width) if words or kind == "muted" else content.fold(width):
        row = part.plain
        begins = shown.find(row, at)
        at = at if begins < 0 else begins
        yield LineRow(kind, row, number, at, joins=shown[ends:at] if at else None)
        at += len(row)
        ends = at


def expanded(
    items: Iterable[LineItem], width: int, look: Look | None, *, beside: bool
) -> tuple[list[Line], dict[int, LineRow]]:
    """Lines for all `items`, and for those of changes the row that each of them is.

    Without a `look` there is nothing to draw with: changes are plain lines then.
    """
    lines: list[Line] = []
    rows: dict[int, LineRow] = {}
    for item in items:
        if not isinstance(item, Change):
            lines.append(item)
        elif look is None or not _drawable(item.diff):
            lines.extend((_kind(text), text) for text in item.diff.split("\n"))
        else:
            for row in _drawn(item, width, look, len(lines), beside=beside):
                lines.append(("plain", row.text[row.lead :]))
                rows[row.line] = row
    return lines, rows


def _kind(text: str) -> LineKind:
    return _KINDS.get(text[:1], "plain")


def _drawable(diff: str) -> bool:
    lines = diff.split("\n")
    return len(lines) <= _MOST_DRAWN and max(map(len, lines)) <= _LONGEST_DRAWN


def _drawn(
    change: Change, width: int, look: Look, first: int, *, beside: bool
) -> Iterator[LineRow]:
    styles = DiffStyles(look.styles, look.page.palette.tokens)
    # No path is no language: None would have it looked for in the diff's header.
    language = highlight.language_of(change.path) if change.path else None
    made = draw(
        change.diff, width, styles, language=language, beside=beside, numbered=change.numbered
    )
    for line, row in enumerate(made, first):
        spans = (*row.marks, *row.text)
        lead = sum(len(text) for text, _ in row.marks)
        text = "".join(text for text, _ in spans)
        yield LineRow("plain", text, line, -lead, lead, spans, row.fill, row.text.joins)


def selected_text(rows: Sequence[LineRow], selection: Selection) -> str:
    """The selected words; where a row was only cut to fit, its line goes on."""
    first = selection.start.y if selection.start is not None else 0
    last = selection.end.y if selection.end is not None else len(rows) - 1
    lines: list[str] = []
    for number in range(max(0, first), min(last, len(rows) - 1) + 1):
        span = selection.get_span(number)
        if span is None:
            continue
        row = rows[number]
        start, end = max(span[0], row.lead), len(row.text) if span[1] == -1 else span[1]
        text = row.text[start:end]
        if row.joins is not None and lines and start == row.lead:
            lines[-1] += row.joins + text
        else:
            lines.append(text)
    return "\n".join(lines)
