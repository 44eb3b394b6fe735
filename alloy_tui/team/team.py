"""A team: named agents that are asked alone, all at once, or one after the other.

Owns how work is passed on: to all, through several, to one made for it. Must not know of screens
or stores. Every failure is a TeamError, and what was brought until then is in it.

    async with Team({"researcher": {}, "coder": {"tools": [...]}}, model="...") as team:
        answer = await team.delegate("researcher", "Which rounding modes are there?")
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.tool_task import Limits
from alloy_tui.domain.access import AccessLookup
from alloy_tui.domain.errors import ConfigError, TeamError
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.tool import Tool
from alloy_tui.team.asking import TIMEOUT_S, Asking
from alloy_tui.team.delegations import Work, checked_timeout
from alloy_tui.team.gathering import all_of
from alloy_tui.team.handoffs import Handoff
from alloy_tui.team.log import Record, TeamLog
from alloy_tui.team.mail import Mail
from alloy_tui.team.making import LibraryMaker, specified
from alloy_tui.team.member import Member
from alloy_tui.team.passages import news
from alloy_tui.team.plans import Maker
from alloy_tui.team.recording import PERSON
from alloy_tui.team.spec import MemberSpec, TeamSpec
from alloy_tui.team.tools import SpawnTool, team_tools

_NAME_CHARS = 40


class Team(Asking):
    """Agents under supervision.

    `members` are a `TeamSpec`, or by name either a `MemberSpec` or a mapping of its
    fields and of options of `Agent`. `model` is for those that name none. `make`
    makes the agents instead; it must use the same `hub` and `approvals`.
    """

    def __init__(
        self,
        members: TeamSpec | Mapping[str, MemberSpec | Mapping[str, Any]] | None = None,
        *,
        model: str | Provider = "",
        cwd: str | Path = ".",
        access: AccessLookup | None = None,
        limits: Limits | None = None,
        make: Maker | None = None,
        hub: Hub | None = None,
        approvals: Approvals | None = None,
        clock: Clock | None = None,
        records: Iterable[Record] = (),
        log: TeamLog | None = None,
        **of_the_team: Any,
    ) -> None:
        clock = clock or Clock()
        hub, approvals = hub or Hub(clock=clock), approvals or Approvals(clock=clock)
        try:
            spec, options = specified(members, of_the_team)
            self._maker = LibraryMaker(
                hub=hub,
                approvals=approvals,
                clock=clock,
                model=model,
                cwd=cwd,
                access=access,
                limits=limits,
                options=options,
            )
            super().__init__(
                spec,
                make=make or self._maker,
                hub=hub,
                approvals=approvals,
                clock=clock,
                records=records,
                log=log,
            )
        except ConfigError as error:
            raise TeamError(error.message, kind="invalid", hint=error.hint) from None
        self.spawn_tool: Tool = SpawnTool(self)
        """For an agent that is in no team and may have others work for it."""
        self._tools: dict[bool, tuple[Tool, ...]] = {}
        self._spawned = 0

    async def start(self) -> None:
        """Start all agents, or none. Raises TeamError that names who could not."""
        try:
            await super().start()
        except BaseException:
            await self._maker.aclose()
            raise

    async def stop(self, grace_s: float = 10.0) -> None:
        """Stop all agents, in reverse order, each within its limit and `grace_s` in all."""
        await super().stop(grace_s)
        await self._maker.aclose()

    async def broadcast(
        self,
        text: str,
        *,
        to: Sequence[str] | None = None,
        timeout_s: float | None = TIMEOUT_S,
        parallel: int | None = None,
        by: str = PERSON,
        within: Work | None = None,
    ) -> dict[str, RunResult | TeamError]:
        """Ask all agents of now, or those of `to`, each for itself; every name has its outcome.

        `parallel` are asked at once, the team's number without it.
        """
        self._running()
        names = tuple(dict.fromkeys(self._own() if to is None else to))
        slots = asyncio.Semaphore(parallel or self.spec.parallel)
        ends = None if timeout_s is None else self._now_s() + checked_timeout(timeout_s)

        async def ask(name: str) -> RunResult | TeamError:
            try:
                if ends is not None and ends <= self._now_s() and timeout_s:
                    raise TeamError(
                        f"Its turn did not come within {timeout_s:g} s.", kind="timed_out"
                    )
                left = None if ends is None else max(0.0, ends - self._now_s())
                return await self.delegate(
                    name, text, timeout_s=left, by=by, within=within, kind="broadcast"
                )
            except TeamError as error:
                return error

        async def in_turn(name: str) -> RunResult | TeamError:
            async with slots:
                return await ask(name)

        tasks = [asyncio.create_task(in_turn(name), name=f"ask {name}") for name in names]
        outcomes = await all_of(tasks)
        return dict(zip(names, outcomes, strict=True))

    async def handoff(
        self,
        names: Sequence[str],
        text: str,
        *,
        timeout_s: float | None = TIMEOUT_S,
        by: str = PERSON,
        within: Work | None = None,
    ) -> RunResult | None:
        """A pipeline: each agent gets the task and what all before it brought; the last outcome.

        `timeout_s` is for each. None for no agents. The TeamError of a step that fails
        says which it was; `partial` has what the steps until then brought, whole but
        for the one that failed, which is the last and the error's `agent`.
        """
        self._running()
        for name in names:
            self.member(name)
        handoff = Handoff(text, names, self._clock.new_id() if len(names) > 1 else "")
        result: RunResult | None = None
        for name in names:
            try:
                result = await self._give(
                    name,
                    handoff.words(),
                    timeout_s=timeout_s,
                    by=by,
                    within=within,
                    kind="handoff",
                    step=handoff.step,
                )
                handoff.take(result.text)
            except TeamError as error:
                raise handoff.broken(error) from error.__cause__
        return result

    async def spawn(
        self,
        text: str,
        *,
        by: str = PERSON,
        spec: MemberSpec | None = None,
        timeout_s: float | None = None,
        within: Work | None = None,
    ) -> RunResult:
        """Have an agent that is made for it do something; it leaves when it is done.

        Without `spec` it is like the one that spawns it, and spends of its budget.
        Cancelling ends it. Raises TeamError.
        """
        self._running()
        parent = self._members.get(by)
        depth = (within.depth if within is not None else 0) + 1
        if depth > self.spec.max_depth:
            raise TeamError(
                f"Work was passed on {self.spec.max_depth} times; no further.",
                kind="limit",
                hint="Do it yourself.",
            )
        like = spec or (parent.spec if parent is not None else MemberSpec(by))
        made = replace(like, name=self._fresh_name(by), restart="temporary", worktree=False)
        if spec is None:
            made = replace(made, role="", budget_usd=None, budget_tokens=None)
        await self.add(made, parent=by, depth=depth)
        try:
            return await self.delegate(
                made.name, text, timeout_s=timeout_s, by=by, within=within, kind="spawn"
            )
        finally:
            await self._dismiss(made.name)

    def send(self, to: str | Sequence[str], text: str, *, by: str = PERSON) -> Mail:
        """Write to agents; one at work reads it at its next step, another with its next request.

        Raises TeamError: "unknown_agent", "invalid", "limit".
        """
        self._running()
        names = (to,) if isinstance(to, str) else tuple(to)
        for name in names:
            if name != PERSON:
                self.member(name)
        mail = self.mail.send(by, names, text)
        for name in names:
            member = self._members.get(name)
            life = member.life if member is not None else None
            if life is not None and life.run is not None:
                life.agent.add_context(news(self.mail.take(name), ""))
        return mail

    def put_context(
        self, key: str, value: str | None, *, by: str = PERSON, seen: int | None = None
    ) -> int:
        """Write a key of the shared context; see `SharedContext.put`."""
        return self.shared.put(by, key, value, seen=seen)

    def get_context(self, key: str, default: str | None = None) -> str | None:
        """A key of the shared context."""
        entry = self.shared.get(key)
        return default if entry is None else entry.value

    def tools_of(self, member: Member) -> tuple[Tool, ...]:
        """The team's own tools for an agent; all agents share them."""
        delegating = max(1, member.depth) < self.spec.max_depth
        if member.parent:
            return (self.spawn_tool,) if delegating else ()
        if delegating not in self._tools:
            self._tools[delegating] = team_tools(self, delegating=delegating)
        return self._tools[delegating]

    def _fresh_name(self, by: str) -> str:
        while True:
            self._spawned += 1
            tail = f"-{self._spawned}"
            name = f"{(by if by != PERSON else 'helper')[: _NAME_CHARS - len(tail)]}{tail}"
            if name not in self._members:
                return name

    async def _dismiss(self, name: str) -> None:
        """Remove an agent that was made for one thing, also when the caller is cancelled."""
        if name not in self._members:
            return
        leaving = asyncio.create_task(self.remove(name), name=f"dismiss {name}")
        try:
            await asyncio.shield(leaving)
        except asyncio.CancelledError:
            await asyncio.wait({leaving})
            raise
