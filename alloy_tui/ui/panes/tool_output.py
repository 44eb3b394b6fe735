"""The side pane: one tool call's output while it comes, its arguments, and its diff.

Owns the tabs and what is painted under them. Which call it shows is said by
the workbench; the record is the same one that the chat keeps.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.tool_view import CallKey, ToolRecord, argument_lines, diff_lines
from alloy_tui.ui.widgets.chrome import ActionLine, link, spread
from alloy_tui.ui.widgets.line_view import Line, LineView
from alloy_tui.ui.wording import duration, seconds

TABS = ("Output", "Args", "Diff")

_STATES = {
    "writing": "being written",
    "ready": "waits its turn",
    "waiting": "needs you",
    "error": "failed",
    "denied": "did not run",
    "cancelled": "cancelled",
}


class ToolPane(Vertical):
    """Hidden until there is something to show; `key` says which call is on show."""

    tab: reactive[int] = reactive(0)
    now_ms: reactive[int] = reactive(0)

    def __init__(self) -> None:
        super().__init__(id="tool-pane")
        self._record: ToolRecord | None = None
        self.key: CallKey | None = None

    def compose(self) -> ComposeResult:
        """Tabs and title, then the lines."""
        yield ActionLine(id="tool-tabs")
        yield ActionLine(id="tool-title")
        yield LineView(id="tool-lines", follow=True)

    @property
    def lines(self) -> LineView:
        """The view under the tabs."""
        return self.query_one("#tool-lines", LineView)

    def show_call(self, key: CallKey, record: ToolRecord) -> None:
        """Turn to this call; an edit opens on its diff."""
        if key == self.key:
            return
        self.key, self._record = key, record
        self.set_reactive(ToolPane.tab, self._first_tab(record))
        self.repaint()

    def clear(self) -> None:
        """Show nothing."""
        self.key = self._record = None
        self.repaint()

    def output_arrived(self, key: CallKey, shown: str) -> None:
        """More output of call `key`, sanitised."""
        record = self._record
        if key != self.key or record is None or self.tab != 0 or record.result is not None:
            return
        if record.size == len(shown):
            self.repaint()  # the first of it takes the place of "nothing yet"
        else:
            self.lines.append(shown)

    def call_changed(self, key: CallKey) -> None:
        """The record of call `key` changed otherwise."""
        if key == self.key:
            self.repaint()

    def repaint(self) -> None:
        """Everything anew from the record."""
        self._paint_head()
        lines = self._lines()
        view = self.lines
        if [text for _, text in lines] != view.text.split("\n"):
            view.set_lines(lines)

    def watch_tab(self) -> None:
        """Another face of the same call."""
        if self.is_mounted:
            self.repaint()

    def watch_now_ms(self) -> None:
        """The running time in the title."""
        if self._record is not None and self._record.state == "running":
            self._paint_head()

    def on_resize(self) -> None:
        """The head is composed for a width."""
        self._paint_head()

    def _first_tab(self, record: ToolRecord) -> int:
        return 2 if record.name != "bash" and diff_lines(record.arguments, record.details) else 0

    def _lines(self) -> list[Line]:
        record = self._record
        if record is None:
            return [("muted", "No tool call yet."), ("muted", "What a tool prints shows up here.")]
        if self.tab == 1:
            if record.raw_arguments:
                raw = clean_line(record.raw_arguments, limit=4000)
                return [("error", "The arguments are no JSON object:"), ("plain", raw)]
            return list(argument_lines(record.arguments))
        if self.tab == 2:
            return list(diff_lines(record.arguments, record.details)) or [
                ("muted", "This call changes no file.")
            ]
        return _output_lines(record)

    def _paint_head(self) -> None:
        width = max(20, self.size.width)
        tabs = [
            link(
                name,
                f"screen.show_tab({index})",
                "bold $primary" if index == self.tab else "$text-muted",
            )
            for index, name in enumerate(TABS)
        ]
        close = link("Esc close", "screen.toggle_output", "$text-muted")
        self.query_one("#tool-tabs", ActionLine).update(spread(tabs, [close], width))
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
        return spread([title], [Content.styled(words, look)], width)


def _output_lines(record: ToolRecord) -> list[Line]:
    lines: list[Line] = []
    if record.dropped:
        lines.append(("muted", f"… {record.dropped:,} characters before this"))
    output = record.output
    if output:
        lines.extend(("plain", line) for line in output.rstrip("\n").split("\n"))
    result = record.result
    if result is None:
        return lines or [("muted", "Nothing printed yet.")]
    if output and output.strip() in result:
        lines, output = [], ""  # the result has all of it, and its exit code too
    kind = "error" if record.state in {"error", "denied"} else "plain"
    if output and result:
        lines.append(("muted", ""))
        lines.append(("heading", "What the model was given"))
    lines.extend((kind, line) for line in result.rstrip("\n").split("\n"))
    return lines
