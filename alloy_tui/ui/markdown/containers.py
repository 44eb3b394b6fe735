"""What a line can be inside of, and the leaf that is still open.

Plain state of the block parser; owns copying (for a look ahead) and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from alloy_tui.ui.markdown.scan import Align


@dataclass(slots=True)
class OpenList:
    """A list that can take another item: its kind of marker, and the next number."""

    key: str
    next_number: int


@dataclass(slots=True)
class Container:
    """The document, a block quote or a list item.

    `offset` is the indentation an item's content needs; `label` its marker as
    shown. `shown` says that a row of it was written, `empty` that an item has
    no content yet. `open_list` is the list among its children that may go on.
    """

    kind: Literal["root", "quote", "item"]
    offset: int = 0
    label: str = ""
    shown: bool = False
    empty: bool = False
    open_list: OpenList | None = None

    def copy(self) -> Container:
        """An independent copy."""
        listed = self.open_list
        again = OpenList(listed.key, listed.next_number) if listed is not None else None
        return Container(self.kind, self.offset, self.label, self.shown, self.empty, again)


@dataclass(slots=True)
class Paragraph:
    """Lines of an open paragraph; `size` counts their characters.

    `cut` is true for what follows a part that was closed for its length.
    """

    lines: list[str] = field(default_factory=list[str])
    size: int = 0
    cut: bool = False

    def copy(self) -> Paragraph:
        """An independent copy."""
        return Paragraph(list(self.lines), self.size, self.cut)


@dataclass(slots=True)
class Fence:
    """An open fenced block; `listing` is the sink's handle."""

    char: str
    length: int
    indent: int
    listing: Any

    def copy(self) -> Fence:
        """Itself: a look ahead never changes it."""
        return self


@dataclass(slots=True)
class Indented:
    """An open indented code block; `blanks` are blank lines that may yet belong to it."""

    listing: Any
    blanks: list[str] = field(default_factory=list[str])

    def copy(self) -> Indented:
        """An independent copy with the same handle."""
        return Indented(self.listing, list(self.blanks))


@dataclass(slots=True)
class Table:
    """An open table: header, alignments, rows so far.

    `handle` is the sink's once the first rows were closed for their number.
    """

    header: list[str]
    aligns: list[Align]
    rows: list[list[str]] = field(default_factory=list[list[str]])
    handle: Any = None

    def copy(self) -> Table:
        """An independent copy with the same handle."""
        return Table(self.header, self.aligns, list(self.rows), self.handle)


Leaf: TypeAlias = Paragraph | Fence | Indented | Table
