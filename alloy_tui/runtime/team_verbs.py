"""What a person may do with the team, and look at of it: `TeamPort` on the engine's loop.

Owns the verbs' meaning; each raises AlloyError when it cannot be. Must not know
how the team is made or told of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.ledger import told
from alloy_tui.domain.errors import StoreError, TeamError
from alloy_tui.domain.events import VERSION, Envelope, Lane
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.runtime.past_spans import PastSpans
from alloy_tui.runtime.replaying import replayed
from alloy_tui.runtime.team_files import team_files
from alloy_tui.runtime.team_port import (
    MemberAction,
    NewMember,
    Span,
    TaskAction,
    TeamFile,
)
from alloy_tui.runtime.team_sessions import is_of_a_file
from alloy_tui.runtime.teams import Teams
from alloy_tui.team.recording import PERSON
from alloy_tui.team.spec import MemberSpec


class TeamVerbs:
    """All methods belong to the engine's loop."""

    def __init__(self, teams: Teams) -> None:
        self._teams = teams
        self._past = PastSpans()

    # -- looking ------------------------------------------------------------------------------

    async def attach(self, agent: str) -> tuple[Envelope, ...]:
        """What happened to `agent` until now; from here on its every word is let through."""
        said, count = await self._said_before(agent)
        # No event can come between these.
        self._teams.watching.watch(agent)
        found, runs = self._teams.agent(agent), self._teams.runs
        messages = (*said, *self._teams.messages_of(agent)[count : runs.before(agent)])
        if found is None and not messages:
            return ()
        now_ms = time.time_ns() // 1_000_000
        past = replayed(agent, found.model if found is not None else "", messages, now_ms)
        return (*past, *_figures(agent, found, now_ms), *runs.of(agent))

    async def _said_before(self, agent: str) -> tuple[tuple[ChatMessage, ...], int]:
        if self._teams.keeping is None:
            return (), 0
        try:
            return await self._teams.keeping.past(agent)
        except StoreError:
            return (), 0  # what its model is sent is told instead

    def detach(self, agent: str) -> None:
        """See `TeamPort.detach`."""
        self._teams.watching.unwatch(agent)

    async def files(self) -> tuple[TeamFile, ...]:
        """See `TeamPort.files`."""
        kept = await self._kept()
        return await asyncio.to_thread(team_files, self._teams.folders(), kept)

    async def _kept(self) -> dict[str, int]:
        if self._teams.store is None:
            return {}
        try:
            store = await self._teams.store()
            infos = await asyncio.to_thread(store.sessions, cwd=self._teams.about().cwd)
        except StoreError:
            return {}
        return {i.title: i.updated_ms for i in infos if is_of_a_file(i)}

    async def spans(self) -> tuple[Span, ...]:
        """See `TeamPort.timeline`."""
        now = self._teams.timeline.spans()
        keeping, team = self._teams.keeping, self._teams.now
        if keeping is None or team is None:
            self._past.forget()
            return now
        sessions = self._teams.lives.sessions_of(team.agents)
        past = await self._past.before(now, sessions, keeping.said)
        return tuple(sorted((*past, *now), key=lambda span: span.start_ms))

    # -- verbs: each raises TeamError ---------------------------------------------------------

    async def give(self, kind: DelegationKind, to: Sequence[str], text: str) -> None:
        """Give work and wait for its end; what fails is told by raising."""
        team = await self._teams.team()
        if kind == "broadcast":
            outcomes = await team.broadcast(text, to=to or None, timeout_s=None)
            failed = [o for o in outcomes.values() if isinstance(o, TeamError)]
            if failed:
                raise failed[0]
        elif kind == "handoff":
            await team.handoff(to, text, timeout_s=None)
        elif kind == "spawn":
            await team.spawn(text, by=to[0] if to else PERSON)
        else:
            for name in to[:1]:
                await team.delegate(name, text, timeout_s=None)

    async def say(self, name: str, text: str, lane: Lane) -> None:
        """Send a message to an agent."""
        agent = self._teams.agent(name)
        if agent is None:
            raise TeamError(f"{name} is not there just now.", kind="unknown_agent", agent=name)
        agent.send_message(text, lane=lane)

    async def act(self, action: MemberAction, name: str) -> None:
        """See `TeamPort.act`."""
        team = await self._teams.team()
        if name == self._teams.main:
            main = self._teams.main_agent()
            if action == "cancel" and main is not None:
                main.cancel_request()
                return
            raise TeamError("That is the conversation's own agent; it stays.", kind="invalid")
        deeds: dict[MemberAction, Callable[[], Awaitable[object] | None]] = {
            "pause": lambda: team.pause(name),
            "resume": lambda: team.resume(name),
            "cancel": lambda: team.cancel(name),
            "restart": lambda: team.restart(name),
            "kill": lambda: team.kill(name, "A person ended it."),
            "remove": lambda: team.remove(name),
        }
        done = deeds[action]()
        if done is not None:
            await done

    async def add(self, member: NewMember) -> None:
        """Let another agent join."""
        await (await self._teams.team()).add(_spec(member, MemberSpec(member.name)))

    async def replace(self, member: NewMember) -> None:
        """Put it in the place of the one of that name."""
        team = await self._teams.team()
        await team.replace(member.name, _spec(member, team.member(member.name).spec))

    async def set_model(self, name: str, model: str) -> None:
        """Let another model answer for it."""
        await (await self._teams.team()).set_model(name, model)

    async def set_budget(self, name: str, usd: float | None, tokens: int | None) -> None:
        """See `TeamPort.set_budget`."""
        (await self._teams.team()).raise_budget(name, usd=usd, tokens=tokens)
        self._teams.telling.changed()

    async def write(self, to: Sequence[str], text: str) -> None:
        """Put a message into boxes."""
        (await self._teams.team()).send(to, text)

    async def put_task(self, title: str, detail: str, needs: Sequence[str]) -> None:
        """Put a task up."""
        (await self._teams.team()).board.add(PERSON, title, detail=detail, needs=needs)

    async def change_task(self, action: TaskAction, task: str, words: str) -> None:
        """See `TeamPort.change_task`; a person may change anybody's."""
        board = (await self._teams.team()).board
        owner = board.get(task).owner or PERSON
        match action:
            case "claim":
                board.claim(words or PERSON, task)
            case "finish":
                board.finish(owner, task, words)
            case "block":
                board.block(owner, task, words)
            case "release":
                board.release(PERSON, task, owner=words)
            case "remove":
                board.remove(PERSON, task)

    async def share(self, key: str, value: str | None) -> None:
        """Write a key of the shared context."""
        (await self._teams.team()).put_context(key, value)


def _figures(name: str, agent: Agent | None, at_ms: int) -> tuple[Envelope, ...]:
    """What an agent took until now, as it was told last."""
    if agent is None or not agent.usage.by_model:
        return ()
    return (Envelope(VERSION, 0, name, None, 0, at_ms, told(agent.usage)),)


def _spec(member: NewMember, like: MemberSpec) -> MemberSpec:
    """`like` with what `member` says of it."""
    return replace(
        like,
        model=member.model or like.model,
        role=member.role or like.role,
        system_prompt=member.system_prompt or like.system_prompt,
        tools=like.tools if member.tools is None else member.tools,
    )
