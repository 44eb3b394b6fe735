"""Text on the grid: nothing is lost, nothing is too wide."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from alloy_tui.ui.markdown.cells import clip, clusters, span_width, wrap
from alloy_tui.ui.markdown.rows import row_of

_NULL = Style.null()
_chars = st.one_of(
    st.characters(exclude_categories=("Cc", "Cs")),
    st.sampled_from(["👩", "\u200d", "\ufe0f", "e", "\u0301", "漢", " ", "🇩", "❤", "\u05d0", "ﷺ"]),
)
_texts = st.text(_chars, max_size=80)


@settings(max_examples=300, deadline=None)
@given(_texts, st.integers(1, 30))
def test_folding_loses_nothing_and_fits(text, width):
    """Folded rows join to the text; each fits unless one cluster alone is wider."""
    rows = wrap([(text, _NULL)], width, fold=True)
    assert "".join(part for row in rows for part, _ in row) == text
    for row in rows:
        line = "".join(part for part, _ in row)
        assert cell_len(line) <= width or len(list(clusters(line))) <= 2


@settings(max_examples=300, deadline=None)
@given(_texts, st.integers(1, 30))
def test_wrapping_loses_only_blanks(text, width):
    """Words come out in order, whatever is cut."""
    rows = wrap([(text, _NULL)], width)
    joined = "".join(part for row in rows for part, _ in row)
    assert joined.replace(" ", "") == text.replace(" ", "")


@settings(max_examples=300, deadline=None)
@given(_texts, st.integers(1, 40))
def test_strips_are_exact(text, width):
    """A strip has its width, whatever it is made of."""
    strip = row_of([(text, _NULL), (text[:3], Style(bold=True))], width, _NULL)
    assert sum(cell_len(segment.text) for segment in strip) == width


@settings(max_examples=200, deadline=None)
@given(_texts, st.integers(1, 40))
def test_clipping_fits(text, width):
    """A clipped text is no wider than asked for."""
    assert span_width(clip([(text, _NULL), (text, _NULL)], width)) <= width


def test_words_move_to_the_next_row_whole():
    """Prose is broken at blanks, and the blanks at the break are left out."""
    rows = wrap([("one two ", _NULL), ("three", Style(bold=True)), (" four", _NULL)], 9)
    assert ["".join(part for part, _ in row) for row in rows] == ["one two", "three", "four"]


def test_scripts_without_blanks_break_anywhere():
    """Chinese fills the row instead of moving to the next one as one word."""
    rows = wrap([("ab 漢字漢字漢字", _NULL)], 7)
    assert ["".join(part for part, _ in row) for row in rows] == ["ab 漢字", "漢字漢", "字"]
