"""Two branches beside each other from where they part: messages, files, cost.

Owns the page; what differs was found by the session's tree. Dismisses with what
to do: ("switch" or "graft", node, title), or None.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.runtime.branch_values import BranchSide, ComparedFile, ComparisonView
from alloy_tui.runtime.path_values import PathItem
from alloy_tui.runtime.session_port import TreePort
from alloy_tui.ui.lines import Change, LineItem
from alloy_tui.ui.panes.history_blocks import pieces_of
from alloy_tui.ui.screens.leaving import FullPage
from alloy_tui.ui.transcript import Transcript
from alloy_tui.ui.transcript.blocks import Block
from alloy_tui.ui.transcript.document import make_block
from alloy_tui.ui.transcript.pairs import Pair, Side
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack, spread
from alloy_tui.ui.widgets.line_view import LineView
from alloy_tui.ui.wording import duration, model_label, money, tokens

WIDE = 100
TABS = ("Messages", "Files", "Cost")
Deed = tuple[str, str, str]
_MOST_CHARS = 400_000
_NOW = "bold $primary"


class ComparisonCame(Message, bubble=False):
    """The comparison, from another thread; None when there is none."""

    def __init__(self, view: ComparisonView | None) -> None:
        super().__init__()
        self.view = view


class CompareScreen(FullPage[Deed | None]):
    """`left` and `right` are nodes at the ends of the two branches."""

    # All alike with priority: those with it overtake those without when keys come fast.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False, priority=True),
        Binding("left", "side(0)", show=False, priority=True),
        Binding("right", "side(1)", show=False, priority=True),
        Binding("s", "flip", show=False, priority=True),
        Binding("tab", "step_tab", show=False, priority=True),
        *(
            Binding(str(n + 1), f"show_tab({n})", show=False, priority=True)
            for n in range(len(TABS))
        ),
        Binding("g", "graft", show=False, priority=True),
        Binding("enter", "switch", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    CompareScreen > #compare-head { height: auto; background: $surface; }
    CompareScreen > #compare-tabs { height: 1; background: $panel; }
    CompareScreen > #compare-messages { height: 1fr; }
    CompareScreen > #compare-lines { height: 1fr; padding: 0 1; display: none; }
    CompareScreen > #compare-foot { height: auto; background: $surface; }
    """

    def __init__(self, tree: TreePort, left: str, right: str) -> None:
        super().__init__()
        self._tree = tree
        self._ends = (left, right)
        self._view: ComparisonView | None = None
        self._words = "Comparing …"
        self._side = 1
        self._tab = 0
        self._pairs: list[Pair] = []
        self._messages = Transcript(id="compare-messages")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types what to search for, letters are letters."""
        return not isinstance(self.focused, Input) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Totals, tabs, what is compared, keys."""
        yield ActionLine(id="compare-head")
        yield ActionLine(id="compare-tabs")
        yield self._messages
        yield LineView(id="compare-lines", look=lambda: self._messages.document.look)
        yield ActionLine(id="compare-foot")

    def on_mount(self) -> None:
        """Ask."""
        self._messages.focus()
        self._paint()
        self._tree.compare(*self._ends, lambda view: self.post_message(ComparisonCame(view)))

    def on_comparison_came(self, message: ComparisonCame) -> None:
        """Show it."""
        self._view = view = message.view
        if view is None:
            self._words = "These two cannot be compared."
            self._paint()
            return
        self._pairs = pairs_of(view, self._shown_sides)
        self._messages.clear()
        self._messages.prepend(self._pairs)
        self._messages.follow = False
        self._messages.action_home()
        self._paint()

    @property
    def _shown_sides(self) -> Side:
        if self.size.width >= WIDE:
            return "both"
        return "right" if self._side else "left"

    def on_resize(self) -> None:
        """Two columns where there is room."""
        self._settle_sides()

    def _settle_sides(self) -> None:
        show = self._shown_sides
        if any(pair.show != show for pair in self._pairs):
            for pair in self._pairs:
                pair.show = show
            self._messages.restyle()
        self.call_after_refresh(self._paint)

    def action_side(self, side: int) -> None:
        """The side that is meant; where there is room for one only, the one on show."""
        self._side = side
        self._settle_sides()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Who points at one of two columns means it."""
        head = self.query_one("#compare-head")
        columns = head.region, self._messages.region if self._messages.display else head.region
        pointed = any(region.contains(event.screen_x, event.screen_y) for region in columns)
        if pointed and self._shown_sides == "both":
            self.action_side(int(event.screen_x >= self.size.width // 2))

    def action_flip(self) -> None:
        """The other side."""
        self.action_side(1 - self._side)

    def action_step_tab(self) -> None:
        """The next tab."""
        self.action_show_tab((self._tab + 1) % len(TABS))

    def action_show_tab(self, index: int) -> None:
        """Messages, files or cost."""
        self._tab = index
        lines = self.query_one(LineView)
        self._messages.display, lines.display = index == 0, index > 0
        if self._view is not None and index:
            items = file_lines(self._view.files) if index == 1 else cost_lines(self._view)
            lines.set_lines(items)
        (lines if index else self._messages).focus()
        self._paint()

    def action_switch(self) -> None:
        """Go on with the side that is meant."""
        self._leave_with("switch")

    def action_graft(self) -> None:
        """Bring something of that side here."""
        self._leave_with("graft")

    def _leave_with(self, what: str) -> None:
        if self._view is not None:
            side = self._view.right if self._side else self._view.left
            self.dismiss((what, side.node, side.title))

    def action_leave(self) -> None:
        """All stays as it is."""
        self.dismiss(None)

    def _paint(self) -> None:
        if not self.is_mounted:
            return
        width = max(20, self.size.width)
        head = self._head(width) if self._view is not None else Content(f" {self._words}")
        self.query_one("#compare-head", ActionLine).update(head)
        tabs = [
            link(name, f"screen.show_tab({n})", _NOW if n == self._tab else "$text-muted")
            for n, name in enumerate(TABS)
        ]
        common = self._view.common if self._view is not None else 0
        noun = "message" if common == 1 else "messages"
        right = [Content.styled(f"both begin with {common:,} {noun}", "$text-muted")]
        self.query_one("#compare-tabs", ActionLine).update(
            spread(tabs, right if self._view else [], width, "  ", keep_left=True)
        )
        keys = [
            link("← → side", "screen.flip", "$text-muted"),
            link("Tab what", "screen.step_tab", "$text-muted"),
            link("Enter switches to it", "screen.switch", "$primary"),
            link("g grafts from it", "screen.graft", "$text-muted"),
            link("Esc back", "screen.leave", "$text-muted"),
        ]
        self.query_one("#compare-foot", ActionLine).update(pack(keys, width))

    def _head(self, width: int) -> Content:
        view = self._view
        assert view is not None
        sides = [(0, view.left), (1, view.right)]
        if self._shown_sides != "both":
            sides = [sides[self._side]]
        cells = (width - 1) // len(sides) - 1
        columns = [self._column(side, number, cells) for number, side in sides]
        line = Content.styled("│", "$line")
        return Content("\n").join(line.join(row) for row in zip(*columns, strict=True))

    def _column(self, side: BranchSide, number: int, cells: int) -> tuple[Content, Content]:
        assert self._view is not None
        title = titles(self._view)[number]
        look = "bold $primary" if number == self._side else "bold"
        mark = "▸ " if number == self._side else "  "
        if self._shown_sides != "both":
            mark = f"▸ {number + 1} of 2  "
        above = Content.styled(f" {mark}{title}", look)
        below = Content.styled(f"   {totals(side)}", "$text-muted")
        return _fit(above, cells), _fit(below, cells)


def _fit(content: Content, cells: int) -> Content:
    return content.truncate(cells, ellipsis=True, pad=True)


def titles(view: ComparisonView) -> tuple[str, str]:
    """What the sides are called; where both say the same, by the models that answered."""
    sides = (view.left, view.right)
    if view.left.title == view.right.title and view.left.models != view.right.models:
        one, other = (", ".join(model_label(m, 40) for m in side.models) for side in sides)
    else:
        one, other = (clean_line(side.title, limit=200) for side in sides)
    return one or "went no further", other or "went no further"


def totals(side: BranchSide) -> str:
    """`+2 −1  1 file  $0.10  1 m 04  3 tools  12.0k tokens`."""
    said: list[str] = []
    if side.files:
        noun = "file" if side.files == 1 else "files"
        said += [f"+{side.plus:,} −{side.minus:,}", f"{side.files:,} {noun}"]
    said.append(money(side.cost))
    if side.duration_ms:
        said.append(duration(side.duration_ms))
    noun = "tool" if side.tool_calls == 1 else "tools"
    failed = f" ({side.tool_errors} failed)" if side.tool_errors else ""
    said.append(f"{side.tool_calls} {noun}{failed}")
    if side.tokens is not None:
        said.append(f"{tokens(side.tokens)} tokens")
    return "  ".join(said)


def pairs_of(view: ComparisonView, show: Side) -> list[Pair]:
    """The rows of a comparison as blocks; a call's result is in the row of its call."""
    left = _blocks([row.left for row in view.rows])
    right = _blocks([row.right for row in view.rows])
    made: list[Pair] = []
    for row in view.rows:
        one = left.get(row.left.id, []) if row.left is not None else []
        other = right.get(row.right.id, []) if row.right is not None else []
        if one or other:
            made.append(Pair(one, other, show))
    return made


