"""What took time: runs, turns, tool calls and waits of every agent, as spans.

Owns the making of spans, from events as they come and from sessions as they are
stored, and what each agent was doing at a moment. Pure but for what it remembers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.subjects import subject_of
from alloy_tui.runtime.team_port import Span
from alloy_tui.sessions.nodes import Answer, Entry, ToolResult, UserMessage

MOST_SPANS = 20_000
_TITLE = 80


class Timeline:
    """The spans of one hub's agents; of very many the oldest are forgotten."""

    def __init__(self) -> None:
        self._over: deque[Span] = deque(maxlen=MOST_SPANS)
        self._open: dict[tuple[str, str, str], Span] = {}

    def take(self, envelope: Envelope) -> None:
        """A subscriber of the hub."""
        step = _STEPS.get(type(envelope.event))
        if step is not None:
            step(self, envelope, envelope.event)

    def forget_others(self, agent: str) -> None:
        """What all but `agent` did is another conversation's."""
        mine = [span for span in self._over if span.agent == agent]
        self._over = deque(mine, maxlen=MOST_SPANS)
        self._open = {key: span for key, span in self._open.items() if span.agent == agent}

    def spans(self) -> tuple[Span, ...]:
        """All spans, by start; those that go on have no end."""
        return tuple(sorted((*self._over, *self._open.values()), key=_start))

    def begin(self, envelope: Envelope, kind: Any, key: str, title: str) -> None:
        """A span begins, unless it goes on already."""
        at = (envelope.agent, kind, key)
        if at not in self._open:
            words = clean_line(title, limit=_TITLE)
            self._open[at] = Span(envelope.agent, kind, words, envelope.at_ms)

    def end(self, envelope: Envelope, kind: str, key: str, *, failed: bool = False) -> None:
        """A span is over, if it was one."""
        span = self._open.pop((envelope.agent, kind, key), None)
        if span is not None:
            self._over.append(replace(span, end_ms=envelope.at_ms, failed=failed))

    def end_all(self, envelope: Envelope, *, failed: bool) -> None:
        """All that the agent does is over."""
        for agent, kind, key in list(self._open):
            if agent == envelope.agent:
                self.end(envelope, kind, key, failed=failed)


def _start(span: Span) -> int:
    return span.start_ms


def _run(line: Timeline, envelope: Envelope, event: ev.RunStarted) -> None:
    line.begin(envelope, "run", envelope.request_id or "", event.prompt)


def _turn(line: Timeline, envelope: Envelope, event: ev.TurnStarted) -> None:
    line.begin(envelope, "turn", str(envelope.turn), event.model)


def _turn_over(line: Timeline, envelope: Envelope, event: ev.TurnFinished) -> None:
    line.end(envelope, "turn", str(envelope.turn), failed=event.incomplete is not None)


def _tool(line: Timeline, envelope: Envelope, event: ev.ToolStarted) -> None:
    subject = subject_of(event.name, event.arguments)
    line.begin(envelope, "tool", event.id, f"{event.name} {subject}")


def _tool_over(line: Timeline, envelope: Envelope, event: ev.ToolFinished) -> None:
    line.end(envelope, "tool", event.id, failed=event.is_error)


def _asked(line: Timeline, envelope: Envelope, event: ev.ApprovalRequested) -> None:
    line.begin(envelope, "wait", event.id, f"{event.tool} {event.headline}")


def _answered(line: Timeline, envelope: Envelope, event: ev.ApprovalAnswered) -> None:
    line.end(envelope, "wait", event.id, failed=event.decision == "deny")


def _run_over(line: Timeline, envelope: Envelope, event: ev.RunFinished) -> None:
    line.end_all(envelope, failed=event.status != "completed")


def _died(line: Timeline, envelope: Envelope, event: object) -> None:
    del event
    line.end_all(envelope, failed=True)


_STEPS: dict[type, Callable[[Timeline, Envelope, Any], None]] = {
    ev.RunStarted: _run,
    ev.TurnStarted: _turn,
    ev.TurnFinished: _turn_over,
    ev.ToolStarted: _tool,
    ev.ToolFinished: _tool_over,
    ev.ApprovalRequested: _asked,
    ev.ApprovalAnswered: _answered,
    ev.RunFinished: _run_over,
    ev.AgentCrashed: _died,
    ev.AgentStopped: _died,
}


def stored_spans(agent: str, entries: Iterable[Entry]) -> list[Span]:
    """The spans of a stored conversation: an answer tells when it began, a call when it ended.

    Both say how long they took. A run reaches from the user's message to the last
    thing before the next one; a call that never ran took no time, and is told of
    when a session is taken up again.
    """
    spans: list[Span] = []
    run = -1
    for entry in entries:
        node = entry.node
        if isinstance(node, UserMessage):
            run = len(spans)
            title = clean_line(node.message.text, limit=_TITLE)
            spans.append(Span(agent, "run", title, entry.at_ms, entry.at_ms))
            continue
        if isinstance(node, Answer):
            failed, title = node.message.incomplete is not None, node.model
            words, end_ms = clean_line(title, limit=_TITLE), entry.at_ms + node.duration_ms
            spans.append(Span(agent, "turn", words, entry.at_ms, end_ms, failed))
        elif isinstance(node, ToolResult) and node.started:
            start_ms, end_ms = max(0, entry.at_ms - node.duration_ms), entry.at_ms
            name = clean_line(node.name)
            spans.append(Span(agent, "tool", name, start_ms, end_ms, node.result.is_error))
        else:
            continue
        if run >= 0:
            spans[run] = replace(spans[run], end_ms=max(end_ms, spans[run].end_ms or 0))
    return sorted(spans, key=_start)


def at(spans: Iterable[Span], moment_ms: int) -> dict[str, Span]:
    """What each agent was doing at `moment_ms`: the shortest of the spans round it."""
    doing: dict[str, Span] = {}
    for span in spans:
        end_ms = span.end_ms
        if span.start_ms <= moment_ms and (end_ms is None or moment_ms < end_ms):
            known = doing.get(span.agent)
            if known is None or span.start_ms >= known.start_ms:
                doing[span.agent] = span
    return doing
