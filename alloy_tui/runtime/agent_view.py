"""What every view knows of an agent at one moment: frozen values, no behaviour beyond reading.

Owns the shapes that `projection.fold` builds and every widget reads. Knows no
widget and no clock: times are the envelopes' `at_ms`, epoch milliseconds.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alloy_tui.domain.events import ApprovalRequested, ErrorInfo, Lane, RunStatus
from alloy_tui.domain.usage import ZERO, TokenUsage

AgentState: TypeAlias = Literal[
    "starting",
    "idle",
    "queued",
    "thinking",
    "streaming",
    "tool",
    "waiting_approval",
    "rate_limited",
    "compacting",
    "done",
    "failed",
    "cancelled",
    "restarting",
]

BUSY_STATES: frozenset[AgentState] = frozenset(
    {"thinking", "streaming", "tool", "waiting_approval", "rate_limited", "compacting"}
)
"""The states in which a run is under way: there is something to interrupt and to time."""


class RunningTool(msgspec.Struct, frozen=True):
    """A tool at work; `subject` is what it works on, in a word or two, unsanitised."""

    id: str
    name: str
    subject: str
    started_ms: int


class Waiting(msgspec.Struct, frozen=True):
    """A message that waits in the queue."""

    request_id: str
    lane: Lane
    text: str


class PendingApproval(msgspec.Struct, frozen=True):
    """A tool call that waits for a person; `request` is the event that asked."""

    request: ApprovalRequested
    agent: str
    request_id: str | None
    asked_ms: int


class Retry(msgspec.Struct, frozen=True):
    """The provider is asked again at `until_ms`; `attempt` counts from 1."""

    attempt: int
    max_attempts: int
    until_ms: int
    error: ErrorInfo


class Outcome(msgspec.Struct, frozen=True):
    """How the last run ended."""

    status: RunStatus
    error: ErrorInfo | None
    duration_ms: int
    turns: int


class AgentView(msgspec.Struct, frozen=True):
    """One agent, folded from its envelopes.

    `state` is derived, in `projection.derive` alone; `since_ms` is when it was
    entered. `voice` is what the model itself does while nothing else holds it
    up. `request_id` is the run under way; `commands` are the user's own, which
    belong to no run. `cost` is in US dollars and, like the token counts, None
    where unknown; `cost_known` is then a lower bound; `usage_known` tells
    whether any total has arrived yet. `session` is the title of the session on screen,
    unsanitised, "" while it has none. `fallback_of` is the model that `model`
    stands in for in this run, "" = none.
    """

    name: str = ""
    state: AgentState = "starting"
    since_ms: int = 0
    ready: bool = False
    restarting: bool = False
    model: str = ""
    fallback_of: str = ""
    request_id: str | None = None
    run_started_ms: int = 0
    turn: int = 0
    voice: Literal["thinking", "streaming"] = "thinking"
    writing_call: str | None = None
    tools: tuple[RunningTool, ...] = ()
    commands: tuple[RunningTool, ...] = ()
    queue: tuple[Waiting, ...] = ()
    approvals: tuple[PendingApproval, ...] = ()
    retry: Retry | None = None
    compacting_from: int | None = None
    outcome: Outcome | None = None
    usage: TokenUsage = ZERO
    usage_known: bool = False
    cost: float | None = None
    cost_known: float | None = None
    context_tokens: int | None = None
    context_window: int | None = None
    session: str = ""

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self.request_id is not None

    @property
    def context_share(self) -> float | None:
        """How full the model's window is, 0 to 1, or None if either figure is unknown."""
        if self.context_tokens is None or not self.context_window:
            return None
        return self.context_tokens / self.context_window
