"""What the engine asks of a model service, and what it gets back.

Owns the request, the parts of a streamed answer and the `Provider` protocol.
Knows no wire format.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.tool import ToolSpec
from alloy_tui.domain.usage import TokenUsage

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class CompletionRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request to a model.

    `messages` satisfy `domain.transcript.check`. The same system prompt, tools
    and history serialise to the same bytes each time, so that provider caches
    hit. `max_output` None leaves the service's default, or the model's known
    limit where the service demands a figure. `effort` None leaves the model's
    default. `conversation` is a stable key that services use to route to a warm cache.
    `schema` (JSON Schema of an object) asks for an answer in that form, where
    the service can promise it; elsewhere it is left out.
    """

    system: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_output: int | None = None
    effort: Effort | None = None
    stream: bool = True
    conversation: str | None = None
    tool_choice: Literal["auto", "any", "none"] = "auto"
    extra: dict[str, Any] | None = None
    schema: dict[str, Any] | None = None


class TextPart(msgspec.Struct, frozen=True):
    """A piece of visible text."""

    text: str


class ThinkingPart(msgspec.Struct, frozen=True):
    """A piece of reasoning."""

    text: str


class CallPart(msgspec.Struct, frozen=True):
    """A tool call begins; `id` is unique within the answer."""

    id: str
    name: str


class ArgumentsPart(msgspec.Struct, frozen=True):
    """A raw piece of the JSON arguments of call `id`."""

    id: str
    text: str


class Completion(msgspec.Struct, frozen=True):
    """The whole answer: always the last part of a stream, and present only if it is whole.

    The text parts before it join to `message.text`. `reported_cost` is in US
    dollars, from services that bill in the reply.
    """

    message: ChatMessage
    stop: Stop
    usage: TokenUsage
    reported_cost: float | None = None


StreamPart: TypeAlias = TextPart | ThinkingPart | CallPart | ArgumentsPart | Completion


class Provider(Protocol):
    """One model of one service.

    `stream` is an async generator that yields parts as they arrive and ends
    with exactly one `Completion`. It raises ProviderError, and nothing else,
    when the service fails; what was yielded before stands. A stream that ends
    without its terminal event raises kind "stream_cut". With
    `request.stream` false it makes one plain request and yields the whole
    answer's parts at once. Closing the generator or cancelling its task closes
    the connection at once. It never retries: that is the engine's decision.
    """

    @property
    def ref(self) -> ModelRef:
        """The model's name."""
        ...

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        ...

    def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """Send `request`, yield the answer's parts."""
        ...

    async def aclose(self) -> None:
        """Give back what the provider holds; safe to call twice."""
        ...


class TokenCount(msgspec.Struct, frozen=True):
    """How many tokens a prompt has: as the service counts them, or about as many."""

    tokens: int
    kind: Literal["exact", "estimate"] = "estimate"


@runtime_checkable
class CountsTokens(Protocol):
    """A provider that can say how long a prompt is before it is sent."""

    async def count_tokens(self, request: CompletionRequest) -> TokenCount:
        """The service's own count where it gives one in time, else an estimate; raises nothing."""
        ...
