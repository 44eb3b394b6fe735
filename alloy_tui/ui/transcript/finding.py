"""Search in the transcript's blocks: which hold the words, how often, and on which rows.

Counting reads sources, so that nothing is laid out for it, and goes in slices
that fit between two frames. Where a hit stands is read from the rows of its
block, across the places where lines were cut to fit. Pure: knows no widget.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import TypeAlias

from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript.blocks import Block

Piece: TypeAlias = tuple[int, int, int]
"""Part of a hit: the row in its block, the first character and the one after the last."""

# What Markdown leaves out when it is drawn, near enough for counting.
_MARKUP = re.compile(r"[*`~]+|(?<!\w)_+|_+(?!\w)|\]\([^)\s]*\)|(?m:^#{1,6} )|\[")
_EVERY = 32  # blocks between two looks at the clock


class Needle:
    """Words to look for, whatever their case and however many blanks are between them."""

    def __init__(self, words: str) -> None:
        parts = words.split()
        if not parts:
            raise ValueError("nothing to look for")
        self.pattern = re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE)
        self._parts = sorted({part.lower() for part in parts}, key=len, reverse=True)

    def count(self, block: Block) -> int:
        """How often the block has the words."""
        text = block.search_text()
        lower = text.lower()
        for part in self._parts:  # the longest first: it is the rarest
            if part not in lower:
                return 0
        found = len(self.pattern.findall(text))
        if found or len(self._parts) == 1 or block.kind != "agent":
            return found
        return len(self.pattern.findall(_MARKUP.sub("", text)))

    def line_of(self, block: Block, number: int) -> int:
        """The line of the block's search text that holds its hit `number` (from 0)."""
        text = block.search_text()
        for place, match in enumerate(self.pattern.finditer(text)):
            if place == number:
                return text.count("\n", 0, match.start())
        return 0

    def hidden(self, block: Block) -> int:
        """How many hits a bounded body leaves out above what it shows."""
        first, last = block.hidden_lines
        if first == last:
            return 0
        lines = block.search_text().split("\n")[first:last]
        return len(self.pattern.findall("\n".join(lines)))


def hits_on(rows: Sequence[Row], first: int, pattern: re.Pattern[str]) -> list[list[Piece]]:
    """The hits on `rows` from row `first` on, each with its part on every row it reaches."""
    texts: list[str] = []
    starts: list[int] = []  # where each row's words begin in the joined text
    size = 0
    for row in rows[first:]:
        words = row.words
        joint = "\n" if row.joins is None else row.joins
        texts += (joint, words)
        starts.append(size + len(joint))
        size += len(joint) + len(words)
    found: list[list[Piece]] = []
    for match in pattern.finditer("".join(texts)):
        pieces: list[Piece] = []
        low, high = match.span()
        line = max(0, bisect_left(starts, low + 1) - 1)
        while line < len(starts) and starts[line] < high:
            row = rows[first + line]
            begin = max(0, low - starts[line])
            end = min(row.size, high - starts[line])
            if begin < end:
                pieces.append((first + line, row.lead + begin, row.lead + end))
            line += 1
        if pieces:
            found.append(pieces)
    return found


class Hits:
    """The hits of one needle in a growing list of blocks, counted piece by piece.

    `at` is the current one: a block and the number of the hit in it.
    """

    def __init__(self, needle: Needle, order: Iterable[int]) -> None:
        self.needle = needle
        self.counts: dict[int, int] = {}
        self.blocks: list[int] = []  # those with hits, in order
        self.at: tuple[int, int] | None = None
        self._waiting = list(order)
        self._waiting.reverse()

    @property
    def done(self) -> bool:
        """Whether all was counted."""
        return not self._waiting

    @property
    def total(self) -> int:
        """Hits found so far."""
        return sum(self.counts.values())

    @property
    def place(self) -> int:
        """Which of them, from 1, is the current one; 0 if none is."""
        if self.at is None:
            return 0
        index, number = self.at
        return sum(self.counts[i] for i in self.blocks if i < index) + number + 1

    def again(self, index: int) -> None:
        """The block changed: count it anew."""
        if index not in self._waiting[-8:]:
            self._waiting.append(index)

    def shift(self, by: int) -> None:
        """So many blocks came before all others: count them last."""
        self.counts = {index + by: count for index, count in self.counts.items()}
        self.blocks = [index + by for index in self.blocks]
        self.at = (self.at[0] + by, self.at[1]) if self.at is not None else None
        self._waiting = [*range(by), *(index + by for index in self._waiting)]

    def step(self, block_at: Callable[[int], Block | None], budget_s: float) -> None:
        """Count on for about `budget_s` seconds."""
        end = monotonic() + budget_s
        waiting = self._waiting
        while waiting:
            for _ in range(min(_EVERY, len(waiting))):
                index = waiting.pop()
                block = block_at(index)
                self.put(index, self.needle.count(block) if block is not None else 0)
            if monotonic() > end:
                return

    def put(self, index: int, count: int) -> None:
        """The block has so many."""
        known = index in self.counts
        if count:
            if not known:
                insort(self.blocks, index)
            self.counts[index] = count
        elif known:
            del self.counts[index]
            self.blocks.remove(index)
        if self.at is not None and self.at[0] == index and self.at[1] >= count:
            self.at = (index, count - 1) if count else None

    def first_from(self, index: int, *, backwards: bool) -> bool:
        """Make the hit nearest to block `index` current; whether there is one."""
        if not self.blocks:
            self.at = None
            return False
        place = bisect_left(self.blocks, index + backwards)
        if backwards:
            nearest = self.blocks[place - 1]  # before the first comes the last
            self.at = (nearest, self.counts[nearest] - 1)
        else:
            self.at = (self.blocks[place % len(self.blocks)], 0)
        return True

    def move(self, step: int) -> bool:
        """Make the next (1) or the one before (-1) current, round the ends; whether there is."""
        if not self.blocks:
            self.at = None
            return False
        if self.at is None:
            return self.first_from(self.blocks[0], backwards=step < 0)
        index, number = self.at
        number += step
        if not 0 <= number < self.counts.get(index, 0):
            place = (bisect_left(self.blocks, index) + step) % len(self.blocks)
            index = self.blocks[place]
            number = 0 if step > 0 else self.counts[index] - 1
        self.at = (index, number)
        return True
