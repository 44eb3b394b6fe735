"""The side pane: one tool call's output while it comes, its arguments, its diff, raw and timing.

Owns the tabs and their head. Which call it shows is said by the workbench; the
record is the same one that the chat keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.lines import Line, LineItem
from alloy_tui.ui.panes.find_line import FindLine
from alloy_tui.ui.panes.tool_faces import TABS, faces, progress_of
from alloy_tui.ui.tool_view import CallKey, ToolRecord, diff_lines
from alloy_tui.ui.transcript.diffs import BESIDE_FROM
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.chrome import ActionLine, link, spread
from alloy_tui.ui.widgets.line_view import LineView, Place
from alloy_tui.ui.wording import duration, seconds

_STATES = {
    "writing": "being written",
    "ready": "waits its turn",
    "waiting": "needs you",
    "error": "failed",
    "denied": "did not run",
    "cancelled": "cancelled",
}
_OUTPUT, _DIFF, _TIMING = (TABS.index(name) for name in ("Output", "Diff", "Timing"))


class ToolPane(Vertical):
    """`key` says which call is on show; `look` is what diffs are drawn with."""

    tab: reactive[int] = reactive(0)
    now_ms: reactive[int] = reactive(0)

    def __init__(self, look: Callable[[], Look | None] = lambda: None) -> None:
        super().__init__(id="tool-pane")
        self._record: ToolRecord | None = None
        self._whole: list[Line] | None = None
        self.key: CallKey | None = None
        self.lines = LineView(id="tool-lines", look=look)
        self.find = FindLine(self.lines)

    def compose(self) -> ComposeResult:
        """Tabs and title, then the lines."""
        yield ActionLine(id="tool-tabs")
        yield ActionLine(id="tool-title")
        yield self.lines
        yield self.find

    def show_call(self, key: CallKey, record: ToolRecord) -> None:
        """Turn to this call; an edit opens on its diff."""
        if key == self.key:
            return
        self.key, self._record, self._whole = key, record, None
        self.set_reactive(ToolPane.tab, self._first_tab(record))
        self._turned()

    def clear(self) -> None:
        """Show nothing."""
        self.key = self._record = self._whole = None
        self.repaint()

    def output_arrived(self, key: CallKey, shown: str) -> None:
        """More output of call `key`, sanitised."""
        record = self._record
        if key != self.key or record is None or self.tab != _OUTPUT or record.result is not None:
            return
        if record.size == len(shown):
            self.repaint("end")  # the first of it takes the place of "nothing yet"
        else:
            self.lines.append(shown)
            self._count()
        if progress_of(record):
            self._paint_head()

    def call_changed(self, key: CallKey) -> None:
        """The record of call `key` changed otherwise."""
        if key == self.key:
            record = self._record
            came = record is not None and record.result is not None and not record.size
            self.repaint("top" if came and self.tab == _OUTPUT else "stay")

    def _turned(self) -> None:
        """Another call or face: what was printed is read from its end, all else from its top."""
        printed = self.tab == _OUTPUT and self._record is not None and self._record.size > 0
        self.repaint("end" if printed else "top")

    def repaint(self, place: Place = "stay") -> None:
        """Everything anew from the record."""
        lines = self._lines()
        if place != "stay" or not self.lines.shows(lines):
            self.lines.set_lines(lines, place)
            self._count()
        self._paint_head()

    def _count(self) -> None:
        if self.find.display:
            self.find.count()

    def watch_tab(self) -> None:
        """Another face of the same call."""
        if self.is_mounted:
            self._turned()

    def watch_now_ms(self) -> None:
        """The running time in the title."""
        if self._record is not None and self._record.state == "running":
            self._paint_head()
            if self.tab == _TIMING:
                self.repaint()

    def on_resize(self) -> None:
        """The head is composed for a width."""
        self._paint_head()

    def on_key(self, event: events.Key) -> None:
        """While the lines are read: / searches, n and N go on and back, s turns, y copies."""
        if not self.lines.has_focus:
            return
        if event.character == "/":
            self.find.open()
        elif event.character == "y":
            self.copy()
        elif event.character == "s" and self.lines.drawn:
            self.turn_beside()
        elif event.character in {"n", "N"} and self.find.needle:
            self.find.action_step(1 if event.character == "n" else -1)
        else:
            return
        event.stop()
        event.prevent_default()

    def copy(self) -> None:
        """What is selected in the lines, else all of them."""
        self.lines.copy()

    def turn_beside(self) -> None:
        """A diff's old and new side by side, or one below the other again."""
        self.lines.turn_beside()
        self._paint_head()

    @property
    def can_open_whole(self) -> bool:
        """Whether there is more of the output in a file than is on show."""
        return self._record is not None and self._record.spill_path is not None

    def open_whole(self) -> None:
        """The whole output, from the file that the tool kept it in."""
        path = self._record.spill_path if self._record is not None else None
        if path is not None:
            self.run_worker(partial(self._read_whole, self.key, path), thread=True, exclusive=True)

    def _read_whole(self, key: CallKey | None, path: str) -> None:
        from alloy_tui.ui.panes.spilled import spilled_lines

        lines = spilled_lines(path)
        app_of(self).call_from_thread(self._show_whole, key, lines)

    def _show_whole(self, key: CallKey | None, lines: list[Line]) -> None:
        if key != self.key:
            return  # another call was chosen in the meantime
        self._whole = lines
        self.set_reactive(ToolPane.tab, _OUTPUT)
        self.repaint("top")

    def _first_tab(self, record: ToolRecord) -> int:
        changes = record.name != "bash" and diff_lines(record.arguments, record.details)
        return _DIFF if changes else _OUTPUT

    def _lines(self) -> Sequence[LineItem]:
        record = self._record
        if record is None:
            return [("muted", "No tool call yet."), ("muted", "What a tool prints shows up here.")]
        if self.tab == _OUTPUT and self._whole is not None:
            return self._whole
        return faces(self.now_ms)[self.tab][1](record)

    def _paint_head(self) -> None:
        if not self.is_mounted:
            return
        width = max(20, self.size.width)
        tabs = [
            link(
                name,
                f"screen.show_tab({index})",
                "bold $primary" if index == self.tab else "$text-muted",
            )
            for index, name in enumerate(TABS)
        ]
        right = [
            link("find", "screen.find_in_pane", "$text-muted"),
            link("Esc close", "screen.toggle_output", "$text-muted"),
        ]
        if self.lines.drawn and self.lines.size.width >= BESIDE_FROM:
            words = "one column" if self.lines.beside else "side by side"
            right.insert(0, link(words, "screen.beside", "$text-muted"))
        if self.can_open_whole and self._whole is None:
            # What is there only for this call is the last to go.
            right.append(link("open all", "screen.open_whole", "$secondary"))
        self.query_one("#tool-tabs", ActionLine).update(
            spread(tabs, right, width, "  ", keep_left=True)
        )
        self.query_one("#tool-title", ActionLine).update(self._title(width))

    def _title(self, width: int) -> Content:
        record = self._record
        if record is None:
            return Content()
        look = "$text-muted"
        if record.state == "running":
            words, look = seconds(self.now_ms - record.started_ms), "$primary"
        elif record.state == "done":
            words = duration(record.duration_ms)
        else:
            words = _STATES[record.state]
            look = {"error": "$error", "waiting": "$warning"}.get(record.state, look)
        title = Content.styled(clean_line(record.name, limit=40), "bold")
        title += Content(f"  {clean_line(record.title(), limit=300)}")
        right = [Content.styled(words, look)]
        share = progress_of(record)
        if share:
            right.insert(0, Content.styled(share, "$primary"))
        # How long it takes is the last to go, however long what it does is.
        taken = sum(piece.cell_length + 3 for piece in right) + 2
        return spread([title.truncate(max(12, width - taken), ellipsis=True)], right, width)
