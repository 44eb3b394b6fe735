"""Text on a grid of terminal cells: clusters, line breaks, rows of exact width.

The one place that measures. A row never exceeds its width, whatever Unicode it
holds: wide and combining characters, joined emoji and right-to-left text are
broken between clusters only, and the finished row is measured as a whole.
Knows nothing of Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TypeAlias

from rich.cells import cell_len

from alloy_tui.ui.highlight import Span
from alloy_tui.ui.markdown.rows import Pieces

Cut: TypeAlias = tuple[int, int]
"""Where a row ends, and where the next one starts, as offsets into the text."""

_JOINER = "\u200d"
# Scripts written without spaces break between any two characters.
_WIDE = "\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"


@cache
def _words() -> re.Pattern[str]:
    return re.compile(rf"[ ]+|[{_WIDE}]|[^ {_WIDE}]+")  # dear, and not for the first screen


def clusters(text: str, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """Start, end and width of each unbreakable cluster of `text` from `start` on."""
    at, size = start, len(text)
    while at < size:
        end = at + (2 if text[at] == _JOINER else 1)
        while end < size:
            char = text[end]
            if char == _JOINER:
                end += 2
            elif cell_len(char) == 0:
                end += 1
            else:
                break
        end = min(end, size)
        yield at, end, cell_len(text[at:end])
        at = end


def breaks(text: str, width: int, *, fold: bool = False) -> list[Cut]:
    """Where to cut one line of `text` (no newlines) so that each row fits `width` cells.

    Words are kept whole if they fit a row, and the spaces at a cut are left
    out; `fold` cuts exactly at the edge and leaves out nothing.
    """
    if len(text) <= width and text.isascii():
        return []
    return _fold(text, width) if fold else _wrap(text, width)


def _fold(text: str, width: int) -> list[Cut]:
    if text.isascii():
        return [(at, at) for at in range(width, len(text), width)]
    cuts: list[Cut] = []
    column = 0
    for start, _, cells in clusters(text):
        if column and column + cells > width:
            cuts.append((start, start))
            column = 0
        column += cells
    return cuts


def _wrap(text: str, width: int) -> list[Cut]:
    cuts: list[Cut] = []
    column = 0  # cells used in the row, trailing spaces included
    end = 0  # offset after the last word of the row
    for match in _words().finditer(text):
        word, start = match[0], match.start()
        if word[0] == " ":
            column += len(word)
            continue
        cells = cell_len(word)
        if column + cells > width and end:
            cuts.append((end, start))
            column = 0
        if cells > width:
            inner = _fold(word, width)
            cuts += [(start + a, start + b) for a, b in inner]
            last = inner[-1][1] if inner else 0
            column = cell_len(word[last:])
        else:
            column += cells
        end = match.end()
    return cuts


def split_rows(spans: Iterable[Span]) -> list[list[Span]]:
    """Spans cut at their newlines."""
    rows: list[list[Span]] = [[]]
    for text, style in spans:
        if "\n" not in text:
            rows[-1].append((text, style))
            continue
        first, *others = text.split("\n")
        rows[-1].append((first, style))
        rows.extend([(part, style)] if part else [] for part in others)
    return rows


def wrap(spans: Sequence[Span], width: int, *, fold: bool = False) -> list[Pieces]:
    """Spans, newlines in them kept, as rows of at most `width` cells; at least one row."""
    width = max(1, width)
    rows: list[Pieces] = []
    for line in split_rows(spans):
        text = "".join([part for part, _ in line])
        cuts = breaks(text, width, fold=fold)
        if not cuts:
            rows.append(Pieces(line))
            continue
        starts = [0, *[start for _, start in cuts]]
        ends = [*[end for end, _ in cuts], len(text)]
        rows.extend(_slices(line, list(zip(starts, ends, strict=True))))
    return rows


def _slices(line: list[Span], bounds: list[tuple[int, int]]) -> list[Pieces]:
    """The spans of each (start, end) range of a line; ranges rise and do not overlap."""
    rows: list[Pieces] = []
    index, offset = 0, 0  # the span that holds `start`, and where it begins
    before: int | None = None
    for start, end in bounds:
        row = Pieces((), None if before is None else " " if start > before else "")
        before = end
        while index < len(line):
            text, style = line[index]
            stop = offset + len(text)
            if stop > start and offset < end:
                row.append((text[max(0, start - offset) : end - offset], style))
            if stop > end:
                break
            offset = stop
            index += 1
        rows.append(row)
    return rows


def span_width(spans: Iterable[Span]) -> int:
    """Cells that `spans` take, each measured by itself as the terminal row will be."""
    return sum([cell_len(text) for text, _ in spans])


def clip(spans: Sequence[Span], width: int) -> list[Span]:
    """`spans` cut to `width` cells, with an ellipsis where something was left out."""
    if span_width(spans) <= width:
        return list(spans)
    kept: list[Span] = []
    room = width - 1
    for text, style in spans:
        cells = cell_len(text)
        if cells <= room:
            kept.append((text, style))
            room -= cells
            continue
        end = next((start for start, stop, _ in clusters(text) if cell_len(text[:stop]) > room), 0)
        kept.append((text[:end] + "…", style))
        break
    return kept if width > 0 else []
