"""Code is coloured when it is looked at, and then as if it had always been."""

from __future__ import annotations

import pytest
from rich.style import Style

from alloy_tui.ui import highlight
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.stream import render

PALETTE = Palette(
    listing=Style(bgcolor="black"),
    tokens={"Keyword": Style(bold=True), "Literal.String": Style(italic=True)},
)
CODE = ["def total(xs):", '    return "a long string that is cut" + str(sum(xs))', "", "# end"]


def page_of(code: list[str], language: str = "python", width: int = 30) -> list:
    return render(
        "\n".join(["> ```" + language, *(f"> {line}" for line in code)]), Page(width, PALETTE, 2)
    )


def test_nothing_is_coloured_before_it_is_looked_at():
    """What a row says and its place are known at once; its styles come with those of the block."""
    rows = page_of(CODE)
    said = [row.text for row in rows]
    assert "def total(xs):" in said[0]
    assert all(row.late for row in rows)
    assert any(style.bold for _, style in rows[0].spans)
    assert not any(row.late for row in rows)
    assert [row.text for row in rows] == said


@pytest.mark.parametrize("width", [9, 30, 80])
def test_the_colours_are_those_of_the_whole_block(width):
    """Row by row the styles of the words are what colouring the text at once gives them."""
    rows = page_of(CODE, width=width)
    painted = [(char, style) for row in rows for text, style in row.spans for char in text]
    shown = [(c, s.bold, s.italic) for c, s in painted if c not in " ▎"]
    spans = highlight.lines("\n".join(CODE), "python", PALETTE.tokens, PALETTE.listing)
    due = [(c, s.bold, s.italic) for row in spans for text, s in row for c in text if c != " "]
    assert shown == due


@pytest.mark.parametrize(
    ("code", "language"), [(["s = '漢字 é'"], "python"), (["x = 1"], "nonesuch")]
)
def test_other_text_is_drawn_at_once(code, language):
    """Where a style might change a width, or there is none to be found, nothing waits."""
    assert not any(row.late for row in page_of(code, language))


def test_rows_are_compared_with_their_colours():
    """Looked at or not, two drawings of one text are equal, and those of two are not."""
    rows = page_of(CODE)
    assert rows == page_of(CODE)
    assert rows[0] != page_of(["for total(xs):"])[0]
