"""The agents of a team, a line each: state, what they do, figures, pace.

Owns how a line looks at a width, and that no line moves under the cursor or the
mouse: while a person is at the lines, with keys or mouse, all stay where they
are. Soon after, they go where they belong, the cursor with its agent, and
nothing is out of sight for which there is room.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar, TypeAlias

from rich.style import Style
from textual import events

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentState
from alloy_tui.runtime.team_port import AgentRow, RowGroup, TeamView
from alloy_tui.ui.markdown.cells import Span, clip, span_width
from alloy_tui.ui.team_rows import Layout, Line, Order, Show, sparkline
from alloy_tui.ui.widgets.row_window import RowWindow, columns
from alloy_tui.ui.wording import model_label, money, seconds, tokens

GLYPHS: dict[RowGroup, str] = {
    "needs_you": "!",
    "failed": "×",
    "working": "●",
    "idle": "·",
    "done": "○",
}
_LOOKS: dict[RowGroup, str] = {
    "needs_you": "needs",
    "failed": "failed",
    "working": "live",
    "idle": "calm",
    "done": "calm",
}
HOLD_MS = 5_000
"""So long after a key or a movement of the mouse no line changes places."""
_NAME = 14
_STATE = 13
_SPARK = 10
# From these widths on a line tells that too.
_COST_FROM, _CONTEXT_FROM, _TURN_FROM = 64, 76, 88
_SPARK_FROM, _MODEL_FROM, _TOKENS_FROM = 118, 134, 146
_TIMED: dict[AgentState, str] = {"thinking": "thinking", "streaming": "writing", "tool": "at work"}
_SHOWN: dict[Show, str] = {
    "all": "",
    "needs you": "needs you",
    "failed": "has failed",
    "working": "is working",
    "ready": "was never asked",
    "done": "is done",
    "crashed": "has crashed",
}
_WORDS: dict[AgentState, str] = {
    "idle": "ready",
    "waiting_approval": "needs you",
    "rate_limited": "rate-limited",
    "cancelled": "stopped",
}

_Facts: TypeAlias = tuple[int, bool, int, RowGroup, str, str, tuple[str, str, str]]
"""All that a line is made of, but for the name and the colours."""


class AgentLines(RowWindow):
    """A team's agents; `show_team` gives the newest view."""

    PREFIX = "agent"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"agent--{name}"
        for name in (*_LOOKS.values(), "heading", "name", "words", "figures", "cursor")
    }
    DEFAULT_CSS = """
    AgentLines > .agent--heading { color: $foreground 55%; text-style: bold; }
    AgentLines > .agent--name { color: $foreground; text-style: bold; }
    AgentLines > .agent--needs { color: $warning; text-style: bold; }
    AgentLines > .agent--failed { color: $error; }
    AgentLines > .agent--live { color: $primary; }
    AgentLines > .agent--calm { color: $foreground 55%; }
    AgentLines > .agent--words { color: $foreground 85%; }
    AgentLines > .agent--figures { color: $foreground 60%; }
    AgentLines > .agent--cursor { background: $primary 30%; }
    AgentLines:nocolor > .agent--cursor { text-style: reverse; }
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[_Facts, list[Span]]] = {}
        super().__init__(id="team-agents")
        self.plan = Layout()
        self.order: Order = "state"
        self.filter: Show = "all"
        self.query_words = ""
        self.now_ms = 0
        self._team = TeamView()
        self.selected: Collection[str] = ()
        self._held: tuple[str, ...] = ()
        self._used_ms: int | None = None

    @property
    def count(self) -> int:
        """See `RowWindow.count`; where there is nobody, a line says so."""
        return max(1, len(self.plan))

    @property
    def row(self) -> AgentRow | None:
        """The agent that the cursor is on."""
        return self.plan.row_at(self.cursor)

    def can_stand_on(self, place: int) -> bool:
        """See `RowWindow.can_stand_on`."""
        return self.plan.row_at(place) is not None

    def show_team(self, team: TeamView, now_ms: int) -> None:
        """The team as it is now."""
        self._team, self.now_ms = team, now_ms
        self._lay_out()

    def sort(self, order: Order) -> None:
        """Another order, or the same figures anew."""
        self.order = order
        self._held = ()
        self._used_ms = None
        self._lay_out(keep_line=False)
        self._show_cursor()
        if order not in {"state", "tree"}:
            self._held = self.plan.names

    def only(self, show: Show, query: str) -> None:
        """Only these."""
        self.filter, self.query_words = show, query
        self._used_ms = None
        self._lay_out(keep_line=False)
        self._show_cursor()

    def go_to(self, name: str) -> None:
        """The cursor to that agent, if it has a line."""
        place = self.plan.place_of(name)
        if place is not None:
            self.cursor = place

    def _lay_out(self, *, keep_line: bool = True) -> None:
        at = self.row.name if self.row is not None else None
        self.plan = Layout(
            self._team.rows,
            order=self.order,
            show=self.filter,
            query=self.query_words,
            held=self._held,
            still=self.plan if self._in_use and self.plan.lines else None,
        )
        place = self.plan.place_of(at)
        if not self.touched and place is not None and place >= self.size.height > 0:
            # Nobody has put it there: it stays in sight, on the first there is.
            place = 0
        self.settle(place, keep_line=keep_line and self.touched)

    @property
    def _in_use(self) -> bool:
        used_ms = self._used_ms
        return used_ms is not None and 0 <= self.now_ms - used_ms < HOLD_MS

    def on_enter(self, event: events.Enter) -> None:
        """From now on a click could be under way: nothing changes places."""
        del event
        self._used_ms = self.now_ms

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The mouse is in use again."""
        del event
        self._used_ms = self.now_ms

    async def on_key(self, event: events.Key) -> None:
        """The next key is meant for the lines that one sees now."""
        del event
        self._used_ms = self.now_ms

    def on_leave(self, event: events.Leave) -> None:
        """Lines go where they belong."""
        del event
        self._used_ms = None
        self._lay_out()

    # -- drawing ------------------------------------------------------------------------------

    def spans(self, place: int, width: int) -> list[Span]:
        """See `RowWindow.spans`."""
        if place >= len(self.plan):
            whom = f" that {_SHOWN[self.filter]}" if self.filter != "all" else ""
            like = f" like “{clean_line(self.query_words, limit=40)}”" if self.query_words else ""
            return [(f" There is no agent{whom}{like}.", self.look("calm"))]
        line = self.plan.lines[place]
        if line.row is None:
            return [(f" {line.heading} {line.count or ''}", self.look("heading"))]
        return self._agent(line, line.row, width)

    def _agent(self, line: Line, row: AgentRow, width: int) -> list[Span]:
        """The same list as long as it has the same words."""
        chosen, words = row.name in self.selected, row.activity or row.role
        figures = self._figures(row, width)
        facts: _Facts = (width, chosen, line.indent, row.group, self._state(row), words, figures)
        kept = self._kept.get(row.name)
        if kept is not None and kept[0] == facts:
            return kept[1]
        if len(self._kept) > 2 * len(self.plan):
            self._kept.clear()  # of agents that have gone
        spans = self._composed(row.name, facts)
        self._kept[row.name] = (facts, spans)
        return spans

    def _composed(self, name: str, facts: _Facts) -> list[Span]:
        width, chosen, indent, group, state, words, figures = facts
        look = self.look(_LOOKS[group])
        left: list[Span] = [
            ("*" if chosen else " ", self.look("live")),
            (f"{'  ' * min(6, indent)}{GLYPHS[group]} ", look),
            *_filled(clip([(clean_line(name, limit=60), self.look("name"))], _NAME), _NAME),
            ("  ", Style.null()),
            *_filled(clip([(state, look)], _STATE), _STATE),
            ("  ", Style.null()),
            (clean_line(words, limit=300), self.look("words")),
        ]
        pace, counts, model = figures
        right: list[Span] = [
            (pace, self.look("live")),
            (counts, self.look("figures")),
            (model, self.look("figures")),
            (" ", Style.null()),
        ]
        return columns(left, [span for span in right if span[0]], width)

    def notify_style_update(self) -> None:
        """See `RowWindow.notify_style_update`."""
        self._kept.clear()
        super().notify_style_update()

    def _state(self, row: AgentRow) -> str:
        if row.paused and not row.view.approvals:
            return "paused"
        if row.over:
            return "ended" if not row.cause else "gave up"
        state = row.view.state
        if state in _TIMED:
            return f"{_TIMED[state]} {seconds(self.now_ms - row.view.since_ms)}"
        return _WORDS.get(state, state)

    def _figures(self, row: AgentRow, width: int) -> tuple[str, str, str]:
        """Pace, counts and model, each empty where there is no room for it."""
        view, parts = row.view, list[str]()
        if width >= _TURN_FROM:
            most = f"/{row.max_turns}" if row.max_turns else ""
            parts.append(f"{f'turn {row.turns}{most}':>8}")
            idle = seconds(self.now_ms - row.last_ms) if row.last_ms else ""
            parts.append(f"{idle:>7}")
        if width >= _CONTEXT_FROM:
            parts.append(f"{_share(view.context_share):>8}")
        if width >= _TOKENS_FROM:
            parts.append(f"{tokens(view.usage.total) if view.usage_known else '':>6}")
        if width >= _COST_FROM:
            cost = money(view.cost) if view.cost is not None else "cost ?" * view.usage_known
            parts.append(f"{cost:>7}")
        if width >= _CONTEXT_FROM:
            parts.append(f"↻ {row.restarts}" if row.restarts else "   ")
        pace = f"{sparkline(row.rates, _SPARK)}  " if width >= _SPARK_FROM else ""
        model = f"  {model_label(view.model, 14):<14}" if width >= _MODEL_FROM else ""
        return pace, "  ".join(parts), model


def _filled(spans: Sequence[Span], width: int) -> list[Span]:
    return [*spans, (" " * max(0, width - span_width(spans)), Style.null())]


def _share(share: float | None) -> str:
    return "" if share is None else f"ctx {round(share * 100)} %"
