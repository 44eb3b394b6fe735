"""What single constructs look like on the screen."""

from __future__ import annotations

import pytest
from rich.style import Style

from alloy_tui.ui.markdown.inline import safe_url
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.stream import MarkdownStream, render

PALETTE = Palette(
    strong=Style(bold=True), code=Style(color="red"), tokens={"Keyword": Style(bold=True)}
)


def shown(text: str, width: int = 40) -> list[str]:
    return [row.text.rstrip() for row in render(text, Page(width, PALETTE))]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\nb", ["a b"]),
        ("a  \nb\\\nc", ["a", "b", "c"]),
        ("a\n\n\n\nb", ["a", "", "b"]),
        ("text\n# Head\ntext", ["text", "", "Head", "text"]),
        ("- a\n- b\n\n- c", ["• a", "• b", "", "• c"]),
        ("- a\n  - b\n    - c", ["• a", "  ◦ b", "    ▪ c"]),
        ("9. a\n9. b\n   c", ["9. a", "10. b c"]),
        ("- [ ] a\n- [x] b\n- [x]c", ["☐ a", "☑ b", "• [x]c"]),
        ("1. [x] a", ["1. ☑ a"]),
        ("> a\n>\n> b\n\nc", ["▎ a", "▎", "▎ b", "", "c"]),
        ("-\n- b", ["•", "• b"]),
        ("- ```\n  x\n   y\n  ```", ["• x", "   y"]),
        ("<b>x</b> &lt;", ["<b>x</b> <"]),
        ("~~a~~ **b** `c`", ["a b c"]),
        ("![alt *x*](u)", ["[image: alt x]"]),
        ("[a]: http://u.v 'T'\n[t][a]", ["[a]: http://u.v  T", "t"]),
        ("[t][a]\n\n[a]: http://u.v", ["[t][a]", "", "[a]: http://u.v"]),
        ("|a|b|\n|-|:-:|\n|1|222|", ["a │  b", "──┼────", "1 │ 222"]),
        ("|a|\n|-|\n|x\\|y|", ["a", "───", "x|y"]),
        ("\tx\n\n\ty", ["x", "", "y"]),
    ],
)
def test_construct(text, rows):
    """Text becomes these rows."""
    assert shown(text) == rows


def test_a_table_wider_than_the_page_wraps_its_cells():
    """Narrow columns keep their width, wide ones share what is left."""
    text = "|id|words|\n|-|-|\n|1|" + "word " * 12 + "|"
    rows = shown(text, 24)
    assert all(len(row) <= 24 for row in rows)
    assert "".join(rows).count("word") == 13


def test_a_table_without_room_for_columns_names_each_cell():
    """On a very narrow page every cell stands on a row of its own."""
    rows = shown("|a|b|c|d|\n|-|-|-|-|\n|1|2|3|some|", 10)
    assert rows[:4] == ["a: 1", "b: 2", "c: 3", "d: some"]


def test_many_rows_keep_the_columns_of_the_first():
    """Columns are fixed by the first rows, later rows are laid out in them."""
    rows = shown("|a|bb|\n|-|-|\n" + "|x|y|\n" * 40 + "|long|z|\n")
    assert rows[:3] == ["a │ bb", "──┼───", "x │ y"]
    assert rows[-4:] == ["l │ z", "o │", "n │", "g │"]


def test_links_lead_only_where_they_may():
    """Known schemes become hyperlinks; others are text in the colour of a link."""
    links = {
        segment.text: segment.style.link
        for row in render(
            "[a](http://x.y/z) [b](javascript:alert) [c](file:///tmp) [d](ftp://x) "
            "<https://auto.link> bare https://bare.link/x_y.",
            Page(200, PALETTE),
        )
        for segment in row
        if segment.style is not None
    }
    assert links["a"] == "http://x.y/z"
    assert links["b"] is None
    assert links["c"] is None
    assert links["d"] is None
    assert links["https://auto.link"] == "https://auto.link"
    assert links["https://bare.link/x_y"] == "https://bare.link/x_y"


@pytest.mark.parametrize(
    "url",
    [
        "http://a\x1b]8;;b",
        "http://a b",
        "http://\u202ex",
        "x:y",
        "",
        "http://" + "a" * 4000,
        "file:///etc/passwd",
        "file://server/share",
        "FILE:///tmp",
    ],
)
def test_addresses_that_no_terminal_is_told(url):
    """Control characters, blanks, other alphabets and other schemes are refused."""
    assert safe_url(url) is None


@pytest.mark.parametrize("entity", ["&#27;[31m", "&#x1b;]0;t&#7;", "&#x202e;", "&#x9b;1m", "&Tab;"])
def test_entities_do_not_bring_control_characters_back(entity):
    """What the sanitiser removed cannot return as an entity."""
    text = render(f"a{entity}b `{entity}` [l](http://x/{entity})", Page(80, PALETTE))[0].text
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in text)


def test_an_open_code_block_is_coloured_line_by_line_and_anew_when_it_closes():
    """A string over several lines gets its colour when the block is whole."""
    palette = Palette(tokens={"Literal.String": Style(color="green")})
    stream = MarkdownStream(Page(40, palette))

    def green() -> list[str]:
        return [
            row.text.strip()
            for row in stream.rows
            if any(s.text.strip() and s.style and s.style.color for s in row)
        ]

    stream.feed("```python\nx = '''a\nword\n'''\n")
    stream.update()
    assert "word" not in green()
    stream.feed("```\n")
    assert stream.update() == 0
    assert "word" in green()


def test_undecided_beginnings_are_not_shown():
    """A lone dash after a paragraph does not make it a heading for a moment."""
    stream = MarkdownStream(Page(40, PALETTE))
    stream.feed("text\n-")
    stream.update()
    assert [row.text.rstrip() for row in (*stream.rows, *stream.tail)] == ["text"]
    stream.feed(" item")
    stream.update()
    assert [row.text.rstrip() for row in (*stream.rows, *stream.tail)] == ["text", "• item"]
