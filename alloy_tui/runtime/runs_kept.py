"""The run that an agent is at, as its events: for whoever looks at it from the middle on.

Owns what of a run is kept: all but what a later event says again. Pieces of text
are joined. Belongs to the engine's loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope

_DELTAS = (ev.TextDelta, ev.ThinkingDelta, ev.ToolArgumentsDelta)
_SAID_AGAIN = (ev.ToolOutput, ev.UsageUpdated, ev.SessionSaved)


@dataclass
class _Growing:
    """Pieces of one text that came one after the other."""

    first: Envelope
    texts: list[str] = field(default_factory=list[str])


class RunsKept:
    """The runs of now, by agent; `messages` tells how many an agent's conversation has."""

    def __init__(self, messages: Callable[[str], int]) -> None:
        self._messages = messages
        self._before: dict[str, int] = {}
        self._runs: dict[str, list[Envelope | _Growing]] = {}

    def take(self, envelope: Envelope) -> None:
        """Something that an agent does."""
        event, name = envelope.event, envelope.agent
        if isinstance(event, ev.RunStarted):
            self._runs[name], self._before[name] = [envelope], self._messages(name)
            return
        run = self._runs.get(name)
        if run is None or isinstance(event, _SAID_AGAIN):
            return
        if isinstance(event, _DELTAS):
            last = run[-1]
            if not (isinstance(last, _Growing) and _go_together(last.first, envelope)):
                last = _Growing(envelope)
                run.append(last)
            last.texts.append(event.text)
        elif self._ends(envelope):
            self.forget(name)
        else:
            run.append(envelope)

    def of(self, agent: str) -> tuple[Envelope, ...]:
        """What `agent` did since its run began, () when none is under way."""
        return tuple(_whole(each) for each in self._runs.get(agent, ()))

    def before(self, agent: str) -> int | None:
        """How many messages there were when the run of now began, None = none is under way."""
        return self._before.get(agent)

    def forget(self, agent: str) -> None:
        """The run is over, or the agent gone."""
        self._runs.pop(agent, None)
        self._before.pop(agent, None)

    def _ends(self, envelope: Envelope) -> bool:
        if isinstance(envelope.event, ev.RunFinished):
            first = self._runs[envelope.agent][0]
            return isinstance(first, Envelope) and first.request_id == envelope.request_id
        return isinstance(envelope.event, ev.AgentStopped | ev.AgentRestarted)


def _go_together(one: Envelope, other: Envelope) -> bool:
    if type(one.event) is not type(other.event) or one.turn != other.turn:
        return False
    return getattr(one.event, "id", "") == getattr(other.event, "id", "")


def _whole(each: Envelope | _Growing) -> Envelope:
    if isinstance(each, Envelope):
        return each
    event = each.first.event
    assert isinstance(event, _DELTAS), "only these grow"
    return replace(each.first, event=replace(event, text="".join(each.texts)))
