"""Several models at the same question, beside each other as they answer.

Owns the columns; what was said comes from a `RaceFeed`, which goes on when this
page is closed. Dismisses with ("pick", node) or ("compare", node, node), or None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from alloy_tui.domain.events import Envelope
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.branch_values import Racer
from alloy_tui.ui.panes.live import LiveColumn
from alloy_tui.ui.race_feed import Heard, RaceFeed
from alloy_tui.ui.screens.leaving import FullPage
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack, spread
from alloy_tui.ui.wording import model_label, money, outcome_words, state_words

LEAST_COLUMN = 38
"""Cells that a column needs; where there are fewer, one is on show."""
Outcome = tuple[str, ...]


class Column(LiveColumn):
    """One racer."""

    def __init__(self, racer: Racer) -> None:
        super().__init__(racer.model)
        self.racer = racer

    def paint(self, now_ms: int, *, chosen: bool, number: int, of: int) -> None:
        """Name and state as they are now."""
        name = model_label(self.racer.model, 60)
        words = Content.styled(f"▸ {name}" if chosen else f"  {name}", "bold $primary" * chosen)
        place = link(f"{number + 1} of {of}", f"screen.choose({number})", "$text-muted")
        width = max(12, self.size.width)
        self.title_line.update(spread([words], [place], width))
        state = clean_line(self.racer.failed, limit=120) or self._doing(now_ms)
        look = "$error" if self.racer.failed else "$text-muted" if self.racer.over else "$primary"
        cost = (
            [Content.styled(money(self.view.cost), "$text-muted")] if self.view.usage_known else []
        )
        self.state_line.update(spread([Content.styled(state, look)], cost, width))

    def _doing(self, now_ms: int) -> str:
        """What it does; of one that is over, how it ended."""
        if not self.racer.over:
            return state_words(self.view, now_ms)
        ended = self.outcome
        if ended is None or (ended.status == "completed" and not ended.duration_ms):
            return "done"  # it began before anybody listened: how long it took is not known
        return outcome_words(ended)


class RaceScreen(FullPage[Outcome | None]):
    """The columns of `feed`; `cancel` stops all of them."""

    # All alike with priority: those with it overtake those without when keys come fast.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False, priority=True),
        Binding("left", "step(-1)", show=False, priority=True),
        Binding("right,tab", "step(1)", show=False, priority=True),
        *(Binding(str(n + 1), f"choose({n})", show=False, priority=True) for n in range(9)),
        Binding("enter", "pick", show=False, priority=True),
        Binding("c", "compare", show=False, priority=True),
        Binding("x", "stop", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    RaceScreen > #race-head { height: auto; background: $panel; }
    RaceScreen > #race-columns { height: 1fr; }
    RaceScreen > #race-foot { height: auto; background: $surface; }
    """

    def __init__(
        self, feed: RaceFeed, now_ms: Callable[[], int], cancel: Callable[[], object]
    ) -> None:
        super().__init__()
        self.feed = feed
        self._now_ms = now_ms
        self._cancel = cancel
        self._chosen = 0
        self._columns: dict[str, Column] = {}
        self._taking = asyncio.Lock()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types what to search for, letters are letters."""
        return not isinstance(self.focused, Input) and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """Question, columns, keys."""
        yield ActionLine(id="race-head")
        yield Horizontal(id="race-columns")
        yield ActionLine(id="race-foot")

    async def on_mount(self) -> None:
        """What was said so far, and what is said from now on."""
        self.feed.listener = self._heard
        await self.take_racers()
        self.set_interval(1.0, self.paint)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.feed.listener = None

    async def take_racers(self) -> None:
        """Who runs, as of now."""
        async with self._taking:
            for racer in self.feed.racers:
                if racer.agent not in self._columns:
                    column = Column(racer)
                    await self.query_one("#race-columns").mount(column)
                    # Nothing is heard between these two: all that was said is there once.
                    for what in self.feed.heard(racer.agent):
                        column.take(what)
                    self._columns[racer.agent] = column
                self._columns[racer.agent].racer = racer
        self._settle()

    def _heard(self, agent: str, what: Heard) -> None:
        column = self._columns.get(agent)
        if column is not None:
            before = column.view.state
            column.take(what)
            if isinstance(what, Envelope) or column.view.state != before:
                self.paint()

    def on_resize(self) -> None:
        """As many columns as there is room for."""
        self._settle()

    def _settle(self) -> None:
        columns = list(self._columns.values())
        one = bool(columns) and self.size.width < LEAST_COLUMN * len(columns)
        for number, column in enumerate(columns):
            column.display = not one or number == self._chosen
        self.call_after_refresh(self.paint)

    def paint(self) -> None:
        """Names, states and keys."""
        if not self.is_mounted:
            return
        now_ms = self._now_ms()
        columns = list(self._columns.values())
        for number, column in enumerate(columns):
            column.paint(now_ms, chosen=number == self._chosen, number=number, of=len(columns))
        width = max(20, self.size.width)
        asked = Content.styled(clean_line(self.feed.text, limit=300), "bold")
        over = sum(column.racer.over for column in columns)
        state = "all are done" if self.feed.over else f"{over} of {len(self.feed.models)} done"
        head = spread([asked], [Content.styled(state, "$text-muted")], width)
        self.query_one("#race-head", ActionLine).update(head)
        running = "" if self.feed.over else " running"
        keys = [
            link("← → column", "screen.step(1)", "$text-muted"),
            link("Enter picks it", "screen.pick", "$primary"),
            link("c compares it", "screen.compare", "$text-muted"),
            link("Esc leaves them" + running, "screen.leave", "$text-muted"),
        ]
        if not self.feed.over:
            keys.insert(3, link("x stops all", "screen.stop", "$text-muted"))
        self.query_one("#race-foot", ActionLine).update(pack(keys, width))

    def on_live_column_pointed(self, message: LiveColumn.Pointed) -> None:
        """The column that the mouse was pressed in."""
        message.stop()
        for number, column in enumerate(self._columns.values()):
            if column is message.column:
                self.action_choose(number)

    def action_step(self, by: int) -> None:
        """The next column."""
        self.action_choose((self._chosen + by) % max(1, len(self._columns)))

    def action_choose(self, number: int) -> None:
        """That column."""
        if number < len(self._columns):
            self._chosen = number
            self._settle()

    @property
    def _racer(self) -> Racer | None:
        columns = list(self._columns.values())
        return columns[self._chosen].racer if columns else None

    def action_pick(self) -> None:
        """Go on with this one."""
        racer = self._racer
        if racer is None or racer.node is None:
            words = "It has no answer yet." if racer is None or not racer.over else "It has none."
            self.notify(words, markup=False, timeout=3)
        else:
            self.dismiss(("pick", racer.node))

    def action_compare(self) -> None:
        """This one beside the next that has an answer."""
        racers = [column.racer for column in self._columns.values()]
        order = racers[self._chosen :] + racers[: self._chosen]
        nodes = [racer.node for racer in order if racer.node is not None]
        if len(nodes) < 2:
            self.notify("Two have to have answered for that.", markup=False, timeout=3)
        else:
            self.dismiss(("compare", nodes[0], nodes[1]))

    def action_stop(self) -> None:
        """All of them."""
        self._cancel()

    def action_leave(self) -> None:
        """They go on by themselves."""
        self.dismiss(None)
