"""The team's dashboard: one screen for everything that runs.

Owns the tabs, what is on show of a `TeamView`, and the line one types into. What
the keys do to agents is `team_deeds`'; the team is asked of a `TeamPort` alone.
"""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from alloy_tui.runtime.team_port import AgentRow, Span, TeamPort, TeamView
from alloy_tui.ui import team_bars, team_items
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.field import Field
from alloy_tui.ui.keymap import Keymap
from alloy_tui.ui.panes.team.agents import AgentLines
from alloy_tui.ui.panes.team.gantt import Gantt
from alloy_tui.ui.panes.team.listing import Listing
from alloy_tui.ui.screens.leaving import FullPage
from alloy_tui.ui.team_bars import TABS, Tab
from alloy_tui.ui.team_items import Item
from alloy_tui.ui.team_keys import TEAM_KEYS
from alloy_tui.ui.team_rows import ORDERS, SHOWS
from alloy_tui.ui.transcript import PromptScreen
from alloy_tui.ui.widgets.ask_line import AskLine
from alloy_tui.ui.widgets.chrome import ActionLine
from alloy_tui.ui.widgets.line_view import LineView
from alloy_tui.ui.widgets.row_window import RowWindow

_EMPTY: dict[Tab, str] = {
    "inbox": "Nobody waits for you.",
    "tasks": "The board is empty. t puts a task up.",
    "mail": "Nobody has written yet. m writes.",
    "shared": "Nothing is shared yet. e writes a key.",
}
_ROOMY = 22
"""Lines of a screen on which the peek is open from the start, and three lines name keys."""

_STALE_S = 0.5
_NOTE_S = 4.0


class TeamNews(Message, bubble=False):
    """The team has changed: `TeamPort.view` is new."""


class SpansCame(Message, bubble=False):
    """What took time, from another thread."""

    def __init__(self, spans: tuple[Span, ...]) -> None:
        super().__init__()
        self.spans = spans


