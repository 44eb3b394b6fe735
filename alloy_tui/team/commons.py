"""What the agents of a team have in common, and who they are.

Owns the shared things, as they come back from the records of the team's earlier
life, and the looking up of agents. Must not know how they join, leave or are asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.hub import Hub
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import EngineEvent
from alloy_tui.team.allowances import Allowances, Purse
from alloy_tui.team.delegations import Delegations
from alloy_tui.team.leases import Leases
from alloy_tui.team.log import Record, Restored, TeamLog
from alloy_tui.team.member import Life, Member
from alloy_tui.team.plans import Maker
from alloy_tui.team.recording import Channel
from alloy_tui.team.rosters import roster
from alloy_tui.team.spec import MemberSpec, TeamSpec, checked


class Commons:
    """The agents of a team by name, and what they share; see `Membership`."""

    def __init__(
        self,
        spec: TeamSpec,
        *,
        make: Maker,
        hub: Hub,
        approvals: Approvals,
        clock: Clock,
        records: Iterable[Record] = (),
        log: TeamLog | None = None,
    ) -> None:
        self.spec = checked(spec)
        self.hub = hub
        self.approvals = approvals
        channel = Channel(self._publish, clock.now_ms)
        records = tuple(records)
        self.restored = Restored(channel).fold(records)
        self._joined = roster(spec.members, records, self.restored.roster)
        self.board = self.restored.board
        self.mail = self.restored.mail
        self.shared = self.restored.shared
        self.leases = Leases(channel, self._waits_for)
        raised = self.restored.limits.get("")
        limits = (spec.budget_usd, spec.budget_tokens)
        self.allowances = Allowances(
            Purse("", *(limits if raised is None else (raised.usd, raised.tokens))),
            approvals=approvals,
            publish=hub.publish,
        )
        self.delegations = Delegations(spec.max_depth, clock=clock, publish=self._publish)
        self._clock = clock
        self._make = make
        self._log = log
        self._members: dict[str, Member] = {}
        self._changes = 1 if self.shared.entries else 0
        self._over: TeamError | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of all agents, in the order in which they joined."""
        return tuple(self._members)

    def get(self, name: str) -> Agent | None:
        """The agent of that name, None when there is none just now."""
        member = self._members.get(name)
        return member.life.agent if member is not None and member.life is not None else None

    def member(self, name: str) -> Member:
        """One agent's place. Raises TeamError "unknown_agent"."""
        member = self._members.get(name)
        if member is None:
            raise TeamError(
                f"Nobody in {self.spec.name} is named {name[:60]}.",
                kind="unknown_agent",
                agent=name,
                hint=f"There are: {', '.join(list(self._members)[:20]) or 'none'}.",
            )
        return member

    def _running(self) -> None:
        if self._over is not None:
            raise self._over
        if self._watching is None:
            raise TeamError(f"{self.spec.name} was not started.", kind="stopped")

    def _life(self, name: str) -> Life:
        member = self.member(name)
        if member.life is None:
            raise member.over or TeamError(
                f"{name} is being started anew.", kind="crashed", agent=name
            )
        return member.life

    def _publish(self, by: str, event: EngineEvent) -> None:
        self.hub.publish(by, None, 0, event)
        if isinstance(event, te.SharedChanged):
            self._changes += 1

    def _lineage(self, member: Member) -> tuple[str, ...]:
        names: list[str] = []
        above: Member | None = member
        while above is not None and above.parent:
            names.append(above.parent)
            above = self._members.get(above.parent)
        return tuple(names)

    def _others(self, member: Member) -> list[MemberSpec]:
        return [m.spec for m in self._members.values() if m is not member and not m.parent]

    def _own(self) -> list[str]:
        """Those that nobody spawned."""
        return [name for name, member in self._members.items() if not member.parent]

    def _waits_for(self, one: str, other: str) -> bool:
        return self.delegations.circle(other, one)

    def _waits(self, name: str) -> bool:
        return self.delegations.waits(name) or self.allowances.waiting[name] > 0
