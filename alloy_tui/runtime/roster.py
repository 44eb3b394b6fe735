"""Every agent of the program as the dashboard shows it: folded once, for all views.

Owns what is derived of each agent beyond its `AgentView`: what it does in one
line, the end of what it said, tokens per second, turns, restarts. Belongs to the
engine's loop; `rows` are values and may be read anywhere. Must not know of teams,
only of events and of the facts that it is told by `know`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.former_lives import LastWords, Past
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.team_port import AgentRow

_TAIL = 600
_SPACE = re.compile(r"\s+")
_LONG_WORD = 80
_JOINED = frozenset({"Mn", "Me", "Mc", "Cf"})
_LINE = 160
_SECONDS = 30
_CHARS_PER_TOKEN = 4  # of English; only the height of a sparkline rests on it
_NO_DEEDS = (ev.AgentStarted, ev.UsageUpdated)
"""Who comes back has done nothing yet."""


class _Pace:
    """Tokens per second over the last half minute."""

    def __init__(self) -> None:
        self._chars: deque[int] = deque(maxlen=_SECONDS)
        self._second = 0

    def add(self, at_ms: int, chars: int) -> None:
        self._until(at_ms // 1000)
        self._chars[-1] += chars

    def rates(self, now_ms: int) -> tuple[int, ...]:
        """Up to the second before this one, which is not over; () when all is quiet."""
        if not self._chars:
            return ()
        self._until(now_ms // 1000)
        if not any(self._chars):
            self._chars.clear()
            return ()
        return tuple(round(chars / _CHARS_PER_TOKEN) for chars in list(self._chars)[:-1])

    def _until(self, second: int) -> None:
        if not self._chars:
            self._chars.append(0)
            self._second = second
        for _ in range(min(_SECONDS, second - self._second)):
            self._chars.append(0)
        self._second = max(self._second, second)


class _Agent:
    """What is known of one agent."""

    def __init__(self, name: str) -> None:
        self.row = AgentRow(name, AgentView(name=name))
        self.pace = _Pace()
        self.restarts_before = 0
        self._said: list[str] = []
        self._chars = 0

    def take(self, envelope: Envelope) -> None:
        """Fold one event of the agent's in."""
        event, row = envelope.event, self.row
        if isinstance(event, ev.TextDelta | ev.ThinkingDelta):
            self.pace.add(envelope.at_ms, len(event.text))
            if isinstance(event, ev.TextDelta):
                self._say(event.text)
        view = fold(row.view, envelope)
        changes: dict[str, Any] = {} if view is row.view else {"view": view}
        step = _STEPS.get(type(event))
        if step is not None:
            changes |= step(self, event)
        # Without a change of its own the row stays the same object: deltas cost next to nothing.
        if changes:
            idle = row.last_ms and isinstance(event, _NO_DEEDS)
            self.row = replace(row, last_ms=row.last_ms if idle else envelope.at_ms, **changes)

    def now(self, now_ms: int) -> AgentRow:
        """The row, with what moves by itself."""
        row = self.row
        tail = self._tail()
        rates = self.pace.rates(now_ms)
        activity = _activity(row, tail)
        if (row.tail, row.rates, row.activity) != (tail, rates, activity):
            self.row = row = replace(row, tail=tail, rates=rates, activity=activity)
        return row

    def recall(self, said: str, restarts: int, **facts: Any) -> None:
        """What it was in former programs."""
        self.forget()
        self._say(said)
        self.restarts_before = restarts
        self.row = replace(self.row, restarts=restarts, **facts)

    def forget(self) -> None:
        """What it said belongs to a turn that is over."""
        self._said.clear()
        self._chars = 0

    def _say(self, text: str) -> None:
        self._said.append(text)
        self._chars += len(text)
        if self._chars > 8 * _TAIL:
            # More than is shown, so that where it is cut stays known to be in the middle.
            self._said = ["".join(self._said)[-2 * _TAIL :]]
            self._chars = len(self._said[0])

    def _tail(self) -> str:
        return tail_of("".join(self._said))


def tail_of(text: str) -> str:
    """The end of `text`, 600 characters at most; a cut one begins with … and a whole word."""
    if len(text) <= _TAIL:
        return text
    end = text[1 - _TAIL :]
    cut = None if text[-_TAIL].isspace() else _SPACE.search(end, 0, _LONG_WORD)
    # Where words are not told apart by spaces it may be cut anywhere but below an accent.
    end = end[cut.end() :] if cut is not None else end.lstrip(_joined(end))
    return f"…{end.lstrip()}"


def _joined(text: str) -> str:
    """Of the beginning of `text`, what belongs to the character before it."""
    return "".join(itertools.takewhile(lambda c: unicodedata.category(c) in _JOINED, text[:8]))


_FENCES = ("```", "~~~")


