"""However a text is cut, what is shown is the same, and every row fits the grid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.markdown.stream import MarkdownStream, render
from tests.ui.markdown.documents import DOCUMENTS, anything, cut, paragraphs

PALETTE = Palette(
    code=Style(color="red"),
    listing=Style(bgcolor="blue"),
    tokens={"Keyword": Style(bold=True), "Literal.String": Style(color="green")},
)


def shown(stream: MarkdownStream) -> list[Row]:
    stream.update()
    return [*stream.rows, *stream.tail]


def streamed(pieces: list[str], width: int) -> tuple[list[Row], list[Row]]:
    """What is shown after the last piece, and after the end."""
    stream = MarkdownStream(Page(width, PALETTE))
    for piece in pieces:
        stream.feed(piece)
        stream.update()
    before = shown(stream)
    stream.finish()
    return before, shown(stream)


@settings(max_examples=250, deadline=None)
@given(cut(), st.sampled_from((1, 7, 23, 60)))
def test_pieces_show_what_the_whole_text_shows(pieces, width):
    """Streaming equals rendering at once, while the text is open and when it is over."""
    once = MarkdownStream(Page(width, PALETTE))
    once.feed("".join(pieces))
    open_rows = shown(once)
    once.finish()
    assert streamed(pieces, width) == (open_rows, shown(once))


@settings(max_examples=70, deadline=None)
@given(paragraphs, st.integers(1, 40), st.sampled_from((11, 33, 80)))
def test_a_growing_paragraph_shows_what_a_whole_one_shows(text, step, width):
    """At every step of its growth a long paragraph looks as if it had come at once."""
    stream = MarkdownStream(Page(width, PALETTE))
    for at in range(0, len(text), step):
        stream.feed(text[at : at + step])
        grown = shown(stream)
        if at % 5 == 0:
            once = MarkdownStream(Page(width, PALETTE))
            once.feed(text[: at + step])
            assert grown == shown(once)


@pytest.mark.parametrize("text", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_character_by_character_shows_the_same(text):
    """The smallest pieces give the same rows as the whole, at every hard document."""
    assert streamed(list(text[:1500]), 40)[1] == render(text[:1500], Page(40, PALETTE))


@settings(max_examples=300, deadline=None)
@given(anything, st.integers(1, 90))
def test_every_row_has_the_exact_width(text, width):
    """No input makes a row wider or narrower than the page, or carries a control character."""
    for row in render(text, Page(width, PALETTE, gutter=width // 20, margin=width // 30)):
        assert sum(cell_len(segment.text) for segment in row) == width == row.cell_length
        assert row.text.isprintable() or not any(c in row.text for c in "\x1b\x07\n\r\t\x9b")


@settings(max_examples=200, deadline=None)
@given(cut())
def test_the_change_mark_covers_every_change(pieces):
    """Rows before the mark that `update` returns are those of the time before."""
    stream = MarkdownStream(Page(30, PALETTE))
    kept: list[Row] = []
    for piece in pieces:
        stream.feed(piece)
        first = stream.update()
        now = [*stream.rows, *stream.tail]
        assert all(a is b for a, b in zip(kept[:first], now[:first], strict=True))
        kept = now
