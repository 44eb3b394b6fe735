"""Markdown that grows: text in, in any pieces, rows of cells out.

At any moment `rows + tail` is what the text so far looks like, however it was
cut. `rows` come from whole lines and stay as they are (an open code block is
drawn once more when it closes); `tail` is the open leaf and the unfinished last
line, drawn anew when asked for. So a piece costs its own length and the open
leaf, not the length of the text.

Rules where CommonMark would look back: a reference definition holds from where
it stands on and is shown; lists are spaced as their source is, neither tight
nor loose as a whole; a table's columns are fixed by its first rows; paragraphs
and lines beyond `MAX_PARAGRAPH` characters are closed in parts. A last line
that consists of markup characters alone is not shown until it says what it is.
"""

from __future__ import annotations

import re

from alloy_tui.domain.sanitise import Cleaner
from alloy_tui.ui.markdown.blocks import MAX_PARAGRAPH, BlockParser
from alloy_tui.ui.markdown.containers import Fence
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.markdown.writer import Writer

_MAX_LINE = MAX_PARAGRAPH
# Might still become another construct; shown too early it would flicker.
_UNDECIDED = re.compile(r"[\s>\-=_*+#|:`~]*(?:\d{1,9}[.)]?)?\Z")
_UNDECIDED_FENCE = re.compile(r"[\s>]*(?:`+|~+)[ \t]*\Z")


class MarkdownStream:
    """A Markdown text that is being written.

    Every row is a Row of exactly the page's width.
    """

    def __init__(self, page: Page) -> None:
        self._cleaner = Cleaner()
        self._writer = Writer(page)
        self._parser = BlockParser(self._writer)
        self._partial = ""
        self._continues = False  # the beginning of the last line was taken already
        self._tail: list[Row] | None = []

    def feed(self, text: str) -> None:
        """Append `text`."""
        self._take(self._cleaner.feed(text))

    def finish(self) -> None:
        """The text is over: its last line counts as ended, and all is closed."""
        self._take(self._cleaner.close())
        if self._partial:
            self._line(self._partial)
            self._partial = ""
        self._continues = False
        self._parser.close()
        self._tail = []

    def update(self) -> int:
        """Bring `rows` and `tail` up to date; the first row that changed since the last call."""
        writer = self._writer
        writer.settle()
        if self._tail is None:
            self._tail = self._preview()
        first = min(writer.changed, len(writer.rows))
        writer.changed = len(writer.rows)
        return first

    @property
    def rows(self) -> list[Row]:
        """What is closed, as of the last `update`; do not change it."""
        return self._writer.rows

    @property
    def tail(self) -> list[Row]:
        """What is still open, as of the last `update`."""
        return self._tail or []

    # -- inside ---------------------------------------------------------------------------

    def _take(self, text: str) -> None:
        if not text:
            return
        *lines, rest = (self._partial + text).split("\n")
        for line in lines:
            self._line(self._shorten(line))
            self._continues = False
        self._partial = self._shorten(rest)
        self._tail = None

    def _shorten(self, text: str) -> str:
        """Take pieces of an overlong line; where it is cut depends on the line alone."""
        while len(text) > _MAX_LINE:
            cut = text.rfind(" ", _MAX_LINE // 2, _MAX_LINE) + 1 or _MAX_LINE
            self._line(text[:cut])
            self._continues = True
            text = text[cut:]
        return text

    def _line(self, text: str) -> None:
        if self._continues:
            self._parser.more(text)
        else:
            self._parser.line(text)

    def _preview(self) -> list[Row]:
        writer = Writer(self._writer.page, ahead=self._writer)
        parser = self._parser.fork(writer)
        partial = self._partial
        if self._continues:
            parser.more(partial)
        elif partial:
            undecided = _UNDECIDED_FENCE if isinstance(parser.leaf, Fence) else _UNDECIDED
            if undecided.match(partial) is None:
                parser.line(partial)
        parser.close_preview()
        return writer.rows


def render(text: str, page: Page) -> list[Row]:
    """A whole Markdown text as rows of exactly the page's width."""
    stream = MarkdownStream(page)
    stream.feed(text)
    stream.finish()
    stream.update()
    return stream.rows
