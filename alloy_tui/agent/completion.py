"""One completion: asks a provider, retries before visible output, falls back to other models.

Owns attempts and their events. Must not know of tools, queues or the run's
ending: it raises ProviderError, and what had arrived stays in the `Partial`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from alloy_tui.agent.clock import Clock
from alloy_tui.agent.partial import Partial
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.events import (
    EngineEvent,
    ErrorInfo,
    FallbackUsed,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from alloy_tui.domain.messages import ChatMessage, TextBlock, ThinkingBlock
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    CompletionRequest,
    Provider,
    StreamPart,
    TextPart,
    ThinkingPart,
)

FALLBACK_KINDS = frozenset(
    {
        "rate_limited",
        "overloaded",
        "server_error",
        "timeout",
        "network",
        "stream_cut",
        "malformed",
        "quota",
        "unknown",
    }
)
"""Failures that are the service's own. A wrong key, a refused request or a full
window would only be hidden by asking somebody else."""


class Retrying(Protocol):
    """When to ask again: what `providers.retry.RetryPolicy` is."""

    @property
    def max_attempts(self) -> int:
        """How often one model is asked at most."""
        ...

    def delay_s(
        self, attempt: int, error: ProviderError, random: Callable[[], float]
    ) -> float | None:
        """Seconds to wait after failed attempt number `attempt`, None = do not retry."""
        ...


class Answer(msgspec.Struct, frozen=True):
    """A whole answer, the provider that gave it, and its cost in US dollars (None = unknown)."""

    completion: Completion
    provider: Provider
    cost: float | None

    @property
    def message(self) -> ChatMessage:
        """What the model said."""
        return self.completion.message


class Asking(msgspec.Struct, frozen=True):
    """What `complete` works with.

    `on_part` sees every part before it is published. `partial` is emptied by
    nobody: it holds exactly what was published of the answer. `deadline_s` is
    the monotonic time by which the run must be over.
    """

    providers: Sequence[Provider]
    retry: Retrying
    clock: Clock
    partial: Partial
    emit: Callable[[EngineEvent], None]
    on_part: Callable[[StreamPart], Awaitable[None]] | None = None
    deadline_s: float | None = None


async def complete(request: CompletionRequest, asking: Asking) -> Answer:
    """The first whole answer that one of `asking.providers` gives.

    Raises the last ProviderError. Retries and fallbacks stop for good once
    anything of an answer was published.
    """
    last = len(asking.providers) - 1
    for place, provider in enumerate(asking.providers):
        try:
            return await _persist(request, provider, asking)
        except ProviderError as error:
            if place == last or asking.partial or error.kind not in FALLBACK_KINDS:
                raise
            following = asking.providers[place + 1]
            asking.emit(FallbackUsed(str(provider.ref), str(following.ref), error_info(error)))
    raise ProviderError("There is no model to ask.", kind="internal")


def error_info(error: ProviderError) -> ErrorInfo:
    """`error` as events carry it."""
    return ErrorInfo(error.kind, error.message, error.hint, error.status, error.code)


async def _persist(request: CompletionRequest, provider: Provider, asking: Asking) -> Answer:
    asking.partial.origin = str(provider.ref)
    attempt = 1
    while True:
        try:
            return await _attempt(request, provider, asking)
        except ProviderError as error:
            if asking.partial:
                raise
            delay_s = asking.retry.delay_s(attempt, error, asking.clock.draw)
            if delay_s is None:
                raise
            if asking.deadline_s is not None:
                left_s = asking.deadline_s - asking.clock.monotonic_s()
                if delay_s >= left_s:  # the wait would outlast the run: say now what went wrong
                    raise
            most = asking.retry.max_attempts
            asking.emit(RetryScheduled(attempt, most, delay_s, error_info(error)))
        attempt += 1
        await asking.clock.sleep(delay_s)


async def _attempt(request: CompletionRequest, provider: Provider, asking: Asking) -> Answer:
    async with contextlib.aclosing(provider.stream(request)) as parts:
        async for part in parts:
            if asking.on_part is not None:
                await asking.on_part(part)
            if isinstance(part, Completion):
                return _whole(part, provider, asking)
            _publish(asking.partial.add(part), asking.emit)
    raise ProviderError(
        f"The answer of {provider.ref} ended without its final event.", kind="stream_cut"
    )


def _publish(part: StreamPart, emit: Callable[[EngineEvent], None]) -> None:
    match part:
        case TextPart(text) if text:
            emit(TextDelta(text))
        case ThinkingPart(text) if text:
            emit(ThinkingDelta(text))
        case CallPart(id=call_id, name=name):
            emit(ToolCallStarted(call_id, name))
        case ArgumentsPart(id=call_id, text=text):
            emit(ToolArgumentsDelta(call_id, text))
        case _:
            pass


def _whole(completion: Completion, provider: Provider, asking: Asking) -> Answer:
    """Take the final part; publish what no part announced, so that deltas join to the answer."""
    partial = asking.partial
    heard_text, heard_thinking = partial.holds_text(), partial.holds_thinking()
    message = partial.adopt(completion.message)
    for block in message.blocks:
        if isinstance(block, ThinkingBlock) and block.text and not heard_thinking:
            asking.emit(ThinkingDelta(block.text))
        elif isinstance(block, TextBlock) and block.text and not heard_text:
            asking.emit(TextDelta(block.text))
    for call in message.tool_calls:
        if not partial.holds_call(call.id):
            asking.emit(ToolCallStarted(call.id, call.name))
    cost = completion.reported_cost
    if cost is None:
        cost = provider.info.price.cost(completion.usage, asking.clock.now_ms())
    return Answer(msgspec.structs.replace(completion, message=message), provider, cost)
