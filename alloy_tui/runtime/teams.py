"""The team of the program: the main agent with whom it spawns, or one that was opened.

Owns its life, how its agents are made, and what of it the main agent may use as
tools. Belongs to the engine's loop. Must not know what a screen shows of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.hub import Hub
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.tool import Tool
from alloy_tui.runtime.team_files import find_team
from alloy_tui.runtime.team_keeping import Kept, TeamKeeping
from alloy_tui.runtime.team_telling import TeamTelling
from alloy_tui.runtime.timeline import Timeline
from alloy_tui.runtime.watching import Watching
from alloy_tui.sessions.store import SessionStore
from alloy_tui.team.board import TaskBoard
from alloy_tui.team.delegations import Work
from alloy_tui.team.mail import Mail
from alloy_tui.team.member import AgentPlan
from alloy_tui.team.shared import SharedContext
from alloy_tui.team.spec import TeamSpec, read_team
from alloy_tui.team.team import Team
from alloy_tui.team.tools import SpawnTool, team_tools

AD_HOC = TeamSpec(name="session", max_depth=2, max_agents=100)
"""The team that there is before one is opened: whom the main agent spawns."""


class MakeMember(Protocol):
    """Makes an agent from its plan, which goes on from what is kept. Raises AlloyError."""

    def __call__(self, plan: AgentPlan, kept: Kept) -> Awaitable[Agent]:
        """The agent, not started."""
        ...


class Surroundings(Protocol):
    """What teams need to know of the program at any moment."""

    @property
    def cwd(self) -> str:
        """The folder that the tools work in."""
        ...

    @property
    def model(self) -> str:
        """The model that answers now."""
        ...


class Teams:
    """One team at a time; fills `team.tools.Workplace` for the main agent.

    `folders` are where team files lie; with no `store` nothing is kept. `opened`
    is called when the main agent's tools are others.
    """

    def __init__(
        self,
        hub: Hub,
        approvals: Approvals,
        watching: Watching,
        *,
        main: str,
        agent: Callable[[], Agent | None],
        about: Callable[[], Surroundings],
        folders: Callable[[], tuple[Path, ...]],
        make: MakeMember,
        store: Callable[[], Awaitable[SessionStore]] | None,
        opened: Callable[[], object],
    ) -> None:
        self.watching = watching
        self.main = main
        self.telling = TeamTelling(hub, watching, lambda: self._team)
        self.timeline = Timeline()
        self.folders = folders
        self.about = about
        self.store = store
        self.main_agent = agent
        self._hub = hub
        self._approvals = approvals
        self._make = make
        self._opened = opened
        self._team: Team | None = None
        self.keeping: TeamKeeping | None = None
        self._sessions: dict[str, str] = {}
        self._opening = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()
        hub.subscribe(self.timeline.take)
        hub.subscribe(self._heard)
        self.telling.roster.know(main, main=True)

    # -- life ---------------------------------------------------------------------------------

    @property
    def now(self) -> Team | None:
        """The team of now, None = nobody was spawned and none was opened."""
        return self._team

    async def team(self) -> Team:
        """The team of now; that of the session is made when it is first needed."""
        async with self._opening:
            if self._team is None:
                await self._begin(AD_HOC)
            assert self._team is not None, "begun above"
            return self._team

    async def open(self, wanted: str) -> None:
        """Open a team as it was left; one that is open is closed before. Raises AlloyError."""
        path = find_team(wanted, self.folders(), Path(self.about().cwd))
        spec = read_team(path)
        async with self._opening:
            await self._end()
            await self._begin(spec, str(path))
        self._opened()

    async def close(self) -> None:
        """Stop all agents; what they said and share is kept."""
        async with self._opening:
            await self._end()
        self.telling.tell()
        self._opened()

    async def stop(self) -> None:
        """The program ends."""
        self.telling.stop()
        await self._end()

    async def _begin(self, spec: TeamSpec, file: str = "") -> None:
        keeping = TeamKeeping(self.store, cwd=self.about().cwd, complain=self._complain)
        records = await keeping.open(spec.name) if file else ()
        team = Team(
            spec,
            make=self._member,
            hub=self._hub,
            approvals=self._approvals,
            records=records,
            log=keeping if file else None,
        )
        self._sessions = {
            record.event.name: record.event.session
            for record in records
            if isinstance(record.event, te.MemberAdded)
        }
        self._team, self.keeping = team, keeping
        self.telling.begin(file, records)
        try:
            await team.start()
        except BaseException:
            await self._end()
            raise
        self.telling.tell()

    async def _end(self) -> None:
        team, keeping = self._team, self.keeping
        if team is not None:
            await team.stop()
        self._team = None
        if self._leaving:
            await asyncio.wait(self._leaving)
        if keeping is not None:
            await keeping.close()
        self.keeping = None
        self.telling.over()

    async def _member(self, plan: AgentPlan) -> Agent:
        """Make an agent of the team: hidden until somebody looks, kept in a session of its own."""
        spec, keeping = plan.spec, self.keeping
        assert keeping is not None, "a team is begun with its keeping"
        self.watching.hide(spec.name)
        know = self.telling.roster.know
        know(
            spec.name,
            parent=plan.parent,
            role=spec.role,
            max_turns=spec.max_turns,
            budget_usd=spec.budget_usd,
            budget_tokens=spec.budget_tokens,
            worktree="a git worktree of its own" if spec.worktree else "",
        )
        again = self._sessions.get(spec.name, "")
        kept = await keeping.member(spec.name, spec.model or self.about().model, again=again)
        return await self._make(plan, kept)

    def _heard(self, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, te.MemberRemoved) and self.keeping is not None:
            task = asyncio.create_task(self.keeping.let_go(event.name), name="letting go")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _complain(self, words: str) -> None:
        self._hub.publish(self.main, None, 0, ev.Notice("warning", words))

    # -- what the main agent may use ----------------------------------------------------------

    def tools(self) -> tuple[Tool, ...]:
        """For the main agent: spawning alone, or all of a team that was opened."""
        return team_tools(self) if self.telling.file else (SpawnTool(self),)

    def _there(self) -> Team:
        if self._team is None:
            raise TeamError("There is no team.", kind="stopped", hint="Open one first.")
        return self._team

    @property
    def spec(self) -> TeamSpec:
        """See `Workplace`."""
        return AD_HOC if self._team is None else self._team.spec

    @property
    def board(self) -> TaskBoard:
        """See `Workplace`."""
        return self._there().board

    @property
    def shared(self) -> SharedContext:
        """See `Workplace`."""
        return self._there().shared

    @property
    def agents(self) -> tuple[str, ...]:
        """See `Workplace`."""
        return () if self._team is None else self._team.agents

    def work_of(self, name: str) -> Work | None:
        """See `Workplace`."""
        return None if self._team is None else self._team.work_of(name)

    async def delegate(
        self, name: str, text: str, *, timeout_s: float | None, by: str, within: Work | None
    ) -> RunResult:
        """See `Workplace`."""
        return await (await self.team()).delegate(
            name, text, timeout_s=timeout_s, by=by, within=within
        )

    async def spawn(
        self, text: str, *, by: str, timeout_s: float | None, within: Work | None
    ) -> RunResult:
        """See `Workplace`."""
        return await (await self.team()).spawn(text, by=by, timeout_s=timeout_s, within=within)

    def send(self, to: Sequence[str], text: str, *, by: str) -> Mail:
        """See `Workplace`."""
        return self._there().send(to, text, by=by)
