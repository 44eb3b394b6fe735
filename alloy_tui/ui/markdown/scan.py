"""One line of Markdown as CommonMark's block rules see it.

Owns tab stops, indentation and the patterns that start a block. Holds no state
between lines.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Align: TypeAlias = Literal["", "left", "center", "right"]

HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}$")
SETEXT = re.compile(r"(=+|-+)[ \t]*$")
FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
ITEM = re.compile(r"(?:([-+*])|(\d{1,9})([.)]))(?=[ \t]|$)")
TASK = re.compile(r"\[([ xX])\][ \t\n]+(?=\S)")

_DELIMITER = re.compile(r"[|:-][|:\- \t]+$")
_DELIMITER_CELL = re.compile(r":?-+:?$")


class Line:
    """What is left of a line: `indent` columns of white space, then `body`.

    `column` is where `body` starts; a blank line has an empty body.
    """

    __slots__ = ("body", "column", "indent")

    def __init__(self, text: str) -> None:
        self.indent = 0
        self.body = ""
        self.column = 0
        self._load(text, 0)

    def _load(self, text: str, column: int) -> None:
        start = column
        index = 0
        for char in text:
            if char == " ":
                column += 1
            elif char == "\t":
                column += 4 - column % 4
            else:
                break
            index += 1
        self.indent = column - start
        self.column = column
        self.body = text[index:]

    @property
    def blank(self) -> bool:
        """Whether nothing but white space is left."""
        return not self.body

    def take(self, count: int) -> None:
        """Consume `count` characters of the body, and look at what follows."""
        self._load(self.body[count:], self.column + count)

    def text(self, drop: int = 0) -> str:
        """The rest with its indentation, less up to `drop` columns of it."""
        return " " * max(0, self.indent - drop) + self.body


def split_cells(row: str) -> list[str]:
    """The cells of a table row; escaped pipes belong to their cell."""
    cells: list[str] = []
    current: list[str] = []
    escaped = False
    for char in row.strip(" \t"):
        if char == "|" and not escaped:
            cells.append("".join(current))
            current = []
        elif char == "|":
            current[-1] = "|"
        else:
            current.append(char)
        escaped = char == "\\" and not escaped
    cells.append("".join(current))
    if cells and not cells[0].strip():
        cells = cells[1:]
    if cells and not cells[-1].strip():
        cells = cells[:-1]
    return [cell.strip(" \t") for cell in cells]


def delimiter_row(body: str) -> list[Align] | None:
    """The alignments of a table's second line, or None if it is no such line."""
    if _DELIMITER.match(body) is None or body.startswith(("- ", "-\t")):
        return None
    parts = [part.strip() for part in body.split("|")]
    if not parts[0]:
        parts = parts[1:]
    if parts and not parts[-1]:
        parts = parts[:-1]
    if not parts or any(_DELIMITER_CELL.match(part) is None for part in parts):
        return None
    return [_align(part) for part in parts]


def _align(cell: str) -> Align:
    if cell.endswith(":"):
        return "center" if cell.startswith(":") and len(cell) > 1 else "right"
    return "left" if cell.startswith(":") else ""
