"""The team as a screen is shown it: made anew at most four times a second, while somebody follows.

Owns followers, timing, the delegations that are listed, and the making of a
`TeamView`. Belongs to the engine's loop; `view` is a value and may be read anywhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from alloy_tui.agent.hub import Hub
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import EngineEvent, Envelope
from alloy_tui.runtime.former_lives import Past
from alloy_tui.runtime.roster import Roster, Sums, sums
from alloy_tui.runtime.team_port import AgentRow, Delegation, TeamView
from alloy_tui.runtime.team_sessions import TEAM_AGENT
from alloy_tui.runtime.watching import Watching
from alloy_tui.team.log import KeptEvent, Record
from alloy_tui.team.team import Team

EVERY_S = 0.25
"""Views are published at most this often."""
_MOVING_S = 1.0
_MOST_DELEGATIONS = 500
_MOST_MAIL = 500
_SHOWN = (
    te.MemberAdded,
    te.MemberRemoved,
    te.SupervisorGaveUp,
    te.DelegationStarted,
    te.DelegationFinished,
    te.MailSent,
    te.MailRead,
    te.TaskChanged,
    te.SharedChanged,
    te.LeaseChanged,
    te.LeaseRefused,
    te.MemberPaused,
    te.MemberResumed,
    te.BudgetRaised,
)


class TeamTelling:
    """`team` is the one of now, None = the main agent is alone."""

    def __init__(self, hub: Hub, watching: Watching, team: Callable[[], Team | None]) -> None:
        self.view = TeamView()
        self.roster = Roster(self.changed)
        self.file = ""
        self._hub = hub
        self._watching = watching
        self._team = team
        self._gave_up = ""
        self._gone = Sums()
        self._followers: set[str] = set()
        self._delegations: dict[str, Delegation] = {}
        self._asleep = False
        self._timer: asyncio.TimerHandle | None = None
        self._told_s = float("-inf")
        self._version = 0
        hub.subscribe(self.roster.take)
        hub.subscribe(self._heard)

    def follow(self, who: str, *, wanted: bool) -> None:
        """See `TeamPort.follow`."""
        if wanted:
            self._followers.add(who)
            self.tell()
        else:
            self._followers.discard(who)

    def begin(self, file: str, records: tuple[Record, ...]) -> None:
        """Another team; `records` are of its earlier lives."""
        self.file, self._gave_up = file, ""
        self._delegations.clear()
        self._asleep = False
        if file or records:
            self._gone = Sums()  # of the team before, or counted by its records
        for record in records:
            self._take_delegation(record.by, record.at_ms, record.event)

    def count_gone(self, past: Past) -> None:
        """What an agent took that left in a former program."""
        if past.spent is not None:
            cost, known = past.spent.cost, past.spent.cost_known
            self._gone += Sums(known, cost is None, past.turns)

    def sleeps(self, pasts: Iterable[Past]) -> None:
        """A team that may come back took this in former programs: it is told of as it is."""
        for past in pasts:
            self.count_gone(past)
            self._asleep = True
        self.tell()

    def over(self) -> None:
        """There is only the main agent from now on."""
        self.file = ""
        for row in self.roster.rows(0):
            if not row.main:
                self._drop(row.name)

    @property
    def followed(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self._followers)

    def forget(self) -> None:
        """Another conversation begins: what was done and taken until now is not its own."""
        self._gone = Sums()
        self._asleep = False
        self._delegations.clear()

    def stop(self) -> None:
        """Tell no more."""
        self._followers.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def changed(self) -> None:
        """Something that a view would show."""
        if not (self._followers or self._asleep):
            return
        due_s = self._told_s + EVERY_S
        if self._timer is not None and self._timer.when() <= due_s:
            return
        if self._timer is not None:
            self._timer.cancel()  # of what moves by itself, and later
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(max(loop.time(), due_s), self.tell)

    def tell(self) -> None:
        """Make the view anew, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        self._told_s = loop.time()
        self._version += 1
        self.view = self.made()
        if self._followers or self._asleep:
            self._hub.publish(TEAM_AGENT, None, 0, te.TeamChanged(self._version))
            if self.roster.moving:
                # Sparklines go on by themselves until all is quiet.
                self._timer = loop.call_at(self._told_s + _MOVING_S, self.tell)

    def made(self) -> TeamView:
        """The team as of now."""
        team = self._team()
        rows = self._placed(self.roster.rows(time.time_ns() // 1_000_000))
        total = sums(rows) + self._gone
        view = TeamView(
            version=self._version,
            rows=rows,
            delegations=tuple(self._delegations.values()),
            cost=total.cost,
            cost_partial=total.partial,
            turns=total.turns,
        )
        if team is None:
            return view
        there = set(team.agents)
        rows = tuple(
            replace(
                row,
                paused=team.member(row.name).paused,
                unread=len(team.mail.unread(row.name)),
            )
            if row.name in there
            else row
            for row in rows
        )
        spec, limits = team.spec, team.allowances.team.limits
        most = limits["tokens"]
        strategy = spec.strategy.replace("_", " ")
        return replace(
            view,
            name=spec.name if self.file else "",
            file=self.file,
            rows=rows,
            tasks=team.board.tasks,
            mail=team.mail.timeline[-_MOST_MAIL:],
            shared=team.shared.entries,
            leases=team.leases.held,
            collisions=team.leases.collisions,
            budget_usd=limits["usd"],
            budget_tokens=None if most is None else int(most),
            supervision=f"{strategy}, at most {spec.max_restarts} in {spec.period_s:g} s",
            gave_up=self._gave_up,
        )

    def _placed(self, rows: tuple[AgentRow, ...]) -> tuple[AgentRow, ...]:
        """Whoever works in a pipeline says at which step; a question comes before that."""
        places = {
            work.to: work.place
            for work in reversed(self._delegations.values())
            if work.steps and work.status is None
        }
        if not places:
            return rows
        return tuple(
            replace(row, activity=f"{places[row.name]}: {row.activity}")
            if row.name in places and not row.view.approvals
            else row
            for row in rows
        )

    def _heard(self, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, _SHOWN):
            return
        if isinstance(event, te.MemberRemoved):
            self._drop(event.name)
        elif isinstance(event, te.SupervisorGaveUp):
            team = self._team()
            if team is not None and event.supervisor == team.spec.name:  # and not one of its groups
                self._gave_up = event.cause
        elif isinstance(event, te.BudgetRaised):
            if event.name in self.roster:
                self.roster.know(event.name, budget_usd=event.usd, budget_tokens=event.tokens)
        else:
            self._take_delegation(envelope.agent, envelope.at_ms, event)
        self.changed()

    def _drop(self, name: str) -> None:
        row = self.roster.row(name)
        if row is not None:
            # What it took was taken, though it is there no more.
            self._gone += sums((row,))
        self.roster.drop(name)
        self._watching.forget(name)

    def _take_delegation(self, by: str, at_ms: int, event: EngineEvent | KeptEvent) -> None:
        if isinstance(event, te.DelegationStarted):
            self._delegations[event.id] = Delegation(
                event.id,
                by,
                event.to,
                event.text,
                event.kind,
                event.depth,
                at_ms,
                handoff=event.handoff,
                step=event.step,
                steps=event.steps,
            )
            while len(self._delegations) > _MOST_DELEGATIONS:
                del self._delegations[next(iter(self._delegations))]
        elif isinstance(event, te.DelegationFinished) and event.id in self._delegations:
            work = self._delegations[event.id]
            self._delegations[event.id] = replace(
                work, ended_ms=at_ms, status=event.status, brought=event.text
            )
