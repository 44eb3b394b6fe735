"""What the agent tests share: recorded events, tools that obey gates, a clock without waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.clock import Clock
from alloy_tui.domain import transcript
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.messages import ChatMessage, user
from alloy_tui.domain.tool import Access, ToolContext, ToolReply, ToolSpec
from alloy_tui.providers.scripted import ScriptedProvider


class Recorder:
    """Every envelope of a hub, in order."""

    def __init__(self, agent: Agent) -> None:
        self.envelopes: list[Envelope] = []
        agent.hub.subscribe(self.envelopes.append)

    @property
    def events(self) -> list[Any]:
        return [e.event for e in self.envelopes]

    def of(self, *kinds: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kinds)]

    def names(self) -> list[str]:
        return [type(e).__name__ for e in self.events]


class Probe:
    """A tool under the test's control.

    `work` is awaited with the call's arguments and context and gives the reply's text.
    """

    def __init__(
        self,
        name: str = "probe",
        work: Callable[[dict[str, Any], ToolContext], Awaitable[str]] | None = None,
        *,
        access: Access = "read",
        keys: tuple[str, ...] = (),
        schema: dict[str, Any] | None = None,
    ) -> None:
        self.spec = ToolSpec(name, f"The {name} tool.", schema or {"type": "object"})
        self.work = work
        self.how = access
        self.keys = keys
        self.calls: list[dict[str, Any]] = []

    def prepare(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return arguments

    def access(self, prepared: dict[str, Any]) -> Access:
        return self.how

    def lock_keys(self, prepared: dict[str, Any], context: ToolContext) -> tuple[str, ...]:
        return self.keys

    def headline(self, prepared: dict[str, Any]) -> str:
        return f"{self.spec.name} {prepared}"

    def rule(self, prepared: dict[str, Any]) -> str:
        return str(prepared.get("rule", "*"))

    async def run(self, prepared: dict[str, Any], context: ToolContext) -> ToolReply:
        self.calls.append(prepared)
        text = "ok" if self.work is None else await self.work(prepared, context)
        return ToolReply.of(text)


class Naps:
    """A sleep that takes no time and remembers what it was asked for."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


def still_clock(naps: Naps | None = None) -> Clock:
    """A clock that stands at 0, draws 0 and counts its ids from id-1."""
    made = iter(range(1, 1_000_000))
    return Clock(
        now_ms=lambda: 0,
        monotonic_s=lambda: 0.0,
        sleep=naps or Naps(),
        draw=lambda: 0.0,
        new_id=lambda: f"id-{next(made)}",
    )


def make(replies: Iterable[Any] | ScriptedProvider, **options: Any) -> tuple[Agent, Recorder]:
    """An agent on a script, without tools unless given, and its recorded events."""
    provider = replies if isinstance(replies, ScriptedProvider) else ScriptedProvider([*replies])
    options.setdefault("tools", ())
    options.setdefault("approval_mode", "all")
    options.setdefault("system_prompt", "Be brief.")
    options.setdefault("clock", Clock(sleep=Naps()))
    agent = Agent(provider, **options)
    return agent, Recorder(agent)


def valid(messages: Iterable[ChatMessage]) -> None:
    """The conversation could take one more prompt as it is, without mending."""
    history = (*messages, user("next"))
    assert transcript.repair(history) is not None
    transcript.check(transcript.repair(history))
    for call_id in (c.id for m in history for c in m.tool_calls):
        answers = [r for m in history for r in m.tool_results if r.call_id == call_id]
        assert len(answers) == 1, f"{call_id} has {len(answers)} results"


def as_json(value: Any) -> Any:
    """`value` as a consumer of JSON sees it."""
    return msgspec.json.decode(msgspec.json.encode(value))


HERE = Path(__file__).parent
