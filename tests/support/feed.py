"""Makes envelopes for tests of views: a little engine that keeps its promises about order."""

from __future__ import annotations

from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.usage import TokenUsage

START_MS = 1_760_000_000_000


class Feed:
    """Numbers envelopes and moves its own clock; `at(ms)` sets it since the start."""

    def __init__(self, agent: str = "agent") -> None:
        self.agent = agent
        self.seq = 0
        self.now_ms = START_MS
        self.request_id: str | None = None
        self.turn = 0

    def at(self, ms: int) -> Feed:
        """Set the clock to `ms` after the start."""
        self.now_ms = START_MS + ms
        return self

    def wrap(self, event: ev.EngineEvent, request_id: str | None = None) -> Envelope:
        """The event in its envelope; requests and turns are followed."""
        if isinstance(event, ev.RunStarted):
            self.request_id = request_id or f"r{self.seq}"
            self.turn = 0
        elif isinstance(event, ev.TurnStarted):
            self.turn += 1
        self.seq += 1
        rid = request_id if request_id is not None else self.request_id
        envelope = Envelope(1, self.seq, self.agent, rid, self.turn, self.now_ms, event)
        if isinstance(event, ev.RunFinished):
            self.request_id, self.turn = None, 0
        return envelope

    def __call__(self, *events: ev.EngineEvent, request_id: str | None = None) -> list[Envelope]:
        """Several events, one after the other."""
        return [self.wrap(event, request_id) for event in events]


def started(model: str = "scripted/tour") -> ev.AgentStarted:
    """The agent is ready."""
    return ev.AgentStarted(model=model)


def run(prompt: str, model: str = "scripted/tour") -> ev.RunStarted:
    """A request begins."""
    return ev.RunStarted(model=model, prompt=prompt)


def turn(model: str = "scripted/tour") -> ev.TurnStarted:
    """A turn begins."""
    return ev.TurnStarted(model=model)


def turn_done(reason: str = "end_turn", incomplete: str | None = None) -> ev.TurnFinished:
    """A turn ends."""
    usage = TokenUsage(input=100, output=20)
    return ev.TurnFinished(stop_reason=reason, usage=usage, incomplete=incomplete)


def done(
    text: str = "",
    status: ev.RunStatus = "completed",
    error: ev.ErrorInfo | None = None,
    duration_ms: int = 4000,
) -> ev.RunFinished:
    """A request ends."""
    return ev.RunFinished(
        status=status,
        text=text,
        turns=1,
        usage=TokenUsage(input=100, output=20),
        error=error,
        duration_ms=duration_ms,
    )


def call(call_id: str, name: str, **arguments: Any) -> list[ev.EngineEvent]:
    """The model writes a tool call."""
    return [
        ev.ToolCallStarted(id=call_id, name=name),
        ev.ToolCallReady(id=call_id, name=name, arguments=arguments),
    ]


def tool_started(call_id: str, name: str, headline: str, **arguments: Any) -> ev.ToolStarted:
    """A tool begins."""
    return ev.ToolStarted(id=call_id, name=name, arguments=arguments, headline=headline)


def tool_done(
    call_id: str, name: str, text: str, *, is_error: bool = False, ms: int = 800, **more: Any
) -> ev.ToolFinished:
    """A tool ends."""
    content = (TextBlock(text),)
    return ev.ToolFinished(
        id=call_id, name=name, is_error=is_error, content=content, duration_ms=ms, **more
    )


def ask(
    approval_id: str, call_id: str, tool: str, rule: str = "", **arguments: Any
) -> ev.ApprovalRequested:
    """A tool call waits for a person."""
    return ev.ApprovalRequested(
        id=approval_id,
        call_id=call_id,
        tool=tool,
        arguments=arguments,
        reason="not covered by a rule",
        headline=str(arguments.get("command", "")),
        rule=rule,
    )
