"""CommonMark block structure, one line at a time.

The specification's own algorithm: a line first continues the containers it is
inside of, then may open new ones, and what is left belongs to a leaf. State
after a line depends on the lines alone, never on how the text arrived, and
what has been closed is never looked at again: the cost of a line is bounded by
the nesting and the open leaf. Rows that would let a leaf grow without bound
(paragraphs, tables) are closed in parts.

Owns structure only: inline syntax and looks belong to the sink.
"""

from __future__ import annotations

from typing import Any, Protocol

from alloy_tui.ui.markdown.containers import (
    Container,
    Fence,
    Indented,
    Leaf,
    OpenList,
    Paragraph,
    Table,
)
from alloy_tui.ui.markdown.definitions import take_definition
from alloy_tui.ui.markdown.scan import (
    FENCE,
    HEADING,
    ITEM,
    RULE,
    SETEXT,
    Line,
    delimiter_row,
    split_cells,
)

MAX_PARAGRAPH = 3072  # characters; about 4 ms of inline parsing
MAX_TABLE_ROWS = 32  # rows that decide a table's column widths
MAX_DEPTH = 24


class Sink(Protocol):
    """Takes closed leaves in document order. `stack` is outermost first, without the root."""

    gap: bool
    """Whether a blank line came since the last row."""

    def paragraph(self, stack: list[Container], text: str) -> None:
        """A paragraph, or a part of a very long one."""
        ...

    def heading(self, stack: list[Container], level: int, text: str) -> None:
        """A heading of level 1 to 6."""
        ...

    def rule(self, stack: list[Container]) -> None:
        """A thematic break."""
        ...

    def definition(self, stack: list[Container], label: str, url: str, title: str) -> None:
        """A link reference definition."""
        ...

    def open_listing(self, stack: list[Container], info: str) -> Any:
        """Code begins; returns a handle for the calls below."""
        ...

    def code_line(self, stack: list[Container], listing: Any, text: str) -> None:
        """One more line of code."""
        ...

    def close_listing(self, listing: Any) -> None:
        """The code is whole."""
        ...

    def table(self, stack: list[Container], table: Table, *, final: bool) -> None:
        """A table so far; called again with the rows since then when it was not final."""
        ...

    def bare_marker(self, stack: list[Container]) -> None:
        """The innermost item ends and never had content."""
        ...


