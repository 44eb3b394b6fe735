"""What a team has done, as it is kept; and the team that comes back from it.

Owns which events are kept and what they add up to. Must not know where they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias, cast, get_args

import msgspec

from alloy_tui.domain import team_events as te
from alloy_tui.domain.event_base import Event, snake
from alloy_tui.domain.events import AgentRestarted, Envelope
from alloy_tui.team.board import TaskBoard
from alloy_tui.team.mail import Mailboxes
from alloy_tui.team.recording import Channel
from alloy_tui.team.shared import SharedContext

_NOT_KEPT = (te.TeamChanged, te.LeaseChanged, te.LeaseRefused)
_KEPT = (*(t for t in get_args(te.TeamEvent) if t not in _NOT_KEPT), AgentRestarted)
"""Leases end with the program that holds them."""

_LASTS = (te.MemberAdded, te.TaskChanged, te.MailSent, te.SharedChanged, te.BudgetRaised)


class RestartedBefore(Event, frozen=True, tag=snake):
    """The agent of the record was started anew so often until then; stands in snapshots alone."""

    count: int
    cause: str


KeptEvent: TypeAlias = te.TeamEvent | AgentRestarted | RestartedBefore
"""What a record may hold."""


class Record(msgspec.Struct, frozen=True):
    """One thing that happened: who did it, when (epoch milliseconds), what."""

    by: str
    at_ms: int
    event: KeptEvent


def outlasts(event: KeptEvent) -> bool:
    """Whether a team that comes back would be another without it.

    An agent that somebody made for one piece of work leaves with that.
    """
    return not (isinstance(event, te.MemberAdded) and event.parent) and isinstance(event, _LASTS)


class TeamLog(Protocol):
    """Where records go; belongs to the engine's loop."""

    def append(self, record: Record) -> None:
        """Keep `record`, in order; never blocks, never raises."""
        ...


def record_of(envelope: Envelope) -> Record | None:
    """What of an envelope is to be kept, None = nothing."""
    if isinstance(envelope.event, _KEPT):
        return Record(envelope.agent, envelope.at_ms, cast("KeptEvent", envelope.event))
    return None


def keep(log: TeamLog) -> Callable[[Envelope], None]:
    """A subscriber of a hub that keeps what is to be kept."""

    def subscriber(envelope: Envelope) -> None:
        record = record_of(envelope)
        if record is not None:
            log.append(record)

    return subscriber


class Limit(msgspec.Struct, frozen=True):
    """A raised budget; None = none."""

    usd: float | None
    tokens: int | None


class Restarts(msgspec.Struct, frozen=True):
    """How often an agent was started anew, and why the last time."""

    count: int = 0
    cause: str = ""


class Restored:
    """A team as its records tell it; `broken_off` is work that was under way when they end."""

    def __init__(self, channel: Channel | None = None) -> None:
        self.roster: dict[str, te.MemberAdded] = {}
        self.board = TaskBoard(channel)
        self.mail = Mailboxes(channel)
        self.shared = SharedContext(channel)
        self.paused: set[str] = set()
        self.limits: dict[str, Limit] = {}
        self.restarts: dict[str, Restarts] = {}
        self.broken_off: dict[str, tuple[str, te.DelegationStarted]] = {}

    def fold(self, records: Iterable[Record]) -> Restored:
        """Take `records` in, in order; returns itself."""
        for record in records:
            _STEPS[type(record.event)](self, record, record.event)
        return self


def _added(team: Restored, record: Record, event: te.MemberAdded) -> None:
    del record
    team.roster[event.name] = event


def _removed(team: Restored, record: Record, event: te.MemberRemoved) -> None:
    del record
    team.roster.pop(event.name, None)
    team.restarts.pop(event.name, None)
    team.mail.forget(event.name)
    team.paused.discard(event.name)


def _started(team: Restored, record: Record, event: te.DelegationStarted) -> None:
    team.broken_off[event.id] = (record.by, event)


def _finished(team: Restored, record: Record, event: te.DelegationFinished) -> None:
    del record
    team.broken_off.pop(event.id, None)


def _task(team: Restored, record: Record, event: te.TaskChanged) -> None:
    del record
    team.board.apply(event)


def _mail(team: Restored, record: Record, event: te.MailSent) -> None:
    team.mail.apply_sent(record.by, record.at_ms, event)


def _read(team: Restored, record: Record, event: te.MailRead) -> None:
    team.mail.apply_read(record.by, event)


def _shared(team: Restored, record: Record, event: te.SharedChanged) -> None:
    team.shared.apply(record.by, record.at_ms, event)


def _paused(team: Restored, record: Record, event: te.MemberPaused) -> None:
    del record
    team.paused.add(event.name)


def _resumed(team: Restored, record: Record, event: te.MemberResumed) -> None:
    del record
    team.paused.discard(event.name)


def _raised(team: Restored, record: Record, event: te.BudgetRaised) -> None:
    del record
    team.limits[event.name] = Limit(event.usd, event.tokens)


def _restarted(team: Restored, record: Record, event: AgentRestarted) -> None:
    before = team.restarts.get(record.by, Restarts())
    team.restarts[record.by] = Restarts(before.count + 1, event.cause)


def _before(team: Restored, record: Record, event: RestartedBefore) -> None:
    before = team.restarts.get(record.by, Restarts())
    team.restarts[record.by] = Restarts(before.count + event.count, event.cause)


def _nothing(team: Restored, record: Record, event: te.TeamEvent) -> None:
    del team, record, event


_STEPS: dict[type, Callable[[Restored, Record, Any], None]] = {
    te.MemberAdded: _added,
    te.MemberRemoved: _removed,
    te.SupervisorGaveUp: _nothing,
    te.DelegationStarted: _started,
    te.DelegationFinished: _finished,
    te.MailSent: _mail,
    te.MailRead: _read,
    te.TaskChanged: _task,
    te.SharedChanged: _shared,
    te.LeaseChanged: _nothing,
    te.LeaseRefused: _nothing,
    te.MemberPaused: _paused,
    te.MemberResumed: _resumed,
    te.BudgetRaised: _raised,
    te.TeamChanged: _nothing,
    AgentRestarted: _restarted,
    RestartedBefore: _before,
}