def _blocks(items: Sequence[PathItem | None]) -> dict[str, list[Block]]:
    pieces = pieces_of([item for item in items if item is not None])
    made: dict[str, list[Block]] = {}
    for node, group in groupby(pieces, key=lambda piece: piece.node):
        blocks = [make_block(piece.spec) for piece in group]
        for number, block in enumerate(blocks):
            block.spaced = number == 0
            block.label = block.speaker if number == 0 else ""
        made[node] = blocks
    return made


def file_lines(files: Sequence[ComparedFile]) -> list[LineItem]:
    """How each file differs, from the left side to the right one."""
    from difflib import unified_diff

    lines: list[LineItem] = []
    for file in files:
        path = clean_line(file.path, limit=400)
        lines.append(("heading", path))
        if file.words:
            lines.append(("muted", clean_line(file.words, limit=300)))
        left, right = file.left or "", file.right or ""
        if len(left) + len(right) > _MOST_CHARS:
            lines.append(("muted", "Too large to be compared line by line here."))
        elif left or right:
            rows = list(unified_diff(_rows(left), _rows(right), lineterm="", n=3))[2:]
            same = ("muted", "They differ in how the last line ends.")
            lines.append(Change("\n".join(rows), path) if rows else same)
        lines.append(("plain", ""))
    return lines or [("muted", "The two sides left the files alike, or none are kept.")]


