"""The one stream of events that every view folds: the union and its envelope.

Public and versioned: types and fields are added, never renamed. On the wire
(`alloy run --json`) an envelope is one JSON object whose `event.type` is the
snake_case name of the class here. A consumer that understands only `*_started`
and `*_finished` is still correct.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from alloy_tui.domain import team_events as team
from alloy_tui.domain.event_base import ErrorInfo, Event, snake
from alloy_tui.domain.messages import ResultContent
from alloy_tui.domain.usage import TokenUsage

VERSION = 1

RunStatus: TypeAlias = Literal[
    "completed", "error", "halted", "max_turns", "timed_out", "cancelled"
]
Lane: TypeAlias = Literal["prompt", "steer", "follow_up"]
Decision: TypeAlias = Literal["once", "session", "always", "deny"]
OutputStream: TypeAlias = Literal["stdout", "stderr", "note"]


class RunStarted(Event, frozen=True, tag=snake):
    """A request left the queue; `prompt` is its text, `lane` how it came in."""

    model: str
    prompt: str
    lane: Lane = "prompt"


class RunFinished(Event, frozen=True, tag=snake):
    """The last event of a request.

    `text` is what the model said in this run alone: the text of its last
    assistant message that has any. `cost` is in US dollars, None = unknown.
    """

    status: RunStatus
    text: str
    turns: int
    usage: TokenUsage
    stop_reason: str | None = None
    cost: float | None = None
    error: ErrorInfo | None = None
    duration_ms: int = 0


class TurnStarted(Event, frozen=True, tag=snake):
    """A request to the model is about to leave."""

    model: str


class TurnFinished(Event, frozen=True, tag=snake):
    """The model's answer is whole, or ended early (`incomplete` says why)."""

    stop_reason: str | None
    usage: TokenUsage
    incomplete: str | None = None
    cost: float | None = None
    duration_ms: int = 0


class ThinkingDelta(Event, frozen=True, tag=snake):
    """A piece of reasoning."""

    text: str


class TextDelta(Event, frozen=True, tag=snake):
    """A piece of the answer; the deltas of a turn join to its text."""

    text: str


class ToolCallStarted(Event, frozen=True, tag=snake):
    """The model began to write a tool call."""

    id: str
    name: str


class ToolArgumentsDelta(Event, frozen=True, tag=snake):
    """A piece of the call's arguments, raw JSON."""

    id: str
    text: str


class ToolCallReady(Event, frozen=True, tag=snake):
    """The call's arguments are whole. `invalid` holds their raw text if they are no JSON object."""

    id: str
    name: str
    arguments: dict[str, Any]
    invalid: str | None = None


class ToolStarted(Event, frozen=True, tag=snake):
    """The tool begins to work; `headline` is one line for people."""

    id: str
    name: str
    arguments: dict[str, Any]
    headline: str = ""


class ToolOutput(Event, frozen=True, tag=snake):
    """Live output of a running tool."""

    id: str
    text: str
    stream: OutputStream = "stdout"


class ToolFinished(Event, frozen=True, tag=snake):
    """The call's one result. `details` is for views (diff, paths, exit code), not for the model.

    `started` is false for calls that never ran; `details` then always says why, in one of:

    - "denied": "user", "policy" or "middleware": somebody decided against it
    - "skipped": "invalid" (arguments), "unknown_tool", "crashed" (the tool's own code, before
      it ran), "cut" (the answer broke off), "output_limit", "refused", "cancelled",
      "timed_out" or "halted": it never came to that
    """

    id: str
    name: str
    is_error: bool
    content: tuple[ResultContent, ...]
    duration_ms: int = 0
    started: bool = True
    details: dict[str, Any] | None = None


class ApprovalRequested(Event, frozen=True, tag=snake):
    """A tool call waits for a person. Answer by `id`."""

    id: str
    call_id: str
    tool: str
    arguments: dict[str, Any]
    reason: str
    headline: str = ""
    rule: str = ""


class ApprovalAnswered(Event, frozen=True, tag=snake):
    """`by` is "user", "policy" or "shutdown"; `feedback` goes to the model on a denial."""

    id: str
    decision: Decision
    by: str
    feedback: str | None = None


class RetryScheduled(Event, frozen=True, tag=snake):
    """The provider failed and will be asked again in `delay_s` seconds; `attempt` counts from 1.

    `discarded` counts the characters of a cut answer, in the turn before, that count no more.
    """

    attempt: int
    max_attempts: int
    delay_s: float
    error: ErrorInfo
    discarded: int | None = None


class FallbackUsed(Event, frozen=True, tag=snake):
    """The model failed for good; another one takes over for this run."""

    from_model: str
    to_model: str
    error: ErrorInfo


class CompactionStarted(Event, frozen=True, tag=snake):
    """The history is about to be shortened."""

    tokens_before: int


