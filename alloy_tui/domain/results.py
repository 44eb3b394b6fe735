"""What a request brought, and what an agent looks like from outside.

Owns the read models of the library face; frozen, safe to hand across threads.
"""

from __future__ import annotations

import msgspec

from alloy_tui.domain.events import ErrorInfo, RunStatus
from alloy_tui.domain.messages import ChatMessage, ToolCallBlock
from alloy_tui.domain.usage import TokenUsage


class RunResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome of one request.

    `text` is of this run alone; `messages` are those that the run added, the
    prompt first; `cost` is in US dollars, None = unknown.
    """

    request_id: str
    status: RunStatus
    text: str
    messages: tuple[ChatMessage, ...]
    usage: TokenUsage
    turns: int
    stop_reason: str | None = None
    cost: float | None = None
    error: ErrorInfo | None = None
    duration_ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether the model finished what it was asked."""
        return self.status == "completed"

    @property
    def tool_calls(self) -> tuple[ToolCallBlock, ...]:
        """What the model wanted run, in order; results are in `messages`, times in the events."""
        return tuple(call for message in self.messages for call in message.tool_calls)


class Health(msgspec.Struct, frozen=True):
    """An agent at a glance; never waits for a running request."""

    name: str
    model: str
    busy: bool
    request_id: str | None
    turn: int
    pending: int
    max_pending: int
    message_count: int
    usage: TokenUsage
    uptime_s: float
    stopped: bool


class SessionExport(msgspec.Struct, frozen=True):
    """A conversation as a value, version 1; times are epoch milliseconds."""

    v: int
    id: str
    agent: str
    model: str
    system_prompt: str
    messages: tuple[ChatMessage, ...]
    usage: TokenUsage
    created_at_ms: int
    exported_at_ms: int
