"""The rows of a session's tree on the screen: only those in view are drawn.

Owns how a row looks, and where on it a click folds. What the rows are is
`tree_rows`' business; what a key does to a node is told upwards.
"""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual import events
from textual.message import Message

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.path_values import SessionState, TreeView
from alloy_tui.ui.markdown.cells import Span, clip, span_width
from alloy_tui.ui.tree_rows import TreeLayout, TreeRow
from alloy_tui.ui.widgets.row_window import RowWindow
from alloy_tui.ui.wording import duration, model_label, money

_GLYPHS = {
    "compaction": "⟲",
    "graft": "⇠",
    "model": "⇄",
    "effort": "⇄",
    "lost": "×",
    "tool_result": "·",
}
_ROOMY = 64
"""From this width on a row tells its time too."""
_LEVELS_PER_CELL = 6
"""Connectors take at most a third of the width, at two cells a level."""
_GLYPH_AT = 1
"""Which of a row's spans the glyph is."""
_FOLDED = "  ▸ "


class SessionTreeView(RowWindow):
    """A `TreeLayout` in a window, with a cursor."""

    PREFIX = "tree"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"tree--{name}"
        for name in ("line", "path", "off", "dim", "label", "figures", "here", "cursor", "mark")
    }
    DEFAULT_CSS = """
    SessionTreeView > .tree--line { color: $foreground 40%; }
    SessionTreeView > .tree--path { color: $foreground; text-style: bold; }
    SessionTreeView > .tree--off { color: $foreground 80%; }
    SessionTreeView > .tree--dim { color: $foreground 50%; }
    SessionTreeView > .tree--label { color: $warning; }
    SessionTreeView > .tree--figures { color: $foreground 60%; }
    SessionTreeView > .tree--here { color: $primary; text-style: bold; }
    SessionTreeView > .tree--mark { color: $secondary; text-style: bold; }
    SessionTreeView > .tree--cursor { background: $primary 30%; }
    SessionTreeView:nocolor > .tree--cursor { text-style: reverse; }
    """

    class Folding(Message):
        """What is below the row under the cursor is to be hidden, or shown again."""

    def __init__(self) -> None:
        super().__init__(id="tree-rows")
        self.layout_of_tree = TreeLayout(TreeView(SessionState(), ()))
        self.marked: str | None = None

    @property
    def count(self) -> int:
        """See `RowWindow.count`."""
        return len(self.layout_of_tree)

    @property
    def row(self) -> TreeRow | None:
        """The row that the cursor is on."""
        rows = self.layout_of_tree.rows
        return rows[self.cursor] if self.cursor < len(rows) else None

    def show_layout(self, layout: TreeLayout, node: str | None) -> None:
        """Show these rows, the cursor on the row of `node` if there is one."""
        self.layout_of_tree = layout
        before = self.cursor
        self.settle(layout.row_of(node) if node is not None else None)
        if self.cursor != before:
            self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        """On a row's glyph, or on how much is hidden below it: fold, or unfold."""
        place = event.y + self.scroll_offset.y
        if event.chain == 1 and place < self.count and self._folds(place, event.x):
            event.prevent_default()
            self.touched = True
            self.cursor = place
            self.post_message(self.Folding())

    def _folds(self, place: int, x: int) -> bool:
        row = self.layout_of_tree.rows[place]
        at = 0
        for number, span in enumerate(self.spans(place, self.scrollable_content_region.width)):
            end = at + span_width([span])
            if at <= x < end:
                glyph = number == _GLYPH_AT and self.layout_of_tree.foldable(row)
                return glyph or span[0].startswith(_FOLDED)
            at = end
        return False

    # -- drawing ------------------------------------------------------------------------------

    def spans(self, place: int, width: int) -> list[Span]:
        """See `RowWindow.spans`."""
        row = self.layout_of_tree.rows[place]
        right = self._right(row, width)
        room = max(8, width - span_width(right) - 2)
        left = clip(self._left(row, room), room)
        gap = width - 1 - span_width(left) - span_width(right)
        return [*left, (" " * max(1, gap), Style.null()), *right]

    def _left(self, row: TreeRow, room: int) -> list[Span]:
        node, layout = row.node, self.layout_of_tree
        on_path = node.id in layout.path
        look = self.look("path" if on_path else "off")
        if not row.hit or node.hidden:
            look = self.look("dim")
        glyph = _GLYPHS.get(node.kind, "●" if on_path else "○")
        spans: list[Span] = [
            (f" {layout.prefix(row, max(2, room // _LEVELS_PER_CELL))}", self.look("line")),
            (f"{glyph} ", self.look("here") if on_path else look),
        ]
        if node.id == self.marked:
            spans.append(("◆ ", self.look("mark")))
        title = clean_line(node.title, limit=200) or f"({node.kind.replace('_', ' ')})"
        spans.append((title, look))
        if row.folded:
            spans.append((f"{_FOLDED}{row.folded:,} more", self.look("dim")))
        if node.hidden:
            spans.append(("  hidden", self.look("dim")))
        if node.broken:
            spans.append(("  not whole", self.look("label")))
        if layout.here is not None and layout.rows[layout.here] is row:
            # What says where one is stays when the title is cut.
            mark: Span = ("  ← here", self.look("here"))
            return [*clip(spans, room - span_width([mark])), mark]
        return spans

    def _right(self, row: TreeRow, width: int) -> list[Span]:
        node = row.node
        spans: list[Span] = []
        if node.note:
            spans.append(("¶ ", self.look("label")))
        if node.label:
            label = clean_line(node.label, limit=max(8, width // 4))
            spans.append((f"◈ {label} ", self.look("label")))
        if width >= _ROOMY and node.model and node.kind != "user":
            spans.append((f"{model_label(node.model, 20)} ", self.look("figures")))
        cost = money(row.cost) if row.cost is not None else ""
        figures = f" {cost:>7}"
        if width >= _ROOMY:
            figures += f" {duration(row.duration_ms) if row.duration_ms else '':>7}"
        spans.append((figures, self.look("figures")))
        return spans