class CompactionFinished(Event, frozen=True, tag=snake):
    """The history was shortened."""

    tokens_before: int
    tokens_after: int


class Queued(Event, frozen=True, tag=snake):
    """A request waits; `position` counts from 1 in its lane. Told again when it is moved."""

    lane: Lane
    position: int
    text: str


class Steered(Event, frozen=True, tag=snake):
    """A steering message went into the running request at a tool boundary.

    `into` is the id of the run that took it.
    """

    text: str
    into: str


class Dequeued(Event, frozen=True, tag=snake):
    """A waiting request left the queue to run, to be edited or because it was withdrawn."""

    lane: Lane
    reason: Literal["started", "withdrawn", "stopped"]


class Cancelled(Event, frozen=True, tag=snake):
    """A request was cancelled while `phase`."""

    phase: Literal["running", "queued"]


class ModelChanged(Event, frozen=True, tag=snake):
    """The agent speaks to another model from now on."""

    from_model: str
    to_model: str


class AgentConfigured(Event, frozen=True, tag=snake):
    """Something else of a live agent was changed; `what` names the fields."""

    what: tuple[str, ...]


class AgentStarted(Event, frozen=True, tag=snake):
    """The agent is ready."""

    model: str


class AgentCrashed(Event, frozen=True, tag=snake):
    """A run died of a defect; the agent lives on."""

    cause: str


class AgentRestarted(Event, frozen=True, tag=snake):
    """A supervisor started the agent anew."""

    cause: str
    restarts: int


class AgentStopped(Event, frozen=True, tag=snake):
    """The agent takes no more requests."""

    cause: str = ""


class UsageUpdated(Event, frozen=True, tag=snake):
    """Totals of the agent's life; of the session's, former programs included, where it keeps one.

    `context_tokens` is what the last prompt and answer filled.

    `cost` is None as soon as one price is unknown; `cost_known` is then what the
    others come to, a lower bound.
    """

    usage: TokenUsage
    by_model: dict[str, TokenUsage]
    cost: float | None = None
    context_tokens: int | None = None
    context_window: int | None = None
    cost_known: float | None = None


class BudgetWarned(Event, frozen=True, tag=snake):
    """Spending passed the warning mark."""

    spent: float
    limit: float
    unit: Literal["usd", "tokens"] = "usd"
    span: Literal["session", "day"] = "session"


class BudgetReached(BudgetWarned, frozen=True, tag=snake):
    """Spending reached its limit, or would with the next request, which waits for an answer."""


class SessionSaved(Event, frozen=True, tag=snake):
    """Nodes of the session are on disk. `title` is what it is called with them."""

    session_id: str
    node_ids: tuple[str, ...]
    title: str = ""


class SessionOpened(Event, frozen=True, tag=snake):
    """Another conversation is on screen: a stored one, or a new one ("" until it is stored)."""

    session_id: str
    title: str = ""


class LeafMoved(Event, frozen=True, tag=snake):
    """The conversation's position in its tree moved."""

    from_node: str | None
    to_node: str | None


class CheckpointMade(Event, frozen=True, tag=snake):
    """A checkpoint was made."""

    node_id: str
    label: str | None = None


class HistoryReset(Event, frozen=True, tag=snake):
    """The conversation was cleared; configuration and usage stay."""


class Notice(Event, frozen=True, tag=snake):
    """Words for the user."""

    level: Literal["info", "warning", "error"]
    text: str


EngineEvent: TypeAlias = (
    RunStarted
    | RunFinished
    | TurnStarted
    | TurnFinished
    | ThinkingDelta
    | TextDelta
    | ToolCallStarted
    | ToolArgumentsDelta
    | ToolCallReady
    | ToolStarted
    | ToolOutput
    | ToolFinished
    | ApprovalRequested
    | ApprovalAnswered
    | RetryScheduled
    | FallbackUsed
    | CompactionStarted
    | CompactionFinished
    | Queued
    | Steered
    | Dequeued
    | Cancelled
    | ModelChanged
    | AgentConfigured
    | AgentStarted
    | AgentCrashed
    | AgentRestarted
    | AgentStopped
    | UsageUpdated
    | BudgetWarned
    | BudgetReached
    | SessionSaved
    | SessionOpened
    | LeafMoved
    | CheckpointMade
    | HistoryReset
    | Notice
    | team.TeamEvent
)


class Envelope(msgspec.Struct, frozen=True):
    """An event with its place: `seq` rises by one per delivered envelope of a channel.

    `request_id` is None for events that belong to no request; `turn` counts
    from 1 within a run and is 0 outside turns; `at_ms` is wall-clock epoch time.
    """

    v: int
    seq: int
    agent: str
    request_id: str | None
    turn: int
    at_ms: int
    event: EngineEvent
