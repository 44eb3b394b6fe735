"""A team's records put together: the few from which the same team comes back.

Owns what of the past a team needs. Pure. A log holds such a snapshot now and then, so
that whoever opens it reads on from the last one; all records before stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from alloy_tui.domain import team_events as te
from alloy_tui.domain.event_base import Event, snake
from alloy_tui.domain.events import AgentRestarted
from alloy_tui.domain.team_values import Mail
from alloy_tui.team.log import KeptEvent, Record, RestartedBefore, Restored
from alloy_tui.team.rosters import OF_THE_SPECIFICATION

EVERY = 1_000
"""After so many records, or after as many as the last snapshot had, another one is due."""
MOST_DELEGATIONS = 500
"""Of those that are over, the latest are kept."""


class Snapshot(Event, frozen=True, tag=snake):
    """What a log held until here, put together; `records` are few, whatever it held."""

    records: tuple[Record, ...]


StoredEvent: TypeAlias = KeptEvent | Snapshot
"""What a log may hold."""


def compacted(records: Sequence[Record]) -> list[Record]:
    """Records from which the same team comes back as from `records`, in whose place they stand.

    Every agent that ever was is in them with its session; of delegations that are over
    only the latest, of mail what the mailboxes keep.
    """
    state, agents = Restored().fold(records), _Agents(records)
    return [
        *agents.former(state),
        *_mail(records, state),
        *agents.present(state),
        *_latest(records, state),
        *_tasks(records, state),
        *_shared(records, state),
        *_delegations(records, state),
    ]


def _mail(records: Sequence[Record], state: Restored) -> Iterable[Record]:
    """Messages, with whose boxes were closed in between; then who read which."""
    kept = {mail.id: mail for mail in state.mail.timeline}
    unread = {name: {mail.id for mail in state.mail.unread(name)} for name in _readers(kept)}
    closed: dict[str, Record] = {}
    for record in reversed(records):
        if isinstance(record.event, te.MemberRemoved) and record.event.name in unread:
            closed.setdefault(record.event.name, record)
    sent = [r for r in records if isinstance(r.event, te.MailSent) and r.event.id in kept]
    lost: dict[str, str] = {}  # whose box was closed, and the last message that was in it
    for mail in kept.values():
        for name in mail.to:
            if name not in mail.read_by and mail.id not in unread[name]:
                lost[name] = mail.id
    for record in sent:
        assert isinstance(record.event, te.MailSent), "chosen by that"
        yield record
        for name in [name for name, last in lost.items() if last == record.event.id]:
            # It is in no box, and nobody read it: who was to read it had left.
            yield closed[name]
    alone: dict[str, list[str]] = {}
    for mail in kept.values():
        if len(mail.read_by) == 1:
            alone.setdefault(mail.read_by[0], []).append(mail.id)
        for name in mail.read_by if len(mail.read_by) > 1 else ():
            yield Record(name, mail.at_ms, te.MailRead((mail.id,)))
    for name, ids in alone.items():
        yield Record(name, kept[ids[-1]].at_ms, te.MailRead(tuple(ids)))


def _readers(kept: dict[str, Mail]) -> set[str]:
    return {name for mail in kept.values() for name in mail.to}


class _Agents:
    """Who was in it and who is."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._joined = [r for r in records if isinstance(r.event, te.MemberAdded)]
        self._said: dict[str, Record] = {}
        self._talks: dict[str, Record] = {}
        self._now: dict[str, Record] = {}
        for record in self._joined:
            event = record.event
            assert isinstance(event, te.MemberAdded), "chosen by that"
            self._now[event.name] = record
            if record.by == OF_THE_SPECIFICATION:
                self._said[event.name] = record
            if event.session:
                self._talks[event.session] = record

    def former(self, state: Restored) -> Iterable[Record]:
        """Each session that was talked in, and what the specification said last; all leave."""
        present = {id(self._now[name]) for name in state.roster}
        whole = {id(record) for record in self._said.values()}
        wanted = {id(record) for record in self._talks.values()} | whole
        leaving: dict[str, Record] = {}
        for record in self._joined:
            event = record.event
            assert isinstance(event, te.MemberAdded), "chosen by that"
            if id(record) not in wanted or id(record) in present:
                continue
            leaving[event.name] = record
            name_alone = replace(event, member={"name": event.name})
            yield record if id(record) in whole else replace(record, event=name_alone)
        for name, record in leaving.items():
            yield replace(record, event=te.MemberRemoved(name))

    def present(self, state: Restored) -> Iterable[Record]:
        """Who is in it, in order."""
        return (self._now[name] for name in state.roster)


def _latest(records: Sequence[Record], state: Restored) -> Iterable[Record]:
    """Pauses, limits and restarts."""
    pauses: dict[str, Record] = {}
    limits: dict[str, Record] = {}
    restarts: dict[str, Record] = {}
    for record in records:
        event = record.event
        if isinstance(event, te.MemberPaused) and event.name in state.paused:
            pauses[event.name] = record
        elif isinstance(event, te.BudgetRaised):
            limits[event.name] = record
        elif record.by in state.restarts and isinstance(event, AgentRestarted | RestartedBefore):
            restarts[record.by] = record
    yield from (*pauses.values(), *limits.values())
    for name, record in restarts.items():
        was = state.restarts[name]
        yield replace(record, event=RestartedBefore(was.count, was.cause))


def _tasks(records: Sequence[Record], state: Restored) -> Iterable[Record]:
    """The board as it is, and the number of the last task that is gone."""
    latest: dict[str, Record] = {}
    for record in records:
        if isinstance(record.event, te.TaskChanged):
            latest[record.event.task.id] = record
    there = [task.id for task in state.board.tasks]
    gone = latest.keys() - set(there)
    if gone:
        yield latest[max(gone, key=lambda id_: (len(id_), id_))]
    yield from (latest[id_] for id_ in there)


def _shared(records: Sequence[Record], state: Restored) -> Iterable[Record]:
    """Keys as they are; of those that were taken away the version."""
    latest: dict[str, Record] = {}
    for record in records:
        if isinstance(record.event, te.SharedChanged):
            latest[record.event.key] = record
    there = [entry.key for entry in state.shared.entries]
    yield from (record for key, record in latest.items() if key not in set(there))
    yield from (latest[key] for key in there)


def _delegations(records: Sequence[Record], state: Restored) -> Iterable[Record]:
    over = [r.event.id for r in records if isinstance(r.event, te.DelegationFinished)]
    wanted = {*over[-MOST_DELEGATIONS:], *state.broken_off}
    for record in records:
        event = record.event
        if isinstance(event, te.DelegationStarted | te.DelegationFinished) and event.id in wanted:
            yield record