def _activity(row: AgentRow, tail: str) -> str:
    """One line: the question that waits, the tool at work, or what it says."""
    view = row.view
    if view.approvals:
        asked = view.approvals[0].request
        return clean_line(f"approve: {asked.tool} {asked.headline}", limit=_LINE)
    if view.tools:
        tool = view.tools[-1]
        return clean_line(f"{tool.name} {tool.subject}", limit=_LINE)
    if view.outcome is not None and view.outcome.error is not None:
        return clean_line(view.outcome.error.message, limit=_LINE)
    if view.writing_call:
        return clean_line(f"writes a call of {view.writing_call}", limit=_LINE)
    # The fence of a block of code says nothing.
    lines = [line for line in tail.splitlines() if line.strip() and line.strip()[:3] not in _FENCES]
    return clean_line(lines[-1] if lines else row.prompt, limit=_LINE)


class Roster:
    """The agents of one hub, in the order in which they first came.

    `changed` is called, on the hub's thread, with each event that a dashboard
    could show; whoever needs rows calls `rows`, as often as it can bear.
    """

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self._agents: dict[str, _Agent] = {}
        self._changed = changed

    def take(self, envelope: Envelope) -> None:
        """A subscriber of the hub: what it does not know it leaves alone."""
        agent = self._agents.get(envelope.agent)
        if agent is not None:
            agent.take(envelope)
            self._changed()

    def know(self, name: str, **facts: Any) -> None:
        """Fields of an agent's row that no event tells; the first time it joins with them."""
        agent = self._agents.get(name)
        if agent is None:
            agent = self._agents[name] = _Agent(name)
        agent.row = replace(agent.row, **facts)
        self._changed()

    def recall(
        self, name: str, past: Past, words: LastWords, *, restarts: int = 0, cause: str = ""
    ) -> None:
        """A known agent comes back as it was in former programs, before it starts."""
        self._agents[name].recall(
            words.said,
            restarts,
            cause=cause,
            turns=past.turns,
            prompt=clean_line(words.asked, limit=_LINE),
            last_ms=past.last_ms,
        )
        self._changed()

    def drop(self, name: str) -> None:
        """The agent is gone, and its row with it."""
        if self._agents.pop(name, None) is not None:
            self._changed()

    def __contains__(self, name: str) -> bool:
        return name in self._agents

    def row(self, name: str) -> AgentRow | None:
        """One row as of its last event."""
        agent = self._agents.get(name)
        return None if agent is None else agent.row

    def rows(self, now_ms: int) -> tuple[AgentRow, ...]:
        """All rows, every agent behind who spawned it."""
        below: dict[str, list[AgentRow]] = {}
        for agent in self._agents.values():
            row = agent.now(now_ms)
            parent = row.parent if row.parent in self._agents else ""
            below.setdefault(parent, []).append(row)
        return tuple(_in_order(below))

    @property
    def moving(self) -> bool:
        """Whether a row changes by itself as time goes by."""
        return any(agent.row.rates for agent in self._agents.values())


def _in_order(below: dict[str, list[AgentRow]]) -> Iterable[AgentRow]:
    waiting = [(row, 0) for row in reversed(below.get("", []))]
    while waiting:
        row, depth = waiting.pop()
        yield row if row.depth == depth else replace(row, depth=depth)
        waiting += [(child, depth + 1) for child in reversed(below.get(row.name, []))]


def _run_started(agent: _Agent, event: ev.RunStarted) -> dict[str, Any]:
    agent.forget()
    return {"prompt": clean_line(event.prompt, limit=_LINE)}


def _turn_started(agent: _Agent, event: ev.TurnStarted) -> dict[str, Any]:
    del event
    agent.forget()
    return {"turns": agent.row.turns + 1}


def _restarted(agent: _Agent, event: ev.AgentRestarted) -> dict[str, Any]:
    restarts = agent.restarts_before + event.restarts
    return {"restarts": max(agent.row.restarts, restarts), "cause": event.cause}


def _crashed(agent: _Agent, event: ev.AgentCrashed) -> dict[str, Any]:
    del agent
    return {"cause": event.cause}


def _stopped(agent: _Agent, event: ev.AgentStopped) -> dict[str, Any]:
    del agent
    return {"over": True, "cause": event.cause} if event.cause else {"over": True}


def _ready(agent: _Agent, event: ev.AgentStarted) -> dict[str, Any]:
    del agent, event
    return {"over": False}


_STEPS: dict[type, Callable[[_Agent, Any], dict[str, Any]]] = {
    ev.RunStarted: _run_started,
    ev.TurnStarted: _turn_started,
    ev.AgentRestarted: _restarted,
    ev.AgentCrashed: _crashed,
    ev.AgentStopped: _stopped,
    ev.AgentStarted: _ready,
}


class Sums(msgspec.Struct, frozen=True):
    """What all agents took together; `partial` says that the cost of some is unknown."""

    cost: float | None = None
    partial: bool = False
    turns: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Both together."""
        known = [cost for cost in (self.cost, other.cost) if cost is not None]
        partial = self.partial or other.partial
        return Sums(sum(known) if known else None, partial, self.turns + other.turns)


def sums(rows: Iterable[AgentRow]) -> Sums:
    """The sums of `rows`."""
    cost: float | None = None
    partial, turns = False, 0
    for row in rows:
        turns += row.turns
        if not row.view.usage_known:
            continue
        if row.view.cost is None:
            partial = True
        else:
            cost = (cost or 0.0) + row.view.cost
    return Sums(cost, partial, turns)