def _rows(text: str) -> list[str]:
    """The lines of a file; the end of its last one begins no other."""
    rows = clean(text).split("\n")
    return rows if rows[-1] else rows[:-1]


def cost_lines(view: ComparisonView) -> list[LineItem]:
    """Both sides in figures."""
    sides = (view.left, view.right)
    rows: list[tuple[str, list[str]]] = [
        ("messages", [f"{side.messages:,}" for side in sides]),
        ("models", [", ".join(model_label(m, 28) for m in side.models) or "—" for side in sides]),
        ("cost", [money(side.cost).removeprefix("cost ") for side in sides]),
        ("tokens", [tokens(side.tokens) for side in sides]),
        ("time", [duration(side.duration_ms) for side in sides]),
        ("tool calls", [f"{side.tool_calls:,}" for side in sides]),
        ("of them failed", [f"{side.tool_errors:,}" for side in sides]),
        ("files changed", [f"{side.files:,}" for side in sides]),
        ("lines", [f"+{side.plus:,} −{side.minus:,}" for side in sides]),
    ]
    left, right = (clean_line(title, limit=28) for title in titles(view))
    lines: list[LineItem] = [("heading", f"{'':<18}{left:<30}{right}")]
    lines.extend(("plain", f"{name:<18}{left:<30}{right}") for name, (left, right) in rows)
    return lines
