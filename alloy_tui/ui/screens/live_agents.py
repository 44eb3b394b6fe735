"""One to four agents of the team, their whole conversations beside each other, live.

Owns the columns and the line to type into, which speaks to the column that is
chosen. What was said comes from a `TeamPort`; what is said from now on is handed
in with `hear`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from alloy_tui.domain.events import Decision, Envelope
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.port import RuntimePort
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.field import Field
from alloy_tui.ui.messages import EngineEvents
from alloy_tui.ui.panes.live import LiveColumn
from alloy_tui.ui.pump import batches
from alloy_tui.ui.race_feed import Heard, agent_of
from alloy_tui.ui.screens.leaving import FullPage
from alloy_tui.ui.team_items import exactly
from alloy_tui.ui.widgets.approval_bar import ARMING_S
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack, spread
from alloy_tui.ui.widgets.line_view import LineView
from alloy_tui.ui.wording import BUDGET, model_label, money, state_words

_ANSWER_WORDS = ("approve", "session", "deny")
_MONEY_WORDS = ("send this one", "raise", "stop")
LEAST_COLUMN = 38
"""Cells that a column needs; where there are fewer, one is on show."""


class PastCame(Message, bubble=False):
    """What an agent said until now, from another thread; None when it is not there."""

    def __init__(self, agent: str, past: tuple[Envelope, ...] | None) -> None:
        super().__init__()
        self.agent = agent
        self.past = past


class AgentColumn(LiveColumn):
    """One agent of the team; nothing is shown before its past has come."""

    def __init__(self, agent: str) -> None:
        super().__init__()
        self.agent = agent
        self._waiting: list[Heard] | None = []
        self.asked_s = float("-inf")
        self._asked = ""
        self.question = LineView(words=True)
        self.question.add_class("live-question")

    def compose(self) -> ComposeResult:
        """The question stands between what was said and the state."""
        yield self.title_line
        yield self.chat
        yield self.question
        yield self.state_line

    def hear(self, what: Heard, now_s: float) -> None:
        """Something it says now."""
        if self._waiting is not None:
            self._waiting.append(what)
            return
        known = self.view.approvals
        self.take(what)
        if self.view.approvals[:1] != known[:1]:
            self.asked_s = now_s

    def begin(self, past: Sequence[Envelope], now_s: float) -> None:
        """What it said until now, and then what came meanwhile."""
        waiting, self._waiting = self._waiting or [], None
        for message in batches(past):
            if isinstance(message, EngineEvents):
                for envelope in message.envelopes:
                    self.take(envelope)
            else:
                self.take(message)
        # A question comes to the screen whoever looks, and is part of the past as well.
        told = {envelope.seq for envelope in past}
        for what in waiting:
            if not (isinstance(what, Envelope) and what.seq in told):
                self.take(what)
        self.asked_s = now_s
        self.chat.follow()

    def paint(self, now_ms: int, *, chosen: bool, place: str) -> None:
        """Name and state as they are now."""
        width = max(12, self.size.width)
        name = clean_line(self.agent, limit=60)
        look = "bold $primary" if chosen else "bold"
        title = [Content.styled(f"{'▸' if chosen else ' '} {name}", look)]
        if self.view.model:
            title.append(Content.styled(model_label(self.view.model, 30), "$text-muted"))
        self.title_line.update(spread(title, [Content.styled(place, "$text-muted")], width))
        needs = bool(self.view.approvals)
        state = state_words(self.view, now_ms)
        if needs:
            asked = self.view.approvals[0].request
            state = clean_line(f"needs you: {asked.tool} {asked.headline}", limit=200)
        self._paint_question()
        look = "bold $warning" if needs else "$primary" if self.view.busy else "$text-muted"
        cost = money(self.view.cost) if self.view.usage_known else ""
        right = [Content.styled(cost, "$text-muted")] if cost else []
        self.state_line.update(spread([Content.styled(state, look)], right, width))

    def _paint_question(self) -> None:
        first = self.view.approvals[0].request if self.view.approvals else None
        if (first.id if first is not None else "") != self._asked:
            self._asked = first.id if first is not None else ""
            self.question.set_lines(exactly(first) if first is not None else [])
        self.question.display = first is not None


class LiveAgentsScreen(FullPage[None]):
    """The columns of `agents`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("tab", "step(1)", show=False, priority=True),
        Binding("shift+tab", "step(-1)", show=False, priority=True),
        Binding("ctrl+enter", "submit", show=False),
        Binding("ctrl+x", "cancel", show=False, priority=True),
        Binding("alt+y", "answer('once')", show=False, priority=True),
        Binding("alt+s", "answer('session')", show=False, priority=True),
        Binding("alt+n", "answer('deny')", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    LiveAgentsScreen > #live-columns { height: 1fr; }
    LiveAgentsScreen > #live-field { border: none; height: 1; background: $panel; }
    LiveAgentsScreen > #live-foot { height: auto; background: $surface; }
    AgentColumn > .live-question {
        height: auto; max-height: 40%; padding: 0 1; background: $panel;
    }
    """

    def __init__(self, runtime: RuntimePort, clock: Clock, agents: Sequence[str]) -> None:
        super().__init__()
        self._runtime = runtime
        self._clock = clock
        self._chosen = 0
        self.columns = [AgentColumn(agent) for agent in agents]

    def compose(self) -> ComposeResult:
        """Columns, a line to type into, keys."""
        yield Horizontal(*self.columns, id="live-columns")
        field = Field(id="live-field", compact=True)
        field.cursor_blink = False
        yield field
        yield ActionLine(id="live-foot")

    def on_mount(self) -> None:
        """Ask for what was said, and listen from now on."""
        for column in self.columns:
            self._attach_to(column.agent)
        self.set_interval(1.0, self.paint)
        self._settle()
        self.query_one(Input).focus()

    def _attach_to(self, agent: str) -> None:
        def came(past: tuple[Envelope, ...] | None) -> None:
            self.post_message(PastCame(agent, past))

        self._runtime.team.attach(agent, came)

    def on_unmount(self) -> None:
        """Their words are in no one's view any more."""
        for column in self.columns:
            self._runtime.team.detach(column.agent)

    def on_past_came(self, message: PastCame) -> None:
        """Show it."""
        now_s = self._clock.monotonic_s()
        for column in self.columns:
            if column.agent == message.agent:
                column.begin(message.past or (), now_s)
        self.paint()

    def hear(self, what: Heard) -> None:
        """One of the agents says something."""
        for column in self.columns:
            if column.agent == agent_of(what):
                before = column.view.state
                column.hear(what, self._clock.monotonic_s())
                if isinstance(what, Envelope) or column.view.state != before:
                    self.paint()

    @property
    def column(self) -> AgentColumn:
        """The one that is spoken to."""
        return self.columns[self._chosen]

    def on_resize(self) -> None:
        """As many columns as there is room for."""
        self._settle()

    def _settle(self) -> None:
        one = self.size.width < LEAST_COLUMN * len(self.columns)
        for number, column in enumerate(self.columns):
            column.display = not one or number == self._chosen
        self.call_after_refresh(self.paint)

    # -- deeds --------------------------------------------------------------------------------

    def on_live_column_pointed(self, message: LiveColumn.Pointed) -> None:
        """Speak to the column that the mouse was pressed in."""
        message.stop()
        for number, column in enumerate(self.columns):
            if column is message.column and number != self._chosen:
                self.action_choose(number)

    def on_click(self, event: events.Click) -> None:
        """One goes on typing, unless it is text that was taken with the mouse."""
        del event
        if not self.selections:
            self.query_one(Input).focus()

    async def on_key(self, event: events.Key) -> None:
        """What is typed while a conversation has the focus goes into the line."""
        field = self.query_one(Field)
        if self.focused is not field and (event.is_printable or event.key == "enter"):
            field.focus()
            await field.take(event)

    def action_step(self, by: int) -> None:
        """Speak to the column beside."""
        self._chosen = (self._chosen + by) % len(self.columns)
        self._settle()

    def action_choose(self, number: int) -> None:
        """A click on a name."""
        self._chosen = min(number, len(self.columns) - 1)
        self._settle()

    def action_page(self, by: int) -> None:
        """Read back, or on."""
        transcript = self.column.chat.transcript
        if by < 0:
            transcript.scroll_page_up(animate=False)
        else:
            transcript.scroll_page_down(animate=False)

    def action_cancel(self) -> None:
        """Stop what it does."""
        self._runtime.team.act("cancel", self.column.agent)

    def action_answer(self, decision: Decision) -> None:
        """Answer the question of the column that is spoken to, once it has been on show."""
        column = self.column
        if not column.view.approvals:
            return
        if self._clock.monotonic_s() - column.asked_s < ARMING_S:
            words = "The question has only just come. Read it, then answer."
            self.notify(words, markup=False, timeout=4)
            return
        self._runtime.answer_approval(column.view.approvals[0].request.id, decision)

    def action_leave(self) -> None:
        """Back to the dashboard; the agents go on."""
        self.dismiss()

    @on(Input.Submitted)
    def _said(self, event: Input.Submitted) -> None:
        event.stop()
        words, column = event.value.strip(), self.column
        if words:
            # What was typed since stays.
            event.input.value = event.input.value.removeprefix(event.value)
            self._runtime.team.say(column.agent, words, "steer" if column.view.busy else "prompt")

    # -- words --------------------------------------------------------------------------------

    def paint(self) -> None:
        """Names, states and keys."""
        if not self.is_mounted:
            return
        now_ms, many = self._clock.wall_ms(), len(self.columns)
        for number, column in enumerate(self.columns):
            place = f"{number + 1} of {many}" if many > 1 else ""
            column.paint(now_ms, chosen=many > 1 and number == self._chosen, place=place)
        name = clean_line(self.column.agent, limit=40)
        does = "steer" if self.column.view.busy else "send"
        self.query_one(Input).placeholder = f"To {name}: Enter to {does}"
        keys = [link(f"Enter {does}", "screen.submit", "$text-muted")]
        if self.column.view.approvals:
            request = self.column.view.approvals[0].request
            money_asked = request.tool == BUDGET
            once, more, deny = _MONEY_WORDS if money_asked else _ANSWER_WORDS
            higher = clean_line(str(request.arguments.get("raise to", "")), limit=24)
            more = f"{more} to {higher}" if money_asked and higher else more
            for key, words, decision in (
                ("Alt+Y", once, "once"),
                ("Alt+S", more, "session"),
                ("Alt+N", deny, "deny"),
            ):
                keys.append(link(f"{key} {words}", f"screen.answer('{decision}')", "bold $warning"))
        keys.append(link("Ctrl+X stop it", "screen.cancel", "$text-muted"))
        if many > 1:
            keys.append(link("Tab the next one", "screen.step(1)", "$text-muted"))
        keys.append(link("PgUp/PgDn read", "screen.page(-1)", "$text-muted"))
        keys.append(link("Esc back", "screen.leave", "$text-muted"))
        self.query_one("#live-foot", ActionLine).update(pack(keys, max(20, self.size.width), "  "))

    async def action_submit(self) -> None:
        """A click on the key."""
        await self.query_one(Input).action_submit()