class BlockParser:
    """Turns lines into calls on a sink."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.root = Container("root")
        self.stack: list[Container] = []
        self.leaf: Leaf | None = None

    def fork(self, sink: Sink) -> BlockParser:
        """An independent parser in the same state that writes to `sink`."""
        twin = BlockParser(sink)
        twin.root = self.root.copy()
        twin.stack = [container.copy() for container in self.stack]
        twin.leaf = self.leaf.copy() if self.leaf is not None else None
        return twin

    # -- input ------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Take one line, without its newline."""
        line = Line(text)
        depth = self._continue_containers(line)
        if depth == len(self.stack) and self._continue_code(line):
            return
        depth = self._open_blocks(line, depth)
        if depth < 0:
            return
        if line.blank:
            self._close_to(depth)
            self.sink.gap = True
        elif isinstance(self.leaf, Paragraph):
            # Unmatched containers stay open here: a lazy continuation line.
            self._add_text(self.leaf, line.body)
        elif isinstance(self.leaf, Table) and depth == len(self.stack):
            self._add_row(self.leaf, line.body)
        else:
            self._close_to(depth)
            self._child()
            self.leaf = Paragraph()
            self._add_text(self.leaf, line.body)

    def more(self, text: str) -> None:
        """Take more of the line before, which was too long to be taken whole."""
        leaf = self.leaf
        if isinstance(leaf, Fence | Indented):
            self.sink.code_line(self.stack, leaf.listing, text)
            return
        if not isinstance(leaf, Paragraph):
            self._close_leaf()
            self._child()
            leaf = self.leaf = Paragraph(cut=True)
        self._add_text(leaf, text)

    def close(self) -> None:
        """The text is over."""
        self._close_to(0)

    def close_preview(self) -> None:
        """Write what is open without ending it: code goes on."""
        if isinstance(self.leaf, Fence | Indented):
            self.leaf = None
        self._close_to(0)

    # -- containers -------------------------------------------------------------------

    def _continue_containers(self, line: Line) -> int:
        """How many of the open containers the line continues; their markers are consumed."""
        for index, container in enumerate(self.stack):
            if container.kind == "quote":
                if line.indent > 3 or not line.body.startswith(">"):
                    return index
                self._take_quote(line)
            elif line.blank:
                if container.empty:
                    return index
            elif line.indent >= container.offset:
                line.indent -= container.offset
            else:
                return index
        return len(self.stack)

    @staticmethod
    def _take_quote(line: Line) -> None:
        line.take(1)
        if line.indent:
            line.indent -= 1

    def _open_blocks(self, line: Line, depth: int) -> int:
        """Open what the line opens; the new depth, or -1 if a leaf took the line whole."""
        while not line.blank:
            if line.indent >= 4:
                if isinstance(self.leaf, Paragraph):
                    return depth
                self._close_to(depth)
                self._child()
                listing = self.sink.open_listing(self.stack, "")
                self.leaf = Indented(listing)
                self.sink.code_line(self.stack, listing, line.text(4))
                return -1
            if self._open_leaf(line, depth):
                return -1
            if len(self.stack) >= MAX_DEPTH:
                return depth
            if line.body[0] == ">":
                self._close_to(depth)
                self._child()
                self.stack.append(Container("quote"))
                self._take_quote(line)
            elif not self._open_item(line, depth):
                return depth
            depth = len(self.stack)
        return depth

    def _open_item(self, line: Line, depth: int) -> bool:
        match = ITEM.match(line.body)
        if match is None:
            return False
        bullet, number, delimiter = match.groups()
        bare = not line.body[match.end() :].strip(" \t")
        interrupts = depth == len(self.stack) and isinstance(self.leaf, Paragraph)
        if interrupts and (bare or (number is not None and int(number) != 1)):
            return False
        self._close_to(depth)
        parent = self.stack[-1] if self.stack else self.root
        listed = parent.open_list
        key = bullet or delimiter
        if listed is None or listed.key != key:
            listed = OpenList(key, int(number) if number is not None else 0)
        width = line.indent + match.end()
        line.take(match.end())
        if bare or line.indent > 4:
            width += 1
            line.indent = 0 if bare else line.indent - 1
        else:
            width += line.indent
            line.indent = 0
        label = f"{listed.next_number}{key}" if number is not None else "•◦▪"[self._bullets() % 3]
        listed.next_number += 1
        self._child()
        parent.open_list = listed
        self.stack.append(Container("item", width, label, empty=True))
        return True

    def _bullets(self) -> int:
        return sum(container.kind == "item" for container in self.stack)

    def _child(self) -> None:
        """The innermost container is about to get a child that is no list item."""
        parent = self.stack[-1] if self.stack else self.root
        parent.empty = False
        parent.open_list = None

    def _close_to(self, depth: int) -> None:
        self._close_leaf()
        while len(self.stack) > depth:
            if self.stack[-1].kind == "item" and not self.stack[-1].shown:
                self.sink.bare_marker(self.stack)
            self.stack.pop()

    # -- leaves -----------------------------------------------------------------------

    def _continue_code(self, line: Line) -> bool:
        leaf = self.leaf
        if isinstance(leaf, Fence):
            body = line.body.rstrip(" \t")
            if line.indent <= 3 and len(body) >= leaf.length and body.strip(leaf.char) == "":
                self._close_leaf()
            else:
                self.sink.code_line(self.stack, leaf.listing, line.text(leaf.indent))
            return True
        if isinstance(leaf, Indented):
            if line.blank:
                leaf.blanks.append(line.text(4))
                return True
            if line.indent >= 4:
                for blank in leaf.blanks:
                    self.sink.code_line(self.stack, leaf.listing, blank)
                leaf.blanks.clear()
                self.sink.code_line(self.stack, leaf.listing, line.text(4))
                return True
            self._close_leaf()
        return False

    def _open_leaf(self, line: Line, depth: int) -> bool:
        body = line.body
        first = body[0]
        if isinstance(self.leaf, Paragraph) and depth == len(self.stack) and first in "=-|:":
            return self._end_paragraph(self.leaf, body) or self._open_marked(line, depth)
        return self._open_marked(line, depth)

    def _end_paragraph(self, paragraph: Paragraph, body: str) -> bool:
        """A line that makes the paragraph before it something else."""
        return self._open_table(paragraph, body) or self._setext(paragraph, body)

    def _open_marked(self, line: Line, depth: int) -> bool:
        """A heading, a fence or a rule."""
        body = line.body
        first = body[0]
        if first == "#" and (match := HEADING.match(body)) is not None:
            self._close_to(depth)
            self._child()
            self.sink.heading(self.stack, len(match[1]), (match[2] or "").strip(" \t"))
            return True
        if first in "`~" and (match := FENCE.match(body)) is not None:
            self._close_to(depth)
            self._child()
            marker, info = match[1] or match[3], match[2] or match[4] or ""
            listing = self.sink.open_listing(self.stack, info.strip())
            self.leaf = Fence(marker[0], len(marker), line.indent, listing)
            return True
        if first in "-*_" and RULE.match(body) is not None:
            self._close_to(depth)
            self._child()
            self.sink.rule(self.stack)
            return True
        return False

    def _setext(self, paragraph: Paragraph, body: str) -> bool:
        if SETEXT.match(body) is None:
            return False
        text = self._define("\n".join(paragraph.lines))
        paragraph.lines = text.split("\n") if text else []
        paragraph.size = len(text)
        if not text.strip():
            return False
        self.leaf = None
        self.sink.heading(self.stack, 1 if body[0] == "=" else 2, text.rstrip())
        return True

    def _open_table(self, paragraph: Paragraph, body: str) -> bool:
        if not paragraph.lines or "|" not in paragraph.lines[-1]:
            return False
        aligns = delimiter_row(body)
        header = split_cells(paragraph.lines[-1])
        if aligns is None or len(aligns) != len(header):
            return False
        paragraph.lines.pop()
        self._close_leaf()
        self.leaf = Table(header, aligns)
        return True

    def _add_row(self, table: Table, body: str) -> None:
        columns = len(table.aligns)
        cells = split_cells(body)[:columns]
        table.rows.append(cells + [""] * (columns - len(cells)))
        if len(table.rows) >= MAX_TABLE_ROWS:
            self.sink.table(self.stack, table, final=False)
            table.rows.clear()

    def _add_text(self, paragraph: Paragraph, text: str) -> None:
        paragraph.lines.append(text)
        paragraph.size += len(text) + 1
        if paragraph.size > MAX_PARAGRAPH:
            self._close_leaf()
            self.leaf = Paragraph(cut=True)

    def _define(self, text: str) -> str:
        """`text` without the reference definitions that it starts with."""
        while text.startswith("["):
            found = take_definition(text)
            if found is None:
                break
            label, url, title, text = found
            self.sink.definition(self.stack, label, url, title)
        return text

    def _close_leaf(self) -> None:
        leaf, self.leaf = self.leaf, None
        if isinstance(leaf, Paragraph):
            text = "\n".join(leaf.lines)
            text = (text if leaf.cut else self._define(text)).rstrip()
            if text:
                self.sink.paragraph(self.stack, text)
        elif isinstance(leaf, Table):
            self.sink.table(self.stack, leaf, final=True)
        elif isinstance(leaf, Fence):
            self.sink.close_listing(leaf.listing)
        elif isinstance(leaf, Indented):
            self.sink.close_listing(leaf.listing)
            if leaf.blanks:
                self.sink.gap = True
