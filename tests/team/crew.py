"""What the team tests share: a model that answers as a function says, and what was published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolCallBlock
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import Completion, CompletionRequest, StreamPart, TextPart
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.team.spec import TEAM_TOOLS
from alloy_tui.team.team import Team


class Model:
    """A provider that answers each request as `answer` says.

    `answer` takes the request and gives a text, a list of blocks, or a coroutine of
    either; what it raises, the provider raises.
    """

    def __init__(self, answer, *, usage=None, price=None, name="m"):
        self.answer = answer
        self.usage = usage or TokenUsage(input=10, output=5)
        self.info = ModelInfo(ModelRef("test", name), price=price or Price())
        self.requests: list[CompletionRequest] = []

    @property
    def ref(self) -> ModelRef:
        return self.info.ref

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        self.requests.append(request)
        said = self.answer(request)
        if asyncio.iscoroutine(said):
            said = await said
        blocks = (TextBlock(said),) if isinstance(said, str) else tuple(said)
        for block in blocks:
            if isinstance(block, TextBlock):
                yield TextPart(block.text)
        calls = any(isinstance(b, ToolCallBlock) for b in blocks)
        yield Completion(
            ChatMessage("assistant", blocks),
            Stop("tool_use" if calls else "end_turn"),
            self.usage,
        )

    async def aclose(self) -> None:
        pass


def asked(request: CompletionRequest) -> str:
    """The words that were said last, of those that were joined to them."""
    texts = [b.text for b in request.messages[-1].blocks if isinstance(b, TextBlock)]
    return texts[-1] if texts else ""


def results(request: CompletionRequest) -> list[str]:
    """The texts of the tool results in the last message."""
    return [r.text for r in request.messages[-1].tool_results]


_calls = iter(range(10**9))


def call(name, /, **arguments) -> ToolCallBlock:
    """A tool call with an id of its own."""
    return ToolCallBlock(f"call-{next(_calls)}", name, arguments)


def echo(request: CompletionRequest) -> str:
    """Say what was asked."""
    return f"re: {asked(request)}"


async def forever(_request=None) -> str:
    """Never answer."""
    await asyncio.Event().wait()
    return ""


def quiet(answer=echo, **options):
    """Options of an agent with the team's own tools, whose model answers as `answer` says."""
    options.setdefault("tools", TEAM_TOOLS)
    options.setdefault("system_prompt", "Be brief.")
    options.setdefault("approval_mode", "all")
    return {"model": answer if isinstance(answer, Model) else Model(answer), **options}


class Heard:
    """Every envelope of a team's hub, and a way to wait for one."""

    def __init__(self, team: Team) -> None:
        self.envelopes = []
        self._changed = asyncio.Event()
        team.hub.subscribe(self._take)

    def _take(self, envelope) -> None:
        self.envelopes.append(envelope)
        self._changed.set()

    def of(self, kind, agent=None):
        return [
            e.event
            for e in self.envelopes
            if isinstance(e.event, kind) and agent in {None, e.agent}
        ]

    async def until(self, kind, agent=None, count=1):
        """Wait for the `count`-th event of `kind`, of `agent` if one is named."""
        async with asyncio.timeout(10):
            while len(self.of(kind, agent)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind, agent)[count - 1]
