"""Text that is hard on a Markdown renderer: hand-picked documents and strategies."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

DOCUMENTS = (
    "# Title\n\nSome *emphasis* and `code`.\nSecond line  \nhard break\n",
    "Setext one\n===\n\nSetext two\nof two lines\n---\n\ntext\n- - -\n",
    "- a\n- b\n\n- c\n\n  para\n\n      indented\n- d\nlazy\n\nend",
    "1. one\n2. two\n   ```py\n   x = 1\n\n   y = 2\n   ```\n3. three\n   - n\n     - deeper\n",
    "> quote\nlazy\n> - item\n>   more\n>\n> ```\n> code\nnot code\n",
    "```python\ndef f():\n    '''doc\n    string'''\n```\nafter\n~~~\nopen\n\n```\n",
    "| a | b |\n|---|:-:|\n| 1 | `x|y` |\n| 2 |\n| 3 | 4 | 5 |\nafter\n",
    "para\n| a |\n|---|\n| 1 |\n\nx | y\n--|--\n> quote",
    "[foo]: http://x.y/z 'title'\n[bar]: <a b>\nSee [foo] and [bar] and [baz].\n\n[baz]: /late\n",
    "[foo]: /url\n'title\nwith lines'\n\n[foo]\n===\n",
    "line one\r\nline two\r\n\r\n- item\r\n\ttabbed\r\n\r1. x",
    "\tcode\n\n\tmore\n\n  \ttext\n- \ta\n-\tb\n\n\t\tcode in b\n",
    "- [x] done\n- [ ] todo\n  - [X] nested\n1. [ ] numbered\n",
    "*\n\n  not in item\n-\n  in item\n-   \n+ x\n",
    "a\n***\nb\n___\n+ c\n* d\n1) e\n2. f\n",
    "![alt *x*](http://i.mg/x.png) <https://auto.link> https://bare.link/a_b. \\*esc\\* &#x202e;\n",
    "~~struck~~ **bold *both*** ___x___ `` a ` b `` [l](<javascript:x>) [m](http://ok)\n",
    "- a\n  > b\n  ```\n  c\n  > d\ne\n    f\n",
    "日本語のテキストは空白なしで続きます。" * 6
    + "\n\n👩‍👩‍👧 e\u0301 \u05e9\u05dc\u05d5\u05dd ❤️ 🇩🇪\n",
    "word " * 1200 + "\n- x\n" + "y" * 7000 + "\nz",
    "| h |\n|---|\n" + "| row | \n" * 80 + "end",
    "> " * 40 + "deep\n" + "- " * 40 + "deep\n",
    "<div>\n<script>alert(1)</script>\n\n</div> [@click=app.quit]x[/]\n",
    "a\x1b]0;title\x07b\x1b[31mred\x1b[0m\x9b1mc\n```\n\x1b]52;c;AAAA\x07\n```\n",
    "## \n#\n####### seven\n# closed ##\n#no\n    # code\n",
    "",
    "\n\n\n",
    "-",
    "```",
    "1",
)

_FRAGMENTS = (
    *("- ", "* ", "+ ", "1. ", "2) ", "10. ", "> ", ">", "#", "## ", "```", "~~~", "```py\n"),
    *("---", "===", "***", "|", "|---|", "| a | b |\n", "|:-:|--:|\n", "\n", "\n\n", "\r\n"),
    *("\r", "\t", "  ", "    ", "   ", "text", "word word", "*", "**", "_", "~~", "`", "``"),
    *("[", "]", "[a]", "[a]: /u\n", "(x)", "](http://u.v)", "!", "<b>", "<", "&amp;", "\\"),
    *("\\|", "[ ] ", "[x] ", "x" * 30, "漢字", "👩\u200d👧", "e\u0301", "\u200d", "\ufe0f"),
    *("\u05d0", "\x1b[1m", "\x1b]0;t\x07", "\x1b", ":", "-", "=", "1", ".", "def f(): 'x'"),
)

markdown = st.lists(st.sampled_from(_FRAGMENTS), max_size=40).map("".join)
unicode = st.text(max_size=120)
anything = st.one_of(markdown, unicode, st.sampled_from(DOCUMENTS))


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str] = anything) -> list[str]:
    """A text in random pieces."""
    text = draw(texts)
    points = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    bounds = [0, *points, len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]


_words = st.sampled_from(
    (
        *("word", "a_b", "**bold**", "*it*", "`code`", "[l](http://u.v)", "arr[0]", "*", "`"),
        *("[", "]", "x~~", "~~", "<b>", "\\", "&amp;", "https://u.v/w", "漢字", "\n", "  \n"),
        *("_em_", "_"),
    )
)
_starts = st.sampled_from(("", "> ", "- ", "- [ ] ", "# x\n\n"))
# Long paragraphs, in which the beginning is drawn once while the end still grows.
paragraphs = st.tuples(_starts, st.lists(_words, min_size=40, max_size=160)).map(
    lambda pair: pair[0] + " ".join(pair[1])
)
