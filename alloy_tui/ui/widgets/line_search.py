"""Finding text in lines and laying marks over a row. Pure.

Owns where matches are and how overlapping looks share a row; knows no widget.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style

MOST = 10_000
"""Matches that are counted; more are said to be more."""


def find(lines: Sequence[str], needle: str, first: int = 0) -> list[tuple[int, int, int]]:
    """Line, start and end of each place where `needle` stands, from line `first` on.

    Capitals count only if the needle has some.
    """
    if not needle:
        return []
    flags = re.IGNORECASE if needle.islower() or needle == needle.lower() else 0
    pattern = re.compile(re.escape(needle), flags)
    found: list[tuple[int, int, int]] = []
    for index in range(first, len(lines)):
        for match in pattern.finditer(lines[index]):
            found.append((index, match.start(), match.end()))
            if len(found) >= MOST:
                return found
    return found


def marked(text: str, base: Style, marks: Iterable[tuple[int, int, Style]]) -> Iterator[Segment]:
    """`text` in segments, each mark's style over `base` between its two offsets."""
    spans = [(max(0, a), min(len(text), b), s) for a, b, s in marks if a < len(text) and b > 0]
    edges = sorted({0, len(text), *(a for a, _, _ in spans), *(b for _, b, _ in spans)})
    for start, end in pairwise(edges):
        style = base
        for a, b, over in spans:
            if a <= start and end <= b:
                style = style + over
        yield Segment(text[start:end], style)
