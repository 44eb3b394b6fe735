"""Heights of the blocks in a Fenwick tree: row to block and back in logarithmic time.

Owns arithmetic only; whether a height is exact or an estimate is the caller's
business. A height may be 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate


class Heights:
    """A sequence of heights in rows with fast prefix sums."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights: list[int] = []
        self._tree: list[int] = [0]
        self.total = 0
        self.extend(heights)

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def extend(self, heights: Iterable[int]) -> None:
        """Append several heights."""
        for height in heights:
            self.append(height)

    def append(self, height: int) -> None:
        """Append one height."""
        tree = self._tree
        position = len(tree)
        covered = height
        child = position - 1
        stop = position - (position & -position)
        while child > stop:
            covered += tree[child]
            child -= child & -child
        tree.append(covered)
        self._heights.append(height)
        self.total += height

    def prepend(self, heights: Iterable[int]) -> None:
        """Put heights before all others; costs as much as there are."""
        self._heights = [*heights, *self._heights]
        sums = [0, *accumulate(self._heights)]
        self._tree = [0, *(sums[n] - sums[n & (n - 1)] for n in range(1, len(sums)))]
        self.total = sums[-1]

    def set(self, index: int, height: int) -> int:
        """Change one height; returns by how much."""
        delta = height - self._heights[index]
        if delta:
            self._heights[index] = height
            self.total += delta
            tree = self._tree
            position = index + 1
            while position < len(tree):
                tree[position] += delta
                position += position & -position
        return delta

    def top(self, index: int) -> int:
        """The row that block `index` starts at; of `len`, the total."""
        tree = self._tree
        total = 0
        while index > 0:
            total += tree[index]
            index -= index & -index
        return total

    def find(self, row: int) -> tuple[int, int]:
        """The block that holds `row`, and the row within it.

        Rows below the first belong to the first block; rows past the last give
        `(len, rows beyond)`.
        """
        row = max(0, row)
        tree = self._tree
        position = 0
        step = 1 << len(tree).bit_length()
        while step:
            after = position + step
            if after < len(tree) and tree[after] <= row:
                position = after
                row -= tree[after]
            step >>= 1
        return position, row
