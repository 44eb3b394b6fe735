"""The part of an open paragraph that more text cannot change.

Inline syntax and line breaks both look back, yet seldom far: up to a blank
between two words before which nothing is left open, spans are final, and so are
all rows but the last. Keeping them makes a growing paragraph cost its last
words instead of its whole length. What is drawn is the same with or without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.style import Style

from alloy_tui.ui.markdown.cells import Span, wrap
from alloy_tui.ui.markdown.rows import Pieces, Row

STEP = 120  # characters that must have come before another part is closed

_BETWEEN_WORDS = re.compile(r"(?<=\S) (?=\S)")


@dataclass(slots=True)
class OpenProse:
    """Closed rows of an open paragraph.

    `text` is the source they and `carry` (the spans of the row that may go on)
    come from; `place` is what must be the same for them to hold; `tried` the
    length of the paragraph when it was last tried to close more.
    """

    place: tuple[int, Style]
    text: str = ""
    rows: list[Row] = field(default_factory=list[Row])
    carry: Pieces = field(default_factory=Pieces)
    tried: int = 0

    def holds(self, place: tuple[int, Style], text: str) -> bool:
        """Whether this is the beginning of the paragraph `text` at `place`."""
        return self.place == place and text.startswith(self.text)

    def wrapped(self, spans: Iterable[Span], room: int) -> list[Pieces]:
        """The carried row with `spans` after it."""
        rows = wrap([*self.carry, *spans], room)
        rows[0].joins = self.carry.joins
        return rows

    def next_part(self, text: str) -> str:
        """What might be closed next; empty if it is too soon to try."""
        start = len(self.text)
        if len(text) - max(start, self.tried) < STEP:
            return ""
        self.tried = len(text)
        cuts = list(_BETWEEN_WORDS.finditer(text, max(start, len(text) - STEP)))
        return text[start : cuts[-1].end()] if cuts else ""
