"""Middleware as values: what a hook is told, and what it may answer.

Owns the `Middleware` base, its hooks' answers and the printable description.
Calling hooks is `hooks.py`'s business. The order within one tool turn:

    before_compaction, after_compaction (only when a compactor runs)
    before_completion
    on_stream_chunk for every part of the answer
    after_tool_request (the answer has calls) or after_completion (it has none)
    before_tool_call for each call, in model order, before any of them runs
    after_tool_execution once, with all results
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, TypeAlias

import msgspec

from alloy_tui.domain.events import ErrorInfo
from alloy_tui.domain.messages import ChatMessage, ToolCallBlock, ToolResultBlock
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import CompletionRequest, StreamPart
from alloy_tui.domain.usage import TokenUsage

HOOKS = (
    "session_start",
    "before_compaction",
    "after_compaction",
    "before_completion",
    "on_stream_chunk",
    "after_completion",
    "after_tool_request",
    "before_tool_call",
    "after_tool_execution",
    "on_error",
    "session_end",
)
"""All hooks, in the order in which a session meets them."""


class Halt(msgspec.Struct, frozen=True):
    """Stop the run here; its status becomes "halted" with this reason.

    `reason` is a sentence for the user, shown as it is; `hint` says what to do,
    None = it is said which middleware stopped the run.
    """

    reason: str
    hint: str | None = None


class Block(msgspec.Struct, frozen=True):
    """Do not run this tool call; the model gets the reason as an error result."""

    reason: str


class EditedCall(msgspec.Struct, frozen=True):
    """Run this tool call with other arguments; its id and name stay."""

    arguments: dict[str, Any]


class HookContext(msgspec.Struct, frozen=True):
    """What every hook is told.

    `turn` is 0 outside turns. `messages` is the conversation so far. `memory`
    lives as long as the agent and is shared by its middleware. `info` is what is
    known of the model, `context_tokens` what the last prompt and answer filled.
    """

    agent: str
    request_id: str | None
    turn: int
    model: str
    messages: tuple[ChatMessage, ...]
    usage: TokenUsage
    memory: dict[str, Any]
    info: ModelInfo | None = None
    context_tokens: int | None = None


MaybeHalt: TypeAlias = Halt | Awaitable[Halt | None] | None
RequestAnswer: TypeAlias = (
    Halt | CompletionRequest | Awaitable[Halt | CompletionRequest | None] | None
)
CallAnswer: TypeAlias = (
    Halt | Block | EditedCall | Awaitable[Halt | Block | EditedCall | None] | None
)


class Middleware:
    """Base of all middleware; override what you need, plain or async.

    Every hook may return None (go on) or `Halt`. Beyond that only
    `before_completion` may return a changed request, for this turn alone, and
    `before_tool_call` a `Block` or an `EditedCall`. Another answer fails the
    run with a MiddlewareError that names the hook. What a hook raises is
    reported as a notice, and the next middleware goes on. A plain hook runs on
    the event loop and must not block.
    """

    def session_start(self, context: HookContext) -> MaybeHalt:
        """The agent starts; a halt keeps it from starting."""

    def session_end(self, context: HookContext) -> MaybeHalt:
        """The agent stops; a halt is only logged."""

    def before_compaction(self, context: HookContext) -> MaybeHalt:
        """The history is about to be shortened for the model."""

    def after_compaction(
        self, context: HookContext, messages: tuple[ChatMessage, ...]
    ) -> MaybeHalt:
        """The history was shortened to `messages`."""

    def before_completion(self, context: HookContext, request: CompletionRequest) -> RequestAnswer:
        """`request` is about to leave; may answer with another one."""

    def on_stream_chunk(self, context: HookContext, part: StreamPart) -> MaybeHalt:
        """A part of the answer arrived."""

    def after_completion(self, context: HookContext, answer: ChatMessage) -> MaybeHalt:
        """The answer is whole and asks for no tool."""

    def after_tool_request(self, context: HookContext, answer: ChatMessage) -> MaybeHalt:
        """The answer is whole and asks for tools."""

    def before_tool_call(self, context: HookContext, call: ToolCallBlock) -> CallAnswer:
        """One call is about to be considered; no call of this turn has run yet."""

    def after_tool_execution(
        self, context: HookContext, results: tuple[ToolResultBlock, ...]
    ) -> MaybeHalt:
        """All calls of this turn have their results."""

    def on_error(self, context: HookContext, error: ErrorInfo) -> MaybeHalt:
        """The run fails with `error`."""


def name_of(middleware: object) -> str:
    """The name that messages and lists use."""
    return type(middleware).__name__


def hooks_of(middleware: object) -> tuple[str, ...]:
    """The hooks that `middleware` really has."""
    kind = type(middleware)
    return tuple(
        hook
        for hook in HOOKS
        if hasattr(kind, hook) and getattr(kind, hook) is not getattr(Middleware, hook)
    )


def describe(middleware: Sequence[object]) -> list[str]:
    """One line for each, in the order in which they run: `Name: hook, hook`."""
    return [f"{name_of(m)}: {', '.join(hooks_of(m)) or 'no hooks'}" for m in middleware]
