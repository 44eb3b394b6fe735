"""Block structure as plain values: ours and markdown-it's, in the same shape.

An outline is a list of leaves: the containers around it (kind and number in
order of appearance), its kind, its text with white space folded.
"""

from __future__ import annotations

import re
from typing import Any

from markdown_it import MarkdownIt

from alloy_tui.ui.markdown.blocks import BlockParser
from alloy_tui.ui.markdown.containers import Container, Table

Leaf = tuple[list[tuple[str, int]], str, str]

_PEER = MarkdownIt("commonmark", {"html": False}).enable("table")


def folded(text: str) -> str:
    return re.sub(r"[ \t\n]+", " ", text).strip()


def numbered(leaves: list[Leaf]) -> list[Leaf]:
    names: dict[int, int] = {}
    return [
        ([(kind, names.setdefault(key, len(names))) for kind, key in path], name, text)
        for path, name, text in leaves
    ]


class Recorder:
    """A sink that notes what it is given."""

    gap = False

    def __init__(self) -> None:
        self.leaves: list[tuple[list[tuple[str, int]], str, Any]] = []
        self._seen: list[Container] = []

    def _note(self, stack: list[Container], name: str, text: Any) -> None:
        for container in stack:
            container.shown = True
            if not any(container is seen for seen in self._seen):
                self._seen.append(container)
        self.leaves.append(([(c.kind, id(c)) for c in stack], name, text))

    def paragraph(self, stack: list[Container], text: str) -> None:
        self._note(stack, "p", text)

    def heading(self, stack: list[Container], level: int, text: str) -> None:
        self._note(stack, f"h{level}", text)

    def rule(self, stack: list[Container]) -> None:
        self._note(stack, "hr", "")

    def definition(self, stack: list[Container], label: str, url: str, title: str) -> None:
        pass

    def bare_marker(self, stack: list[Container]) -> None:
        self._note(stack, "empty", "")

    def table(self, stack: list[Container], table: Table, *, final: bool) -> None:
        cells = [cell for row in [table.header, *table.rows] for cell in row]
        self._note(stack, "table", " / ".join(cells))

    def open_listing(self, stack: list[Container], info: str) -> list[str]:
        lines: list[str] = []
        self._note(stack, "code", lines)
        return lines

    def code_line(self, stack: list[Container], listing: list[str], text: str) -> None:
        listing.append(text)

    def close_listing(self, listing: list[str]) -> None:
        pass


def ours(text: str) -> list[Leaf]:
    """The outline that our parser sees."""
    recorder = Recorder()
    parser = BlockParser(recorder)
    lines = text.split("\n")
    for line in lines if lines[-1] else lines[:-1]:
        parser.line(line)
    parser.close()
    return numbered(
        [
            (path, name, folded("\n".join(found) if isinstance(found, list) else found))
            for path, name, found in recorder.leaves
        ]
    )


def theirs(text: str) -> list[Leaf]:
    """The outline that markdown-it sees."""
    leaves: list[Leaf] = []
    stack: list[tuple[str, int]] = []
    started: list[int] = []
    cells: list[str] | None = None
    tokens = _PEER.parse(text)
    for index, token in enumerate(tokens):
        if token.type in ("list_item_open", "blockquote_open"):
            stack.append(("item" if token.type[0] == "l" else "quote", index))
            started.append(len(leaves))
        elif token.type in ("list_item_close", "blockquote_close"):
            if started.pop() == len(leaves) and stack[-1][0] == "item":
                leaves.append((list(stack), "empty", ""))
            stack.pop()
        elif token.type in ("heading_open", "paragraph_open"):
            leaves.append((list(stack), token.tag, folded(tokens[index + 1].content)))
        elif token.type == "hr":
            leaves.append((list(stack), "hr", ""))
        elif token.type in ("fence", "code_block"):
            leaves.append((list(stack), "code", folded(token.content)))
        elif token.type == "table_open":
            cells = []
        elif token.type == "inline" and cells is not None:
            cells.append(token.content)
        elif token.type == "table_close" and cells is not None:
            leaves.append((list(stack), "table", folded(" / ".join(cells))))
            cells = None
    return numbered(leaves)
