"""A provider whose every part the test decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import Completion, CompletionRequest, StreamPart, TextPart
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage


class Puppet:
    """A provider whose streams are the async generators it is given, one per request.

    `asked` is set when the first request has come.
    """

    def __init__(self, *streams, name: str = "one"):
        self.name = name
        self.streams = list(streams)
        self.requests: list[CompletionRequest] = []
        self.asked = asyncio.Event()
        self.closed = 0

    @property
    def ref(self) -> ModelRef:
        return ModelRef("puppet", self.name)

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.ref)

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        self.requests.append(request)
        self.asked.set()
        async for part in self.streams.pop(0)():
            yield part

    async def aclose(self) -> None:
        self.closed += 1


def whole(*blocks, reason="end_turn") -> Completion:
    return Completion(ChatMessage("assistant", tuple(blocks)), Stop(reason), TokenUsage())


async def hello():
    yield TextPart("Hello.")
    yield whole(TextBlock("Hello."))


def forever_after(*parts):
    async def stream():
        for part in parts:
            yield part
        await asyncio.Event().wait()

    return stream
