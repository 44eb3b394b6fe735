"""A team: named agents that are asked alone, all at once, or one after the other.

Owns how work is passed on and how its outcome comes back. Must not know of screens
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
from alloy_tui.domain.errors import AgentError, ConfigError, QueueFullError, TeamError
from alloy_tui.domain.events import ErrorInfo
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.domain.tool import Tool
from alloy_tui.team.controls import Controls
from alloy_tui.team.delegations import Work, checked_timeout
from alloy_tui.team.gathering import all_of
from alloy_tui.team.log import Record, TeamLog
from alloy_tui.team.mail import Mail
from alloy_tui.team.making import LibraryMaker, specified
from alloy_tui.team.member import Life, Maker, Member
from alloy_tui.team.outcomes import STATUS, failure
from alloy_tui.team.passages import news
from alloy_tui.team.recording import PERSON
from alloy_tui.team.spec import MemberSpec, TeamSpec
from alloy_tui.team.tools import SpawnTool, team_tools

TIMEOUT_S = 120.0
_NAME_CHARS = 40


class Team(Controls):
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

    async def delegate(
        self,
        name: str,
        text: str,
        *,
        timeout_s: float | None = TIMEOUT_S,
        by: str = PERSON,
        within: Work | None = None,
        kind: DelegationKind = "delegate",
    ) -> RunResult:
        """Have an agent do something and wait for its answer, `timeout_s` seconds at most.

        0 expires at once, None never; the agent keeps working after a timeout, and
        not after a cancel. `within` is the work that this is a part of. Raises
        TeamError; `partial` has what the agent had said.
        """
        self._running()
        member = self.member(name)
        work = self.delegations.begin(
            name, text, kind=kind, by=by, timeout_s=timeout_s, within=within
        )
        try:
            result = await self._perform(work, member)
        except TeamError as error:
            about = ErrorInfo(error.kind, error.message, error.hint)
            brought = error.partial.get(name, "")
            self.delegations.finish(work, STATUS[error.kind], brought, about)
            raise
        except BaseException:
            self.delegations.finish(work, "cancelled", _brought(member.life, work))
            raise
        self.delegations.finish(work, "completed", result.text)
        return result

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
        """A pipeline: each agent gets what the one before said; returns the last outcome.

        `timeout_s` is for each. None for no agents. The TeamError of one that fails
        has in `partial` what all before it brought.
        """
        self._running()
        for name in names:
            self.member(name)
        partial: dict[str, str] = {}
        result: RunResult | None = None
        for number, name in enumerate(names):
            try:
                result = await self.delegate(
                    name, text, timeout_s=timeout_s, by=by, within=within, kind="handoff"
                )
            except TeamError as error:
                error.partial = {**partial, **error.partial}
                raise
            text = result.text
            partial[name if name not in partial else f"{name} ({number + 1})"] = text
            if not text.strip() and number + 1 < len(names):
                raise TeamError(
                    f"{name} said nothing that could be handed on to {names[number + 1]}.",
                    kind="failed",
                    agent=name,
                    partial=partial,
                )
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

    def work_of(self, name: str) -> Work | None:
        """What an agent was given and is at, None when it is at nothing or was asked directly."""
        member = self._members.get(name)
        life = member.life if member is not None else None
        return self.delegations.work(life.run) if life is not None else None

    def tools_of(self, member: Member) -> tuple[Tool, ...]:
        """The team's own tools for an agent; all agents share them."""
        delegating = max(1, member.depth) < self.spec.max_depth
        if member.parent:
            return (self.spawn_tool,) if delegating else ()
        if delegating not in self._tools:
            self._tools[delegating] = team_tools(self, delegating=delegating)
        return self._tools[delegating]

    async def _perform(self, work: Work, member: Member) -> RunResult:
        """From the agent's queue to its answer. Raises TeamError."""
        name, left_s = work.to, self.delegations.left_s(work)
        life: Life | None = None
        try:
            with self.delegations.waiting(work):
                # Sent before the clock runs: a time of 0 is long enough to be asked.
                if member.up is not None:
                    life = await member.ready()
                    _send(life, work)
                async with asyncio.timeout(left_s):
                    if life is None:
                        life = await member.ready()
                        _send(life, work)
                    result = await life.agent.result(work.id)
        except TimeoutError:
            raise self._late(work, member, life) from None
        except asyncio.CancelledError:
            _withdraw(life, work)
            raise
        except QueueFullError as error:
            self.delegations.forget(work.id)
            raise TeamError(error.message, kind="limit", agent=name, hint=error.hint) from None
        except TeamError:
            self.delegations.forget(work.id)
            raise
        except AgentError as error:
            self.delegations.forget(work.id)
            raise TeamError(error.message, kind="crashed", agent=name, hint=error.hint) from None
        refused = work.id in self.allowances.refused
        self.allowances.refused.discard(work.id)
        problem = failure(name, result, life.fate, refused=refused)
        if problem is not None:
            raise problem
        return result

    def _late(self, work: Work, member: Member, life: Life | None) -> TeamError:
        if life is None:
            self.delegations.forget(work.id)
            meanwhile = "; it is being started anew"
        elif member.paused and life.run != work.id:
            meanwhile = "; it is paused, and has the task in its queue"
        else:
            meanwhile = "" if work.kind == "spawn" else "; it keeps working"
        return TeamError(
            f"{work.to} has not answered in time{meanwhile}.",
            kind="timed_out",
            agent=work.to,
            partial={work.to: said} if (said := _brought(life, work)) else {},
        )

    def _now_s(self) -> float:
        return self._clock.monotonic_s()

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


def _send(life: Life, work: Work) -> None:
    life.agent.send_message(work.text, request_id=work.id)


def _brought(life: Life | None, work: Work) -> str:
    """What was said of it until now."""
    return life.brought(work.id) if life is not None else ""


def _withdraw(life: Life | None, work: Work) -> None:
    """Nobody waits for it any more."""
    if life is None:
        return
    try:
        life.agent.cancel_request(work.id)
    except AgentError:
        return  # it is over
