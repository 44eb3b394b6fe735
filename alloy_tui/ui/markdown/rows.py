"""A laid-out row: coloured text of exactly one width, and how its text is read back.

A row is kept light, for thousands are held; the `Strip` that Textual paints is
made when the row comes into view. Knows nothing of Markdown or of widgets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from alloy_tui.ui.highlight import Span

_NULL = Style.null()


@cache
def _blanks(count: int) -> str:
    return " " * count


class Pieces(list[Span]):
    """The spans of one row. `joins` is None where a line begins.

    Else the row goes on with the line of the row before, and `joins` is what
    was left out at the cut (a blank, or nothing).
    """

    __slots__ = ("joins",)

    def __init__(self, spans: Iterable[Span] = (), joins: str | None = None) -> None:
        super().__init__(spans)
        self.joins = joins


class Row:
    """`spans` with their final styles, `cells` wide.

    `lead` characters at the start are gutter, marks or line numbers, and what
    is after the next `size` is padding: neither is part of the text. `joins` is
    as in `Pieces`. `code` is the number, from 1, of the code block that the row is
    part of, 0 for none. `late`, if there is one, puts other styles into `spans`
    before they are first looked at. `strip` belongs to who paints.
    """

    __slots__ = ("_spans", "cells", "code", "joins", "late", "lead", "size", "strip")

    def __init__(
        self,
        spans: Iterable[Span],
        cells: int,
        *,
        lead: int = 0,
        size: int = 0,
        joins: str | None = None,
    ) -> None:
        self._spans = tuple(spans)
        self.late: Callable[[], object] | None = None
        self.cells = cells
        self.lead = lead
        self.size = size
        self.joins = joins
        self.code = 0
        self.strip: Strip | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """Text and style, from left to right."""
        if self.late is not None:
            self.late()
        return self._spans

    @spans.setter
    def spans(self, spans: tuple[Span, ...]) -> None:
        self._spans = spans

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __iter__(self) -> Iterator[Segment]:
        return (Segment(text, style) for text, style in self.spans)

    def __repr__(self) -> str:
        return f"Row({self.text!r}, {self.cells}, lead={self.lead}, joins={self.joins!r})"

    def _key(self) -> tuple[object, ...]:
        return self.spans, self.cells, self.lead, self.size, self.joins, self.code

    @property
    def cell_length(self) -> int:
        """Cells that the row takes."""
        return self.cells

    @property
    def text(self) -> str:
        """All characters, gutter and padding included."""
        return "".join([text for text, _ in self._spans])

    @property
    def words(self) -> str:
        """The characters that are text."""
        return self.text[self.lead : self.lead + self.size]

    def make_strip(self) -> Strip:
        """What Textual paints."""
        return Strip(self, self.cells)


def row_of(
    spans: Iterable[Span],
    width: int,
    base: Style,
    fill: Style | None = None,
    *,
    lead: int = 0,
    joins: str | None = None,
) -> Row:
    """One row of exactly `width` cells, short rows padded with `fill` (else `base`).

    Every span's style is laid over `base`, and neighbours of one style are
    joined: fewer segments are fewer bytes and less work per frame.
    """
    texts: list[str] = []
    styles: list[Style] = []
    last: Style | None = None
    for text, style in spans:
        if not text:
            continue
        if style is last or style == last:
            texts[-1] += text
        else:
            texts.append(text)
            styles.append(style)
            last = style
    size = sum(map(len, texts)) - lead
    # Joining can change a cluster's width, so cells are counted only now.
    cells = sum([cell_len(text) for text in texts])
    if cells < width:
        pad = fill if fill is not None else _NULL
        if pad == last and texts[-1].isascii():
            texts[-1] += _blanks(width - cells)
        else:
            # A joiner at the end would swallow a blank of its own segment.
            texts.append(_blanks(width - cells))
            styles.append(pad)
    made = [(text, base + style) for text, style in zip(texts, styles, strict=True)]
    if cells > width:
        made = _cropped(made, width, base)
        size = sum([len(text) for text, _ in made]) - lead
    return Row(made, width, lead=lead, size=max(0, size), joins=joins)


def _cropped(made: list[Span], width: int, base: Style) -> list[Span]:
    """`made` cut to `width` cells, filled up with a blank where half a character would be left."""
    kept: list[Span] = []
    room = width
    for text, style in made:
        end = bisect_right(range(len(text)), room, key=lambda n, t=text: cell_len(t[: n + 1]))
        if end:
            kept.append((text[:end], style))
            room -= cell_len(text[:end])
        if end < len(text):
            break
    # By itself: a joiner at the end would swallow a blank of its own segment.
    return [*kept, (_blanks(room), base)] if room else kept
