"""The code blocks of a Markdown text, as they were written, tabs and all.

The renderer's own parser lays tabs out at once; for what is copied the text is
read again by markdown-it, whose blocks are the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("html_block")


def listing_of(text: str, number: int) -> str:
    """The code block `number`, from 1; empty if there are fewer."""
    codes = [t.content for t in _parser().parse(text) if t.type in ("fence", "code_block")]
    return codes[number - 1].removesuffix("\n") if 0 < number <= len(codes) else ""
