"""The agents of the team of now: where each talks, what it took before, what it may do unasked.

Owns how they are made for a team, and what of former programs they go on with. Belongs
to the engine's loop. Must not know when a team begins and ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.former_lives import Past, last_words
from alloy_tui.runtime.member_modes import MemberModes, is_outside
from alloy_tui.runtime.roster import Roster
from alloy_tui.runtime.team_keeping import Kept, TeamKeeping
from alloy_tui.runtime.team_surroundings import MakeMember, Surroundings
from alloy_tui.runtime.watching import Watching
from alloy_tui.team.allowances import Allowances
from alloy_tui.team.log import Record, Restored
from alloy_tui.team.plans import AgentPlan
from alloy_tui.team.team import Team

_MOST_LEFT = 100


class MemberLives:
    """`counted` are the sessions of all that worked in this conversation, also for other teams."""

    def __init__(
        self,
        watching: Watching,
        roster: Roster,
        modes: MemberModes,
        about: Callable[[], Surroundings],
        make: MakeMember,
    ) -> None:
        self.counted: dict[str, None] = {}
        self._watching = watching
        self._roster = roster
        self._modes = modes
        self._about = about
        self._make = make
        self._keeping: TeamKeeping | None = None
        self._restored: Restored | None = None
        self._joined: list[te.MemberAdded] = []
        self._sessions: dict[str, str] = {}
        self._wanted: dict[str, tuple[ApprovalMode | None, bool]] = {}

    def begin(self, keeping: TeamKeeping, restored: Restored, records: Iterable[Record]) -> None:
        """Another team; `records` are of its earlier lives, and `restored` what they add up to."""
        self._keeping, self._restored = keeping, restored
        self._joined = [r.event for r in records if isinstance(r.event, te.MemberAdded)]
        self._sessions = {e.name: e.session for e in self._joined if e.session}
        self.counted |= dict.fromkeys(self._sessions.values())

    def end(self) -> None:
        """The team is over; where its agents talked is known until another begins."""
        self._keeping = self._restored = None
        self._wanted.clear()

    def forget(self, name: str) -> None:
        """The agent has left."""
        self._wanted.pop(name, None)

    def allow(self, mode: ApprovalMode, team: Team | None) -> None:
        """The person lets the conversation's agent do that unasked: those of `team` follow."""
        self._modes.own = mode
        for name, (wanted, outside) in self._wanted.items():
            agent = None if team is None else team.get(name)
            if agent is not None:
                agent.configure(approval_mode=self._modes.of(name, wanted, outside=outside))

    def sessions_of(self, here: Sequence[str]) -> dict[str, str]:
        """The sessions of the agents `here` by name; of those that left, the latest hundred's."""
        left = [name for name in self._sessions if name not in here][-_MOST_LEFT:]
        return {name: self._sessions.get(name, "") for name in (*left, *here)}

    async def book(self, allowances: Allowances) -> dict[str, Past]:
        """Limits are for an agent's whole life: what it spent in former programs counts.

        Returns that by session. Raises StoreError.
        """
        assert self._keeping is not None, "a team is begun with its keeping"
        parents = {event.name: event.parent for event in self._joined}
        owners = {event.session: event.name for event in self._joined if event.session}
        spent = await self._keeping.spent(owners)
        for session, past in spent.items():
            owner, seen = owners[session], set[str]()
            # What was spawned has gone, and spent of its spawner's.
            while owner not in seen and (above := parents.get(owner)):
                seen.add(owner)
                owner = above
            allowances.open(owner, None, None)
            allowances.book(owner, past.usd, past.tokens)
        return spent

    def gone(self, team: Team, spent: Mapping[str, Past]) -> list[Past]:
        """What of `spent` those took that did not come back; they have no purse any more."""
        for event in self._joined:
            if event.name not in team.agents:
                team.allowances.close(event.name)
        here = {self._sessions.get(name) for name in team.agents}
        return [past for session, past in spent.items() if session not in here]

    async def make(self, plan: AgentPlan) -> Agent:
        """Make an agent of the team: hidden until somebody looks, kept in a session of its own."""
        spec, keeping = plan.spec, self._keeping
        assert keeping is not None, "a team is begun with its keeping"
        self._watching.hide(spec.name)
        know = self._roster.know
        know(
            spec.name,
            parent=plan.parent,
            role=spec.role,
            max_turns=spec.max_turns,
            budget_usd=spec.budget_usd,
            budget_tokens=spec.budget_tokens,
        )
        outside = await asyncio.to_thread(is_outside, self._about().cwd, spec.cwd)
        self._wanted[spec.name] = (spec.approval_mode, outside)
        mode = self._modes.of(spec.name, spec.approval_mode, outside=outside)
        # Who is made for one piece of work may be called as another was in a former life.
        again = "" if plan.parent else self._sessions.get(spec.name, "")
        kept = await keeping.member(spec.name, spec.model or self._about().model, again=again)
        if kept.session:
            self.counted[kept.session] = None
        if not plan.restarts:
            self._recall(spec.name, kept)
        plan = replace(
            plan,
            spec=structs.replace(spec, approval_mode=mode),
            spent=plan.spent or kept.past.spent,
        )
        made = await self._make(plan, kept)
        know(spec.name, worktree=str(made.folder) if spec.worktree else "", session=kept.session)
        return made.agent

    def _recall(self, name: str, kept: Kept) -> None:
        """What the agent was in former programs is on its row."""
        known = self._restored.restarts.get(name) if self._restored is not None else None
        restarts, cause = (known.count, known.cause) if known is not None else (0, "")
        words = last_words(kept.messages)
        self._roster.recall(name, kept.past, words, restarts=restarts, cause=cause)
