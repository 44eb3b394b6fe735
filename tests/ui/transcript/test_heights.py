"""The tree of heights agrees with a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.transcript.heights import Heights

_heights = st.lists(st.integers(0, 9), max_size=60)


@given(_heights, st.lists(st.tuples(st.integers(0, 59), st.integers(0, 30)), max_size=20))
def test_sums_follow_changes(heights, changes):
    """Tops and totals are sums of the heights before, after any changes."""
    tree = Heights(heights)
    for index, height in changes:
        if index < len(heights):
            assert tree.set(index, height) == height - heights[index]
            heights[index] = height
    assert [tree.top(i) for i in range(len(heights) + 1)] == [
        sum(heights[:i]) for i in range(len(heights) + 1)
    ]
    assert tree.total == sum(heights)


@given(_heights, st.integers(0, 700))
def test_rows_are_found_in_their_block(heights, row):
    """Every row lies in the block and at the place that `find` gives."""
    index, line = Heights(heights).find(row)
    if row < sum(heights):
        assert 0 <= line < heights[index]
        assert sum(heights[:index]) + line == row
    else:
        assert (index, line) == (len(heights), row - sum(heights))
