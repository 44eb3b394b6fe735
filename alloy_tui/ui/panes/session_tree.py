"""The session's tree beside the conversation: search, filters, folding, and what one does to nodes.

Owns the view of the tree that is on show and the line one types into. What a
key does beyond the pane goes up as `Wanted`; the tree itself is asked of a
`TreePort`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.path_values import TreeView
from alloy_tui.runtime.session_port import TreePort
from alloy_tui.ui.field import Field
from alloy_tui.ui.keymap import TREE_KEYS, Keymap, shown
from alloy_tui.ui.messages import SessionChanged
from alloy_tui.ui.panes.tree_view import SessionTreeView
from alloy_tui.ui.tree_rows import FILTERS, Filter, TreeLayout, TreeRow
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack, spread
from alloy_tui.ui.widgets.row_window import RowWindow
from alloy_tui.ui.wording import duration, money

Asking: TypeAlias = Literal["search", "label", "note"]
_PLACEHOLDERS: dict[Asking, str] = {
    "search": "search in titles, labels and notes",
    "label": "a label; empty takes it away",
    "note": "a note about it; empty takes it away",
}


class ViewCame(Message, bubble=False):
    """The tree as of now, from another thread."""

    def __init__(self, view: TreeView | None) -> None:
        super().__init__()
        self.view = view


class SessionTreePane(Vertical):
    """`tree` is asked when the pane is shown and when the session says that it changed."""

    class Wanted(Message):
        """Do `what` to the node of `row`; `on_path` if the conversation stands below it.

        `marked` is the other node of a comparison.
        """

        def __init__(self, what: str, row: TreeRow, on_path: bool, marked: str | None) -> None:
            super().__init__()
            self.what = what
            self.row = row
            self.on_path = on_path
            self.marked = marked

    DEFAULT_CSS = """
    SessionTreePane { height: 100%; }
    SessionTreePane > #tree-head { height: 1; background: $surface; }
    SessionTreePane > #tree-ask { display: none; height: 1; background: $panel; }
    SessionTreePane > #tree-sum { height: auto; color: $text-muted; }
    SessionTreePane > #tree-foot { height: auto; background: $surface; }
    """

    def __init__(self, tree: TreePort, keymap: Callable[[], Keymap]) -> None:
        super().__init__(id="session-tree", classes="follows-session")
        self._tree = tree
        self._keymap = keymap
        self._asking: Asking | None = None
        self._filter: Filter = "user"
        self._query = ""
        self._folded: set[str] = set()
        self._came = False
        self._focus_wanted = False
        self.rows = SessionTreeView()
        self.rows.keys = self.take_key
        self._field = Field(id="tree-ask", compact=True)
        self.rows.field = lambda: self._field if self._asking is not None else None

    def compose(self) -> ComposeResult:
        """Filters, the line to type into, rows, sums, keys."""
        yield ActionLine(id="tree-head")
        self._field.cursor_blink = False
        yield self._field
        yield self.rows
        yield ActionLine(id="tree-sum")
        yield ActionLine(id="tree-foot")

    def on_mount(self) -> None:
        """Ask."""
        if self._focus_wanted:
            self.rows.focus()
        self.ask()

    def focus(self, scroll_visible: bool = True) -> SessionTreePane:
        """The rows take the keys, as soon as they are there."""
        self._focus_wanted = not self.rows.is_attached
        if not self._focus_wanted:
            self.rows.focus(scroll_visible)
        return self

    def on_show(self) -> None:
        """What it showed may be old."""
        self.ask()

    def ask(self) -> None:
        """The tree as of now, if anybody looks."""
        if self.display:
            self._tree.view(lambda view: self.post_message(ViewCame(view)))

    def on_session_changed(self, message: SessionChanged) -> None:
        """The session has changed."""
        del message
        self.ask()

    def on_view_came(self, message: ViewCame) -> None:
        """Show it; at first with the cursor where the conversation stands."""
        view = message.view
        if view is None:
            return
        layout = self.rows.layout_of_tree
        row = self.rows.row
        moved = layout.view.state.leaf != view.state.leaf or layout.view.state.id != view.state.id
        at = view.state.leaf if moved or not self._came else (row.node.id if row else None)
        self._came = True
        if layout.show != self._filter or layout.query != self._query:
            self._lay_out(view, at)
        else:
            layout.update(view)
            self.rows.show_layout(layout, at)
            self._paint()

    def _lay_out(self, view: TreeView, at: str | None) -> None:
        layout = TreeLayout(view, self._filter, self._query, self._folded)
        self.rows.show_layout(layout, at)
        self._paint()

    def _again(self) -> None:
        row = self.rows.row
        self._lay_out(self.rows.layout_of_tree.view, row.node.id if row else None)

    # -- keys ---------------------------------------------------------------------------------

    def take_key(self, key: str) -> bool:
        """What a key means to the tree; whether it means anything."""
        keymap = self._keymap()
        for row in TREE_KEYS:
            if key in keymap.keys_of(row.name).split(","):
                self.do(row.name.removeprefix("tree-"))
                return True
        return False

    def do(self, what: str) -> None:
        """The action `tree-…` of the table of keys, on the row that the cursor is on."""
        row = self.rows.row
        if what == "search":
            self._ask_for("search")
        elif what == "filter":
            self.show_filter(FILTERS[(FILTERS.index(self._filter) + 1) % len(FILTERS)])
        elif row is None:
            self.notify("There is nothing in this tree yet.", markup=False, timeout=3)
        elif what == "fold":
            self._fold(row)
        elif what == "label":
            self._ask_for("label")
        elif what == "note":
            self._ask_for("note")
        elif what == "mark":
            self.rows.marked = None if self.rows.marked == row.node.id else row.node.id
            self.rows.refresh()
            self._paint()
        else:
            on_path = row.node.id in self.rows.layout_of_tree.path
            self.post_message(self.Wanted(what, row, on_path, self.rows.marked))

    def show_filter(self, name: Filter) -> None:
        """Only these rows."""
        self._filter = name
        self._again()

    def _fold(self, row: TreeRow) -> None:
        if row.node.id in self._folded:
            self._folded.discard(row.node.id)
        elif self.rows.layout_of_tree.foldable(row):
            self._folded.add(row.node.id)
        self._again()

    def on_session_tree_view_folding(self, message: SessionTreeView.Folding) -> None:
        """A click on a glyph."""
        message.stop()
        self.do("fold")

    def on_row_window_opened(self, message: RowWindow.Opened) -> None:
        """A double click."""
        message.stop()
        self.do("open")

    def on_row_window_moved(self, message: RowWindow.Moved) -> None:
        """The sums are of the row that the cursor is on."""
        message.stop()
        self._paint()

    # -- the line to type into ----------------------------------------------------------------

    def _ask_for(self, what: Asking) -> None:
        field = self.query_one(Input)
        row = self.rows.row
        self._asking = what
        field.placeholder = _PLACEHOLDERS[what]
        if what == "search":
            field.value = self._query
        elif row is not None:
            field.value = row.node.label if what == "label" else row.node.note
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as one types."""
        event.stop()
        if self._asking == "search" and event.value != self._query:
            self._query = event.value
            self._again()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: keep the search, or set label or note."""
        event.stop()
        row = self.rows.row
        if row is not None and self._asking == "label":
            self._tree.label(row.node.id, event.value.strip())
        elif row is not None and self._asking == "note":
            self._tree.note(row.node.id, event.value.strip())
        self._end_asking(keep=True)

    def _end_asking(self, *, keep: bool) -> None:
        field = self.query_one(Input)
        if self._asking == "search" and not keep:
            self._query = ""
            self._again()
        self._asking = None
        field.display = False
        self.rows.focus()
        self._paint()

    def on_key(self, event: events.Key) -> None:
        """Esc leaves the line, or ends a search; from the line the arrows go to the rows."""
        if self._asking is not None and event.key in {"escape", "down"}:
            self._end_asking(keep=event.key == "down")
        elif event.key == "escape" and self._query:
            self._query = ""
            self._again()
        else:
            return
        event.stop()
        event.prevent_default()

    # -- words --------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Composed for a width."""
        self._paint()

    def _paint(self) -> None:
        if not self.is_mounted:
            return
        width = max(20, self.size.width)
        search = f"/{clean_line(self._query, limit=30)}" if self._query else "/search"
        left = [
            Content.styled("Tree", "bold"),
            link(search, "screen.tree('search')", "$text-muted"),
        ]
        filters = [
            link(
                name,
                f"screen.tree_filter('{name}')",
                "bold $primary" if name == self._filter else "$text-muted",
            )
            for name in FILTERS
        ]
        head = spread(left, [Content(" · ").join(filters)], width, "  ")
        self.query_one("#tree-head", ActionLine).update(head)
        self.query_one("#tree-sum", ActionLine).update(self._sum(width))
        keymap = self._keymap()
        keys = [
            link(
                f"{_first_key(keymap.keys_of(key.name))} {key.note}",
                f"screen.tree('{key.name.removeprefix('tree-')}')",
                "$text-muted",
            )
            for key in TREE_KEYS
            if key.note and keymap.keys_of(key.name)
        ]
        self.query_one("#tree-foot", ActionLine).update(pack(keys, width, "  "))

    def _sum(self, width: int) -> Content:
        row = self.rows.row
        if row is None:
            words = "Nothing like that." if self._query else "Nothing was said yet."
            if self._filter == "labelled" and not self._query:
                words = "Nothing has a label yet; l gives one."
            return Content.styled(f" {words}", "$text-muted")
        below = self.rows.layout_of_tree.below(row.node.id)
        noun = "message" if below.messages == 1 else "messages"
        said = [f"from here {below.messages:,} {noun}"]
        if below.cost is not None:
            said.append(money(below.cost))
        if below.duration_ms:
            said.append(duration(below.duration_ms))
        if row.node.files:
            said.append("files kept")
        line = Content.styled(f" {' · '.join(said)}", "$text-muted")
        if row.node.note:
            line += Content.styled(f"\n ¶ {clean_line(row.node.note, limit=200)}", "$warning")
        return line.truncate(width * 2, ellipsis=True)


def _first_key(keys: str) -> str:
    first = keys.partition(",")[0]
    return first if len(first) == 1 else shown(first)
