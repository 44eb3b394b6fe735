"""Who is in a team, from the first start to the last stop.

Owns joining, leaving, and what the team hears of its agents. Must not know how they
are steered or how work is passed on. Every failure is a TeamError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Self

from msgspec.structs import replace

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.hub import Hub
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import ConfigError, TeamError
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.tool import Tool
from alloy_tui.team.commons import Commons
from alloy_tui.team.log import Record, TeamLog, keep
from alloy_tui.team.member import Life, Member
from alloy_tui.team.passages import member_passage, news
from alloy_tui.team.plans import AgentPlan, Maker
from alloy_tui.team.recording import PERSON
from alloy_tui.team.rosters import OF_THE_SPECIFICATION, as_read
from alloy_tui.team.spec import GroupSpec, MemberSpec, TeamSpec, checked_member
from alloy_tui.team.supervisor import Begin, ChildSpec, Supervisor
from alloy_tui.team.tree import agents_below, alone, nested, owners, supervisor_of

TEAM = OF_THE_SPECIFICATION
"""The name under which the team itself tells of events."""


class Membership(Commons):
    """The agents of a team, and what they share.

    `records` are those of the team's earlier life: who was in it, its board, mail
    and shared context come back from them; `log` is told what happens from now on.
    """

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
        super().__init__(
            spec, make=make, hub=hub, approvals=approvals, clock=clock, records=records, log=log
        )
        self._above: dict[str, Supervisor] = {}
        self._announced: dict[str, dict[str, object]] = {}
        self._told: dict[str, int] = {}
        self._top = self._supervisor(spec)
        self._leaving: list[Callable[[], None]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all agents, or none. Raises TeamError that names who could not."""
        if self._watching is not None:
            raise TeamError(f"{self.spec.name} was started before.", kind="invalid")
        self._leaving.append(self.hub.subscribe(self._heard))
        if self._log is not None:
            self._leaving.append(self.hub.subscribe(keep(self._log)))
        for key, value in self.spec.shared.items():
            if self.shared.get(key) is None:
                self.shared.put(PERSON, key, value)
        try:
            await self._top.start(self._children())
        except BaseException:
            self._leave()
            raise
        self._close_the_past()
        self._watching = asyncio.create_task(self._watch(), name=f"team {self.spec.name}")

    async def stop(self, grace_s: float = 10.0) -> None:
        """Stop all agents, in reverse order, each within its limit and `grace_s` in all."""
        if self._over is None:
            self._over = TeamError(f"{self.spec.name} was stopped.", kind="stopped")
        for member in self._members.values():
            if member.life is not None and member.life.fate is None:
                member.life.fate = ("stopped", f"{self.spec.name} was stopped.")
        await self._top.stop(grace_s)
        for member in self._members.values():
            member.close(self._over)
        if self._watching is not None:
            await asyncio.wait({self._watching})
        self._leave()

    async def add(self, spec: MemberSpec, *, parent: str = "", depth: int = 0) -> None:
        """Take an agent in. Raises TeamError: "agent_exists", "limit", "invalid", "failed"."""
        self._running()
        if spec.name in self._members or any(g.name == spec.name for g in self.spec.groups):
            raise TeamError(
                f"There is a {spec.name} already.", kind="agent_exists", agent=spec.name
            )
        if len(self._members) >= self.spec.max_agents:
            raise TeamError(
                f"{self.spec.name} has {len(self._members)} agents, which is the most.",
                kind="limit",
                agent=spec.name,
                hint="Remove one, or raise max_agents.",
            )
        try:
            checked_member(spec)
        except ConfigError as error:
            raise TeamError(error.message, kind="invalid", hint=error.hint) from None
        member = self._place(spec, self._top, parent or PERSON, parent, depth)
        try:
            await self._top.add(self._joining(member))
        except BaseException:
            self._forget(member)
            raise

    async def remove(self, name: str) -> None:
        """Stop an agent for good, within its shutdown limit. Raises TeamError "unknown_agent"."""
        member = self.member(name)
        why = TeamError(f"{name} was removed.", kind="stopped", agent=name)
        if member.life is not None:
            member.life.fate = ("stopped", why.message)
        member.close(why)
        try:
            # It stays a member until it has said its last: what it is at is still heard.
            await self._above[name].remove(name)
        except KeyError:
            words = f"{name} is being removed."
            raise TeamError(words, kind="unknown_agent", agent=name) from None
        except BaseException:
            self._forget(member)
            raise
        self._forget(member)

    def tools_of(self, member: Member) -> tuple[Tool, ...]:
        """The team's own tools for an agent; here none."""
        del member
        return ()

    def _supervisor(self, spec: TeamSpec | GroupSpec) -> Supervisor:
        return supervisor_of(spec, self._publish, self._gone, self._down, self._clock)

    def _close_the_past(self) -> None:
        """What was under way when the program ended last is over."""
        words = "The program ended meanwhile."
        for id_, (by, started) in self.restored.broken_off.items():
            error = ev.ErrorInfo("cancelled", words)
            self._publish(by, te.DelegationFinished(id_, started.to, "cancelled", "", error))
        for name in self.restored.roster:
            if name not in self._members:
                self._publish(TEAM, te.MemberRemoved(name))

    def _children(self) -> list[ChildSpec]:
        """The tree below the team's supervisor, with a place for every agent in it."""
        groups = {group.name: self._supervisor(group) for group in self.spec.groups}
        owner = owners(self.spec.groups)
        agents: list[ChildSpec] = []
        for joined in self._joined:
            spec, above = joined.spec, owner.get(joined.spec.name)
            member = self._place(spec, groups[above] if above is not None else self._top, joined.by)
            if joined.told is not None:
                self._announced[spec.name] = joined.told
            if spec.name in self.restored.paused:
                member.pause()
            if (limit := self.restored.limits.get(spec.name)) is not None:
                self.allowances.open(spec.name, limit.usd, limit.tokens)
            of_the_team = joined.by != PERSON
            agents.append(self._child(member) if of_the_team else self._joining(member))
        return nested(agents, self.spec.groups, groups)

    def _place(
        self, spec: MemberSpec, above: Supervisor, by: str, parent: str = "", depth: int = 0
    ) -> Member:
        member = Member(
            spec,
            make=self._make,
            plan=self._plan,
            publish=self._publish,
            begun=self._begun,
            waits=self._waits,
            delegated=self.delegations.work,
            by=by,
            parent=parent,
            depth=depth,
        )
        self._members[spec.name], self._above[spec.name] = member, above
        self.allowances.open(spec.name, spec.budget_usd, spec.budget_tokens, parent)
        return member

    def _child(self, member: Member) -> ChildSpec:
        async def start(begin: Begin) -> Life:
            return await member.start(begin)

        return ChildSpec(member.name, start, member.spec.restart, member.spec.shutdown_s)

    def _joining(self, member: Member) -> ChildSpec:
        """The same for one that the specification does not name."""
        child = self._child(member)
        if child.restart == "temporary" or self.spec.strategy != "one_for_one":
            return child
        return alone(child, self.spec, self._publish, self._down, self._clock)

    def _plan(self, member: Member) -> AgentPlan:
        spec = member.spec
        if not spec.model or spec.approval_mode is None:
            spec = replace(
                spec,
                model=spec.model or self.spec.model,
                approval_mode=spec.approval_mode or self.spec.approval_mode,
            )
        wanted = spec.tools
        own = tuple(t for t in self.tools_of(member) if wanted is None or t.spec.name in wanted)
        others = self._others(member) if own else ()
        return AgentPlan(
            spec,
            member.parent,
            member.messages,
            member.restarts,
            member_passage(self.spec.name, member.spec, member.parent, others, alone=not own),
            own,
            (self.allowances,),
            self.leases,
            self._lineage(member),
            member.spent,
        )

    def _begun(self, member: Member, agent: Agent) -> None:
        if agent.hub is not self.hub:
            raise TeamError(f"The agent made for {member.name} has another hub.", kind="failed")
        self._announce(member, PERSON if member.restarts else member.by, agent)

    def _announce(self, member: Member, by: str, agent: Agent | None = None) -> None:
        agent = agent or self.get(member.name)
        told = as_read(member.spec)
        if self._announced.get(member.name) != told:
            self._announced[member.name] = told
            session = agent.export_session().id if agent is not None else ""
            self._publish(by, te.MemberAdded(member.name, told, member.parent, session))

    def _heard(self, envelope: Envelope) -> None:
        """Hear of an agent; runs for every event of the engine, so it is short."""
        member = self._members.get(envelope.agent)
        life = member.life if member is not None else None
        if member is None or life is None:
            return
        life.heard(envelope)
        event = envelope.event
        if isinstance(event, ev.TurnFinished):
            self.allowances.spend(member.name, event)
        elif isinstance(event, ev.RunStarted):
            self._tell(life.agent, member)
        elif isinstance(event, ev.RunFinished):
            if self.delegations.work(envelope.request_id) is None:
                self.allowances.refused.discard(envelope.request_id or "")
            self.delegations.forget(envelope.request_id)
            if life.run is None:
                self.allowances.settle(member.name)
                self.leases.give_back(member.name)

    def _tell(self, agent: Agent, member: Member) -> None:
        """Before a request begins: what was written to the agent, and what is shared by now."""
        changed = self._told.get(member.name, 0) != self._changes
        said = news(self.mail.take(member.name), self.shared.passage() if changed else "")
        self._told[member.name] = self._changes
        if said:
            agent.add_context(said)

    def _gone(self, name: str) -> None:
        """A temporary agent, or a group of them, left for good after a crash."""
        for each in agents_below(name, self.spec.groups):
            member = self._members.get(each)
            if member is not None:
                self._forget(member)
                member.close(TeamError(f"{each} crashed.", kind="crashed", agent=each))

    def _down(self, name: str, why: TeamError) -> None:
        """An agent, or a group of them, is not started any more; its place stays."""
        for each in agents_below(name, self.spec.groups):
            member = self._members.get(each)
            if member is not None and member.life is None:
                member.close(TeamError(why.message, kind="crashed", agent=each, hint=why.hint))

    def _forget(self, member: Member) -> None:
        name = member.name
        self._members.pop(name, None)
        self._above.pop(name, None)
        self._told.pop(name, None)
        self.leases.give_back(name)
        self.board.release_all(name)
        self.mail.forget(name)
        self.allowances.close(name)
        if self._announced.pop(name, None) is not None:
            self._publish(member.by, te.MemberRemoved(name))

    async def _watch(self) -> None:
        """Wait until the team has ended by itself, and tell who waits for an agent."""
        ended = await self._top.wait()
        if ended.kind == "gave_up" and self._over is None:
            self._over = TeamError(ended.cause, kind="crashed")
        for member in self._members.values():
            member.close(self._over or TeamError("The team is over.", kind="stopped"))

    def _leave(self) -> None:
        for leave in self._leaving:
            leave()
        self._leaving.clear()
