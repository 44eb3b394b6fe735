"""What stands after emoji, flags and shaped scripts stays in its column on any terminal."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.style import Style
from textual.strip import Strip

from alloy_tui.ui.markdown.cells import clip, span_width
from alloy_tui.ui.markdown.rows import row_of
from alloy_tui.ui.transcript.anchoring import anchored

pytestmark = pytest.mark.anyio

CASES = {
    "joined family": "👩‍👩‍👧",
    "skin tone": "👍🏽",
    "flag": "🇩🇪",
    "rainbow flag": "🏳️‍🌈",
    "selector": "❤️ ✈️ 1️⃣",
    "arabic": "السلام عليكم",
    "hebrew": "שלום עולם",
    "devanagari": "नमस्ते",
    "combining": "e\u0301a\u0308",
    "wide": "漢字かな",
}
WIDTH = 60


def shown(strip: Strip) -> pyte.Screen:
    """The strip on a screen that was full of other text."""
    console = Console(color_system="truecolor", force_terminal=True)
    screen = pyte.Screen(WIDTH + 10, 1)
    stream = pyte.Stream(screen)
    stream.feed("~" * (WIDTH + 10) + "\x1b[1;1H" + strip.render(console))
    return screen


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_what_follows_keeps_its_column(text):
    """A mark after the text stands where our own measure says, and nothing shows through."""
    spans = [("  ", Style()), (text, Style(bold=True)), ("|end", Style())]
    column = span_width(spans) - 4
    screen = shown(anchored(row_of(spans, WIDTH, Style()).make_strip(), 0))
    line = screen.buffer[0]
    assert [line[column + i].data for i in range(4)] == list("|end")
    assert line[WIDTH].data == "~"
    assert screen.cursor.x == WIDTH
    assert all(line[x].data != "~" for x in range(WIDTH))


def test_plain_rows_stay_as_they_are():
    """Rows that every terminal measures alike are the same objects, frame after frame."""
    strip = row_of([("▸ bash  漢字", Style())], WIDTH, Style()).make_strip()
    assert anchored(strip, 3) is strip


@given(st.text("ab 漢👍🏽❤\ufe0f\u200d🇩🇪שم\u0301", max_size=30), st.integers(0, 8))
@settings(max_examples=150, deadline=None)
def test_rows_end_where_they_should(text, x):
    """Whatever the text, the cursor is behind the row when it is drawn; its cells are the same."""
    row = row_of(clip([(text, Style())], WIDTH - 1), WIDTH, Style())
    strip = anchored(row.make_strip(), x)
    assert strip.cell_length == WIDTH
    console = Console(color_system=None, force_terminal=True)
    screen = pyte.Screen(WIDTH + 20, 1)
    pyte.Stream(screen).feed(f"\x1b[1;{x + 1}H" + strip.render(console))
    assert screen.cursor.x == WIDTH + x or not text.strip()


def test_anchored_rows_can_be_cut():
    """Panes cut rows at their edges; the anchors stay with their runs."""
    strip = anchored(row_of([("a 👍🏽 b", Style())], 20, Style()).make_strip(), 0)
    left, right = strip.divide([8, 20])
    assert (left.cell_length, right.cell_length) == (8, 12)
    assert strip.crop(0, 8).cell_length == 8
    assert strip.apply_style(Style(bold=True)).cell_length == 20
