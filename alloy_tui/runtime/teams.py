"""The team of the program: the session's own, or one that was opened from a file.

Owns its life, and what of it the main agent may use as tools. Belongs to the
engine's loop. Must not know what a screen shows of it, nor how its agents are made.

A session's own team is the main agent with whom it spawns and whom a person adds.
It stays with its session: when another session comes on screen (a new one, one from
the list, a fork, which begins without one) its agents stop as the main agent does,
and it comes back when it is asked for where its session is on screen again. A team
that was opened from a file belongs to the folder and goes on beside any session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import AlloyError, TeamError
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.tool import Tool
from alloy_tui.runtime.main_workplace import AD_HOC, MainWorkplace
from alloy_tui.runtime.member_lives import MemberLives
from alloy_tui.runtime.member_modes import MemberModes
from alloy_tui.runtime.posting import Posting
from alloy_tui.runtime.runs_kept import RunsKept
from alloy_tui.runtime.team_files import find_team
from alloy_tui.runtime.team_keeping import TeamKeeping
from alloy_tui.runtime.team_port import TeamView
from alloy_tui.runtime.team_reading import own_team_sessions, own_team_took
from alloy_tui.runtime.team_surroundings import Desk, MakeMember, Surroundings
from alloy_tui.runtime.team_telling import TeamTelling
from alloy_tui.runtime.timeline import Timeline
from alloy_tui.runtime.watching import Watching
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.store import SessionStore
from alloy_tui.team.leases import leased
from alloy_tui.team.log import Record
from alloy_tui.team.spec import TeamSpec, read_team
from alloy_tui.team.team import Team
from alloy_tui.team.tools import SpawnTool, team_tools


class Teams:
    """One team at a time.

    `folders` are where team files lie; with no `store` nothing is kept. `desk`
    has the conversation on screen, `mode` what its agent may do unasked, `posted`
    the folder where other programs look for what runs. `opened` is called when
    the main agent's tools are others.
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
        desk: Desk,
        mode: ApprovalMode,
        posted: Path,
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
        self.posting = Posting(posted, self._seen, lambda: self.about().cwd)
        self._hub = hub
        self._approvals = approvals
        self._opened = opened
        self._desk = desk
        self._team: Team | None = None
        self.keeping: TeamKeeping | None = None
        self._looked_at = ""
        modes = MemberModes(mode, self._complain)
        self.lives = MemberLives(watching, self.telling.roster, modes, about, make)
        self._opening = asyncio.Lock()
        self._stopped = False
        self._leaving: set[asyncio.Task[None]] = set()
        self._workplace = MainWorkplace(lambda: self._team, self.team)
        self.runs = RunsKept(lambda name: len(self.messages_of(name)))
        hub.subscribe(self.timeline.take)
        hub.subscribe(self.runs.take)
        hub.subscribe(self._heard)
        self.telling.roster.know(main, main=True)
        desk.leaving.append(self._left)
        desk.arrived.append(self._arrived)

    # -- life ---------------------------------------------------------------------------------

    @property
    def now(self) -> Team | None:
        """The team of now, None = nobody was spawned and none was opened."""
        return self._team

    def agent(self, name: str) -> Agent | None:
        """The agent of that name, the conversation's own included."""
        if name == self.main:
            return self.main_agent()
        return None if self._team is None else self._team.get(name)

    def messages_of(self, name: str) -> tuple[ChatMessage, ...]:
        """An agent's conversation, also while it is being started anew."""
        agent = self.agent(name)
        if agent is not None:
            return agent.messages
        there = self._team is not None and name in self._team.agents
        return self._team.member(name).messages if self._team is not None and there else ()

    async def team(self) -> Team:
        """The team of now; that of the session is made, or comes back, when it is needed."""
        async with self._opening:
            if self._team is None:
                await self._begin_own()
            assert self._team is not None, "begun above"
            return self._team

    async def follow(self, who: str, *, wanted: bool) -> None:
        """See `TeamPort.follow`; whoever looks sees the session's team as it was left."""
        self.telling.follow(who, wanted=wanted)
        if wanted:
            await self._wake()

    async def open(self, wanted: str) -> None:
        """Open a team as it was left; one that is open is closed before. Raises AlloyError."""
        path = find_team(wanted, self.folders(), Path(self.about().cwd))
        spec = read_team(path)
        async with self._opening:
            await self._end()
            keeping = self._keeping(spec)
            await self._begin(spec, keeping, await keeping.open(), file=str(path))
        self._opened()

    async def close(self) -> None:
        """Stop all agents; what they said and share is kept.

        After a team from a file the session's own is there again.
        """
        async with self._opening:
            own = not self.telling.file
            await self._end()
        self.telling.tell()
        self._opened()
        if not own:
            await self._arrived()

    async def stop(self, grace_s: float) -> None:
        """The program ends: all agents stop within `grace_s` seconds; what they said is kept."""
        self.telling.stop()
        self._stopped = True
        await self._end(grace_s)
        await self.posting.close()

    def allow(self, mode: ApprovalMode) -> None:
        """The person lets the conversation's agent do that unasked: the others follow."""
        self.lives.allow(mode, self._team)

    async def sessions(self) -> tuple[str, ...]:
        """Of all agents that worked here: what they spend counts as this conversation's.

        What they said until now is stored when this returns.
        """
        if self.keeping is not None:
            await self.keeping.durable()
        session = self._desk.state.id
        if self.store is not None and session != self._looked_at:
            # Of the session's own team also while it has not come back yet.
            kept = await asyncio.to_thread(own_team_sessions, await self.store(), session)
            self.lives.counted |= dict.fromkeys(kept)
            self._looked_at = session
        return tuple(self.lives.counted)

    async def _left(self) -> None:
        """The session on screen is about to be another: its own team stays with it."""
        async with self._opening:
            if self.telling.file or self._stopped:
                return
            await self._end()
            self.lives.counted.clear()
            self._looked_at = ""
            self.telling.forget()
            self.timeline.forget_others(self.main)
        self.telling.tell()

    async def _arrived(self) -> None:
        """Whoever looks on sees the team of the session that is on screen now; all see its cost."""
        try:
            if self.telling.followed:
                await self._wake()
            elif self._team is None and self.store is not None:
                store, kept = await self.store(), await self.sessions()
                self.telling.sleeps(await asyncio.to_thread(own_team_took, store, kept))
        except AlloyError as error:
            self._complain(error.message)

    async def _wake(self) -> None:
        """The session's own team comes back, if it has one that was kept."""
        async with self._opening:
            if self._team is None and not self._stopped:
                await self._begin_own(anew=False)

    async def _begin_own(self, *, anew: bool = True) -> None:
        """The session's own team as it was left; `anew` if it has none. Raises AlloyError.

        An agent that cannot be made now is left out, and tried again the next time:
        nobody can mend a team without a file by editing it.
        """
        out: dict[str, Record] = {}
        while True:
            keeping = self._keeping(AD_HOC, self._desk.begun)
            records = await keeping.reopen(self._desk.state.id)
            if records is None and not anew:
                return
            try:
                await self._begin(AD_HOC, keeping, (*(records or ()), *out.values()))
            except TeamError as error:
                name = error.agent
                if not records or not name or name in out:
                    raise
                out[name] = Record(self.main, records[-1].at_ms, te.MemberRemoved(name))
                self._complain(f"{name} could not come back: {error.message}")
            else:
                return

    def _keeping(
        self, spec: TeamSpec, session: Callable[[], Awaitable[LiveSession]] | None = None
    ) -> TeamKeeping:
        cwd = self.about().cwd
        return TeamKeeping(self.store, spec.name, cwd=cwd, session=session, complain=self._complain)

    async def _begin(
        self, spec: TeamSpec, keeping: TeamKeeping, records: tuple[Record, ...], file: str = ""
    ) -> None:
        team = Team(
            spec,
            make=self.lives.make,
            hub=self._hub,
            approvals=self._approvals,
            records=records,
            log=keeping,
        )
        self.lives.begin(keeping, team.restored, records)
        self._team, self.keeping = team, keeping
        self.telling.begin(file, records)
        try:
            spent = await self.lives.book(team.allowances)
            await team.start()
        except BaseException:
            await self._end()
            raise
        for past in self.lives.gone(team, spent):
            self.telling.count_gone(past)
        self.telling.tell()

    async def _end(self, grace_s: float = 10.0) -> None:
        team, keeping = self._team, self.keeping
        if team is not None:
            await team.stop(grace_s)
        self._team = None
        if self._leaving:
            await asyncio.wait(self._leaving)
        if keeping is not None:
            await keeping.close()
        self.keeping = None
        self.lives.end()
        self.telling.over()
        self.posting.changed()

    def _heard(self, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, te.TeamChanged):
            self.posting.changed()
        if isinstance(event, ev.RunFinished) and envelope.agent == self.main and self._team:
            self._team.leases.give_back(self.main)
        if isinstance(event, te.MemberRemoved) and self.keeping is not None:
            self.lives.forget(event.name)
            self.runs.forget(event.name)
            task = asyncio.create_task(self.keeping.let_go(event.name), name="letting go")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _seen(self) -> TeamView:
        """What other programs are told; the main agent may be alone."""
        self.telling.roster.know(self.main, session=self._desk.state.id)
        return self.telling.made()

    def _complain(self, words: str) -> None:
        self._hub.publish(self.main, None, 0, ev.Notice("warning", words))

    # -- what the main agent may use ----------------------------------------------------------

    def tools(self) -> tuple[Tool, ...]:
        """For the main agent: spawning alone, or all of a team that was opened."""
        work = self._workplace
        return team_tools(work) if self.telling.file else (SpawnTool(work),)

    def leased(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The main agent's own tools, kept to the leases of the team that there is."""
        return leased(tools, lambda: None if self._team is None else self._team.leases)
