"""Diffs: what is read, which words are set off, how rows fit."""

from __future__ import annotations

import difflib

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style

from alloy_tui.ui.markdown.cells import span_width
from alloy_tui.ui.transcript.diff_lines import changed_words, hunks, pairs, path_of, search_lines
from alloy_tui.ui.transcript.diffs import BESIDE_FROM, DiffStyles, draw

GROUND, WORD = Color.parse("#203020"), Color.parse("#305030")
STYLES = DiffStyles(
    {"diff-add": Style(bgcolor="#203020"), "diff-add-word": Style(bgcolor="#305030")},
    {"Keyword": Style(bold=True)},
)
DIFF = """--- a/cart.py
+++ b/cart.py
@@ -5,2 +5,2 @@
-    return sum(one)
+    return sum(two)
 x
"""

lines = st.lists(st.text("ab漢 \t👍", max_size=12), max_size=8)


def shown(diff: str, room: int, *, beside: bool = False) -> list[str]:
    rows = draw(diff, room, STYLES, beside=beside)
    return ["".join(t for t, _ in (*row.marks, *row.text)).rstrip() for row in rows]


def test_numbers_signs_and_the_name():
    """Old numbers stand at removed lines, new ones at the others."""
    assert shown(DIFF, 60) == [
        "    5 │-    return sum(one)",
        "    5 │+    return sum(two)",
        "    6 │ x",
    ]
    assert path_of(DIFF) == "cart.py"
    assert search_lines(DIFF) == ["    return sum(one)", "    return sum(two)", "x"]


def test_old_and_new_side_by_side():
    """Where there is room, a changed line stands beside what it was."""
    rows = shown(DIFF, 120, beside=True)
    assert rows[0].split("│")[0].split() == ["5", "-", "return", "sum(one)"]
    assert rows[0].split("│")[1].split() == ["5", "+", "return", "sum(two)"]
    assert shown(DIFF, BESIDE_FROM - 1, beside=True) == shown(DIFF, BESIDE_FROM - 1)


def test_changed_words_are_set_off_and_code_is_coloured():
    """Only the word that differs has the stronger background; keywords keep their style."""
    added = list(draw(DIFF, 60, STYLES))[1]
    strong = [text for text, style in added.text if style.bgcolor == WORD]
    bold = [text for text, style in added.text if style.bold]
    assert strong == ["two"]
    assert bold == ["return"]
    assert all(style.bgcolor in (GROUND, WORD) for text, style in added.text)


def test_lines_with_little_in_common_have_no_words_marked():
    """Marking nearly all would say nothing."""
    assert changed_words("import json", "class Cart:") == ([], [])


@given(lines, lines, st.integers(1, 140), st.booleans())
@settings(max_examples=150, deadline=None)
def test_rows_fit_and_no_line_is_lost(old, new, room, beside):
    """Whatever the change: rows keep to the room, every line is there with its number."""
    diff = "\n".join(difflib.unified_diff(old, new, "a", "b", lineterm="", n=99))
    for row in draw(diff, max(room, 12), STYLES, beside=beside):
        assert span_width([*row.marks, *row.text]) <= max(room, 12)
    if old == new:
        return
    found = [line for hunk in hunks(diff) for line in hunk]
    assert [x.text for x in found if x.kind in "- "] == [x.expandtabs(4) for x in old]
    assert [x.text for x in found if x.kind in "+ "] == [x.expandtabs(4) for x in new]
    both = [pair for hunk in hunks(diff) for pair in pairs(hunk)]
    assert [a.old for a, _ in both if a] == [x.old for x in found if x.kind in "- "]
    assert [b.new for _, b in both if b] == [x.new for x in found if x.kind in "+ "]


@given(st.text("ab (),", max_size=40), st.text("ab (),", max_size=40))
def test_unmarked_words_are_the_same_on_both_sides(old, new):
    """What is not marked as changed is common to both lines."""
    left, right = changed_words(old, new)
    if not left and not right:
        return

    def rest(text: str, ranges: list[tuple[int, int]]) -> str:
        return "".join(c for i, c in enumerate(text) if not any(a <= i < b for a, b in ranges))

    assert rest(old, left) == rest(new, right)
