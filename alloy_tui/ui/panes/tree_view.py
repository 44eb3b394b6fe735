"""The rows of a session's tree on the screen: only those in view are drawn.

Owns cursor, scrolling and how a row looks. What the rows are is `tree_rows`'
business; what a key does to a node is told upwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.session_port import SessionState, TreeView
from alloy_tui.ui.markdown.cells import Span, clip, span_width
from alloy_tui.ui.transcript.anchoring import anchored
from alloy_tui.ui.tree_rows import TreeLayout, TreeRow
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


class SessionTreeView(ScrollView, can_focus=True):
    """A `TreeLayout` in a window, with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"tree--{name}"
        for name in ("line", "path", "off", "dim", "label", "figures", "here", "cursor", "mark")
    }
    DEFAULT_CSS = """
    SessionTreeView {
        height: 1fr;
        background: $background;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        overflow-y: auto;
    }
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

    class Opened(Message):
        """A row was chosen: a double click."""

    class Moved(Message):
        """The cursor stands elsewhere."""

    cursor: reactive[int] = reactive(0)

    def __init__(self) -> None:
        super().__init__(id="tree-rows")
        self.layout_of_tree = TreeLayout(TreeView(SessionState(), ()))
        self.marked: str | None = None
        self.keys: Callable[[str], bool] = lambda _key: False
        """Takes a key; whether it meant something."""

    @property
    def row(self) -> TreeRow | None:
        """The row that the cursor is on."""
        rows = self.layout_of_tree.rows
        return rows[self.cursor] if self.cursor < len(rows) else None

    def show_layout(self, layout: TreeLayout, node: str | None) -> None:
        """Show these rows, the cursor on the row of `node` if there is one."""
        self.layout_of_tree = layout
        self.virtual_size = Size(self.size.width, len(layout))
        place = layout.row_of(node) if node is not None else None
        if place is None:
            place = min(self.cursor, max(0, len(layout) - 1))
        self.set_reactive(SessionTreeView.cursor, place)
        self._show_cursor()
        self.refresh()

    def watch_cursor(self, before: int, now: int) -> None:
        """Show it, and tell."""
        for place in (before, now):
            self.refresh(Region(0, place - self.scroll_offset.y, self.size.width, 1))
        self._show_cursor()
        self.post_message(self.Moved())

    def validate_cursor(self, cursor: int) -> int:
        """Within the rows."""
        return max(0, min(cursor, len(self.layout_of_tree) - 1))

    def _show_cursor(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Rows are as wide as the pane."""
        self.virtual_size = Size(self.size.width, len(self.layout_of_tree))
        self._show_cursor()

    def on_key(self, event: events.Key) -> None:
        """Move; what else a key does is not known here."""
        page = max(1, self.size.height - 1)
        moves = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        moves |= {"home": -len(self.layout_of_tree), "end": len(self.layout_of_tree)}
        if event.key in moves:
            self.cursor += moves[event.key]
        elif not self.keys(event.key):
            return
        event.stop()
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """To the row; twice opens it."""
        place = event.y + self.scroll_offset.y
        if place < len(self.layout_of_tree):
            self.cursor = place
            if event.chain == 2:
                self.post_message(self.Opened())

    # -- drawing ------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Row `y` of what is visible."""
        width = self.scrollable_content_region.width
        place = y + self.scroll_offset.y
        rows = self.layout_of_tree.rows
        if place >= len(rows):
            return Strip.blank(width, self.rich_style)
        strip = self._strip(rows[place], width)
        if place == self.cursor:
            over = self._look("cursor")
            marked = [Segment(text, (style or Style.null()) + over) for text, style, _ in strip]
            strip = Strip(marked, strip.cell_length)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a frame, held to the grid: past Textual's styling, which loses the holds."""
        rows = [self.render_line(y) for y in range(crop.y, crop.bottom)]
        filters, ground = self.get_line_filters(), self.background_colors[1]
        made: list[Strip] = []
        for row in rows:
            strip = row.crop(crop.x, crop.right)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, ground)
            made.append(anchored(strip, self.region.x + crop.x))
        return made

    def _look(self, name: str) -> Style:
        """The style of a component class, translucent colours mixed with the ground."""
        styles, ground = self.get_component_styles(f"tree--{name}"), self.background_colors[1]
        filled = styles.has_rule("background") and styles.background.a > 0
        if filled:
            ground += styles.background
        color = (ground + styles.color).rich_color if styles.has_rule("color") else None
        style = Style(color=color, bgcolor=ground.rich_color if filled else None)
        return style + styles.text_style

    def _strip(self, row: TreeRow, width: int) -> Strip:
        base = self.rich_style
        right = self._right(row, width)
        room = max(8, width - span_width(right) - 2)
        left = clip(self._left(row, room), room)
        gap = width - 1 - span_width(left) - span_width(right)
        spans = [*left, (" " * max(1, gap), Style.null()), *right]
        made = Strip([Segment(text, base + style) for text, style in clip(spans, width)])
        return made.adjust_cell_length(width, base)

    def _left(self, row: TreeRow, room: int) -> list[Span]:
        node, layout = row.node, self.layout_of_tree
        on_path = node.id in layout.path
        look = self._look("path" if on_path else "off")
        if not row.hit or node.hidden:
            look = self._look("dim")
        glyph = _GLYPHS.get(node.kind, "●" if on_path else "○")
        spans: list[Span] = [
            (f" {layout.prefix(row, max(2, room // _LEVELS_PER_CELL))}", self._look("line")),
            (f"{glyph} ", self._look("here") if on_path else look),
        ]
        if node.id == self.marked:
            spans.append(("◆ ", self._look("mark")))
        title = clean_line(node.title, limit=200) or f"({node.kind.replace('_', ' ')})"
        spans.append((title, look))
        if row.folded:
            spans.append((f"  ▸ {row.folded:,} more", self._look("dim")))
        if node.hidden:
            spans.append(("  hidden", self._look("dim")))
        if node.broken:
            spans.append(("  not whole", self._look("label")))
        if layout.here is not None and layout.rows[layout.here] is row:
            # What says where one is stays when the title is cut.
            mark: Span = ("  ← here", self._look("here"))
            return [*clip(spans, room - span_width([mark])), mark]
        return spans

    def _right(self, row: TreeRow, width: int) -> list[Span]:
        node = row.node
        spans: list[Span] = []
        if node.note:
            spans.append(("¶ ", self._look("label")))
        if node.label:
            label = clean_line(node.label, limit=max(8, width // 4))
            spans.append((f"◈ {label} ", self._look("label")))
        if width >= _ROOMY and node.model and node.kind != "user":
            spans.append((f"{model_label(node.model, 20)} ", self._look("figures")))
        cost = money(row.cost) if row.cost is not None else ""
        figures = f" {cost:>7}"
        if width >= _ROOMY:
            figures += f" {duration(row.duration_ms) if row.duration_ms else '':>7}"
        spans.append((figures, self._look("figures")))
        return spans