class TeamBase(FullPage[None], PromptScreen[None]):
    """What is on show; `TeamScreen` adds what one can do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+d", "leave", show=False, priority=True),
        Binding("tab", "next_tab(1)", show=False, priority=True),
        Binding("shift+tab", "next_tab(-1)", show=False, priority=True),
        Binding("shift+up,shift+pageup", "read(-1)", show=False),
        Binding("shift+down,shift+pagedown", "read(1)", show=False),
        *(
            Binding(str(n), f"show_tab('{tab}')", show=False, priority=False)
            for n, tab in enumerate(TABS, 1)
        ),
    ]
    DEFAULT_CSS = """
    TeamBase > #team-head { height: 1; background: $panel; }
    TeamBase > #team-tabs { height: 1; background: $surface; }
    TeamBase > #team-how { height: 1; background: $surface; }
    TeamBase > #team-body { height: 1fr; }
    TeamBase > #team-peek { height: 40%; border-top: solid $line; padding: 0 1; }
    TeamBase > #team-foot { height: auto; background: $surface; }
    """

    def __init__(self, port: TeamPort, clock: Clock, keymap: Keymap) -> None:
        super().__init__()
        self.port = port
        self.clock = clock
        self.keymap = keymap
        self.team = TeamView()
        self.tab: Tab = "agents"
        self.agents = AgentLines()
        self.selected: dict[str, None] = {}
        self.gantt = Gantt()
        self.lists: dict[Tab, Listing] = {
            tab: Listing(id=f"team-{tab}", empty=words) for tab, words in _EMPTY.items()
        }
        self.peek = LineView(id="team-peek", words=True)
        self.ask_line = AskLine(id="team-ask")
        self._shown_for: tuple[str, ...] = ()
        self._shown_s = float("-inf")
        self._peeked: tuple[object, ...] = ()
        self._footed: tuple[object, ...] = ()
        self._refreshed_s = float("-inf")
        self._noted = ("", 0.0)
        self._slipped = ("", 0.0)
        """Who came under the cursor by itself, as the one there has gone; and when."""

    def compose(self) -> ComposeResult:
        """Head, tabs, the tab's lines, what is behind the line, a line to type into, keys."""
        yield ActionLine(id="team-head")
        yield ActionLine(id="team-tabs")
        yield ActionLine(id="team-how")
        with Vertical(id="team-body"):
            yield self.agents
            yield from self.lists.values()
            yield self.gantt
        yield self.peek
        yield self.ask_line
        yield ActionLine(id="team-foot")

    def on_mount(self) -> None:
        """Follow the team from now on."""
        self.agents.selected = self.selected
        for window in self._windows().values():
            window.keys = self.take_key
            window.field = self._field
        self.peek.display = self.size.height >= _ROOMY
        self.port.follow("dashboard", True)
        self.show_tab("agents")
        self.call_after_refresh(self.refresh_team)
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.port.follow("dashboard", False)

    # -- what is on show ----------------------------------------------------------------------

    def _windows(self) -> dict[Tab, RowWindow]:
        lists = cast("dict[Tab, RowWindow]", self.lists)
        return {"agents": self.agents, "timeline": self.gantt, **lists}

    @property
    def window(self) -> RowWindow:
        """The lines of the tab on show."""
        return self._windows()[self.tab]

    @property
    def row(self) -> AgentRow | None:
        """The agent that a deed is for: under the cursor of the agents or of the timeline."""
        if self.tab == "timeline":
            return self.team.row(self.gantt.agent or "")
        return self.agents.row

    @property
    def item(self) -> Item | None:
        """The line under the cursor of a list."""
        window = self.window
        return window.item if isinstance(window, Listing) else None

    def on_team_news(self, message: TeamNews) -> None:
        """Something happened."""
        del message
        self.refresh_team()

    def _tick(self) -> None:
        """Times go on by themselves, unless there was news a moment ago."""
        if self.clock.monotonic_s() - self._refreshed_s >= _STALE_S:
            self.refresh_team()

    def refresh_team(self) -> None:
        """The newest view of the team, where it is looked at."""
        if not self.is_mounted:
            return
        self._refreshed_s = self.clock.monotonic_s()
        self.team, now_ms = self.port.view(), self.clock.wall_ms()
        for name in [name for name in self.selected if self.team.row(name) is None]:
            del self.selected[name]
        match self.tab:
            case "agents":
                before = self.agents.row
                self.agents.show_team(self.team, now_ms)
                row = self.agents.row
                if before is not None and row is not None and row.name != before.name:
                    self._slipped = (row.name, self.clock.monotonic_s())
            case "timeline":
                self.port.timeline(lambda spans: self.post_message(SpansCame(spans)))
            case "inbox":
                self.lists["inbox"].show_items(team_items.inbox(self.team, now_ms))
            case "tasks":
                self.lists["tasks"].show_items(team_items.tasks(self.team, now_ms))
            case "mail":
                self.lists["mail"].show_items(team_items.mail(self.team, now_ms))
            case "shared":
                self.lists["shared"].show_items(team_items.shared(self.team, now_ms))
        self.paint()

    def on_spans_came(self, message: SpansCame) -> None:
        """The timeline as of now."""
        self.gantt.show_spans(message.spans, self.clock.wall_ms())
        self.paint()

    def show_tab(self, tab: Tab) -> None:
        """Other lines."""
        self.tab = tab
        for name, window in self._windows().items():
            window.display = name == tab
        self.refresh_team()
        self.window.focus()

    def action_show_tab(self, tab: str) -> None:
        """A number or a click."""
        if tab in TABS:
            self.show_tab(tab)

    def action_next_tab(self, by: int) -> None:
        """The tab beside."""
        self.show_tab(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    def action_read(self, by: int) -> None:
        """Scroll what is behind the line."""
        if by < 0:
            self.peek.scroll_page_up(animate=False)
        else:
            self.peek.scroll_page_down(animate=False)

    def on_row_window_moved(self, message: RowWindow.Moved) -> None:
        """What is behind the line follows the cursor."""
        message.stop()
        self.paint()

    def on_row_window_opened(self, message: RowWindow.Opened) -> None:
        """Enter or a double click."""
        message.stop()
        self.do("attach")

    def on_resize(self) -> None:
        """Composed for a width."""
        self.paint()

    # -- keys ---------------------------------------------------------------------------------

    def _field(self) -> Field | None:
        return self.ask_line.field if self.ask_line.asking else None

    def take_key(self, key: str) -> bool:
        """What a key means to the team; whether it means anything."""
        for row in TEAM_KEYS:
            if key in self.keymap.keys_of(row.name).split(","):
                return self.do(row.name.removeprefix("team-"))
        return False

    def do(self, what: str) -> bool:
        """Carry out `team-…` of the table of keys; false when it means nothing here."""
        raise NotImplementedError

    def action_team(self, what: str) -> None:
        """A click on a key, or the palette."""
        self.do(what)

    def action_leave(self) -> None:
        """Out of the line to type into, out of a search, out of the dashboard."""
        if self.ask_line.asking:
            self.ask_line.end()
        elif self.agents.query_words:
            self.agents.only(self.agents.filter, "")
            self.paint()
        else:
            self.dismiss()

    def on_ask_line_left(self, message: AskLine.Left) -> None:
        """Back to the lines."""
        message.stop()
        self.window.focus()
        self.paint()

    # -- words --------------------------------------------------------------------------------

    def paint(self) -> None:
        """Everything but the lines themselves."""
        if not self.is_mounted:
            return
        width = max(20, self.size.width)
        shown = self.agents
        how = team_bars.choices(shown.order, shown.filter, shown.query_words, width)
        self.query_one("#team-head", ActionLine).update(team_bars.head(self.team, width))
        tabs = team_bars.tab_line(self.team, self.tab, width)
        self.query_one("#team-tabs", ActionLine).update(tabs)
        how_line = self.query_one("#team-how", ActionLine)
        usual = (shown.order, shown.filter, shown.query_words) == (ORDERS[0], SHOWS[0], "")
        how_line.display = self.tab == "agents" and (self.size.height >= _ROOMY or not usual)
        how_line.update(how)
        self._paint_peek()
        self._paint_foot(width)

    def _note(self, words: str) -> None:
        """Say it above the keys for a while: a notice would cover what it is about."""
        self._noted = (words, self.clock.monotonic_s() + _NOTE_S)
        self.paint()

    def _paint_foot(self, width: int) -> None:
        words, until_s = self._noted
        given = (
            words if self.clock.monotonic_s() < until_s else "",
            self.tab,
            width,
            self._asking_tool(),
            tuple(self.selected),
            3 if self.size.height >= _ROOMY else 1,
            bool(self.peek.display and self.peek.row_count > self.peek.size.height > 0),
            self.ask_line.asking,
        )
        if given == self._footed:
            return
        self._footed = given
        note, tab, _, asked, selected, lines, more, asking = given
        self.query_one("#team-foot", ActionLine).update(
            team_bars.asking(width)
            if asking
            else team_bars.foot(
                self.keymap,
                tab,
                width,
                asked=asked,
                selected=selected,
                lines=lines,
                more=more,
                note=note,
            )
        )

    def _paint_peek(self) -> None:
        row, item = self.row, self.item
        if self.tab == "timeline":
            lines = list[team_items.LineItem](self.gantt.told())
        elif item is not None:
            lines = list(item.body)
        elif self.tab == "agents" and row is not None:
            lines = team_items.peek(self.team, row)
        else:
            lines = []
        asked = self.questions()
        if asked != self._shown_for:
            self._shown_for = asked
            self._shown_s = self.clock.monotonic_s()
        about = (self.tab, row.name if row else "", item.key if item else "", asked)
        if about != self._peeked or not self.peek.shows(lines):
            # What is asked stands at the top; of who is at work one sees what it says last.
            live = self.tab == "agents" and row is not None and row.view.busy and not asked
            self.peek.set_lines(
                lines, "stay" if about == self._peeked else "end" if live else "top"
            )
            self._peeked = about

    def _asking_tool(self) -> str:
        pending = (asked for row in self.team.rows for asked in row.view.approvals)
        first = self._shown_for[:1]
        return next((p.request.tool for p in pending if p.request.id in first), "")

    def questions(self) -> tuple[str, ...]:
        """The approvals that an answer would go to now."""
        if self.tab == "inbox":
            return self.item.ids if self.item is not None else ()
        row = self.row if self.tab == "agents" else None
        return (row.view.approvals[0].request.id,) if row and row.view.approvals else ()
