"""Counters and timings of what agents do: a fold over the event stream.

Owns the measurements, their sums and their subscribers. Must not know how they
are exported, and reads no clock: all times are those of the envelopes.

    measurement        values                                  tags
    run.start                                                  model, lane
    run.stop           duration_ms turns input output cost     status, error
    turn.start                                                 model
    turn.stop          duration_ms input output cost           stop, incomplete
    provider.start                                             model
    provider.first     after_ms (until the first delta)        model
    provider.stop      duration_ms                             model, error
    retry              attempt delay_s                         model, error
    fallback                                                   from, to, error
    tool.start                                                 tool
    tool.stop          duration_ms                             tool, error, started
    queue.enter        position                                lane
    queue.leave        waited_ms                               lane, reason
    approval.stop      waited_ms                               tool, decision, by
    compaction.stop    before after
    crash                                                      cause

Values that are unknown are left out, never zero.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from alloy_tui.agent.hub import Hub
from alloy_tui.domain import events as ev
from alloy_tui.domain.usage import TokenUsage

_log = logging.getLogger(__name__)


class Measurement(msgspec.Struct, frozen=True):
    """One thing that happened, in numbers; `at_ms` is epoch milliseconds."""

    name: str
    at_ms: int
    agent: str
    request_id: str | None
    turn: int
    values: dict[str, float]
    tags: dict[str, str]


class Timing(msgspec.Struct, frozen=True):
    """The sum of a duration or wait, in milliseconds."""

    count: int = 0
    total_ms: float = 0.0
    longest_ms: float = 0.0

    def plus(self, ms: float) -> Timing:
        """With one more."""
        return Timing(self.count + 1, self.total_ms + ms, max(self.longest_ms, ms))


class Totals(msgspec.Struct, frozen=True):
    """Sums since the telemetry began.

    `counts` by measurement name, and by `name:outcome` for a run's status, a
    provider's or tool's error. `timings` by measurement name.
    """

    counts: dict[str, int]
    timings: dict[str, Timing]


MeasurementSubscriber: TypeAlias = Callable[[Measurement], None]
_TIMED = ("duration_ms", "waited_ms", "after_ms")
_OUTCOME = ("status", "error", "reason", "decision")


class _Attempt:
    """A provider being asked."""

    def __init__(self, model: str, since_ms: int) -> None:
        self.model = model
        self.since_ms = since_ms
        self.spoke = False


class Telemetry:
    """Turns a hub's events into measurements.

    `watch` a hub, then `subscribe` or read `totals()`. What a subscriber raises
    is logged and concerns nobody else.
    """

    def __init__(self) -> None:
        self._subscribers: list[MeasurementSubscriber] = []
        self._counts: dict[str, int] = {}
        self._timings: dict[str, Timing] = {}
        self._attempts: dict[tuple[str, str | None], _Attempt] = {}
        self._since: dict[tuple[str, str], tuple[int, str]] = {}
        self._steps: dict[type, Callable[[ev.Envelope, Any], None]] = {
            ev.RunStarted: self._run_started,
            ev.RunFinished: self._run_finished,
            ev.TurnStarted: self._turn_started,
            ev.TurnFinished: self._turn_finished,
            ev.TextDelta: self._delta,
            ev.ThinkingDelta: self._delta,
            ev.ToolCallStarted: self._delta,
            ev.RetryScheduled: self._retry,
            ev.FallbackUsed: self._fallback,
            ev.ToolStarted: self._tool_started,
            ev.ToolFinished: self._tool_finished,
            ev.Queued: self._queued,
            ev.Dequeued: self._dequeued,
            ev.Steered: self._steered,
            ev.Cancelled: self._cancelled,
            ev.ApprovalRequested: self._asked,
            ev.ApprovalAnswered: self._answered,
            ev.CompactionFinished: self._compacted,
            ev.AgentCrashed: self._crashed,
        }

    def watch(self, hub: Hub) -> Callable[[], None]:
        """Measure what `hub` publishes until the returned callable is called."""
        return hub.subscribe(self.take)

    def subscribe(self, subscriber: MeasurementSubscriber) -> Callable[[], None]:
        """Call `subscriber` with each measurement until the returned callable is called."""
        self._subscribers.append(subscriber)

        def leave() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return leave

    def totals(self) -> Totals:
        """The sums as a value."""
        return Totals(dict(self._counts), dict(self._timings))

    def take(self, envelope: ev.Envelope) -> None:
        """Fold one envelope."""
        step = self._steps.get(type(envelope.event))
        if step is not None:
            step(envelope, envelope.event)

    def _measure(
        self, envelope: ev.Envelope, name: str, values: dict[str, float | None], **tags: str | None
    ) -> None:
        known = {key: value for key, value in values.items() if value is not None}
        said = {key.rstrip("_"): tag for key, tag in tags.items() if tag}
        self._count(name)
        for key in _OUTCOME:
            if key in said:
                self._count(f"{name}:{said[key]}")
        for key in _TIMED:
            if key in known:
                self._timings[name] = self._timings.get(name, Timing()).plus(known[key])
        made = Measurement(
            name,
            envelope.at_ms,
            envelope.agent,
            envelope.request_id,
            envelope.turn,
            known,
            said,
        )
        for subscriber in list(self._subscribers):
            try:
                subscriber(made)
            except Exception:  # noqa: BLE001  # an observer must not break what it observes
                _log.exception("A telemetry subscriber failed on %s", name)

    def _count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1

    def _run_started(self, envelope: ev.Envelope, event: ev.RunStarted) -> None:
        self._measure(envelope, "run.start", {}, model=event.model, lane=event.lane)

    def _run_finished(self, envelope: ev.Envelope, event: ev.RunFinished) -> None:
        values: dict[str, float | None] = {"duration_ms": event.duration_ms, "turns": event.turns}
        values |= _tokens(event.usage) | {"cost": event.cost}
        error = event.error.kind if event.error else None
        self._measure(envelope, "run.stop", values, status=event.status, error=error)

    def _turn_started(self, envelope: ev.Envelope, event: ev.TurnStarted) -> None:
        self._measure(envelope, "turn.start", {}, model=event.model)
        self._begin(envelope, event.model, envelope.at_ms)

    def _turn_finished(self, envelope: ev.Envelope, event: ev.TurnFinished) -> None:
        self._end(envelope, event.incomplete)
        values: dict[str, float | None] = {"duration_ms": event.duration_ms}
        values |= _tokens(event.usage) | {"cost": event.cost}
        stop, cut = event.stop_reason, event.incomplete
        self._measure(envelope, "turn.stop", values, stop=stop, incomplete=cut)

    def _delta(self, envelope: ev.Envelope, _event: object) -> None:
        attempt = self._attempts.get((envelope.agent, envelope.request_id))
        if attempt is not None and not attempt.spoke:
            attempt.spoke = True
            after_ms = max(0, envelope.at_ms - attempt.since_ms)
            self._measure(envelope, "provider.first", {"after_ms": after_ms}, model=attempt.model)

    def _retry(self, envelope: ev.Envelope, event: ev.RetryScheduled) -> None:
        model = self._end(envelope, event.error.kind)
        values: dict[str, float | None] = {"attempt": event.attempt, "delay_s": event.delay_s}
        self._measure(envelope, "retry", values, model=model, error=event.error.kind)
        self._begin(envelope, model, envelope.at_ms + round(event.delay_s * 1000))

    def _fallback(self, envelope: ev.Envelope, event: ev.FallbackUsed) -> None:
        self._end(envelope, event.error.kind)
        self._measure(
            envelope,
            "fallback",
            {},
            from_=event.from_model,
            to=event.to_model,
            error=event.error.kind,
        )
        self._begin(envelope, event.to_model, envelope.at_ms)

    def _begin(self, envelope: ev.Envelope, model: str, since_ms: int) -> None:
        self._attempts[envelope.agent, envelope.request_id] = _Attempt(model, since_ms)
        self._measure(envelope, "provider.start", {}, model=model)

    def _end(self, envelope: ev.Envelope, error: str | None) -> str:
        attempt = self._attempts.pop((envelope.agent, envelope.request_id), None)
        if attempt is None:
            return ""
        duration_ms = max(0, envelope.at_ms - attempt.since_ms)
        values: dict[str, float | None] = {"duration_ms": duration_ms}
        self._measure(envelope, "provider.stop", values, model=attempt.model, error=error)
        return attempt.model

    def _tool_started(self, envelope: ev.Envelope, event: ev.ToolStarted) -> None:
        self._measure(envelope, "tool.start", {}, tool=event.name)

    def _tool_finished(self, envelope: ev.Envelope, event: ev.ToolFinished) -> None:
        self._measure(
            envelope,
            "tool.stop",
            {"duration_ms": event.duration_ms if event.started else None},
            tool=event.name,
            error="error" if event.is_error else None,
            started="yes" if event.started else "no",
        )

    def _queued(self, envelope: ev.Envelope, event: ev.Queued) -> None:
        self._since["queue", envelope.request_id or ""] = (envelope.at_ms, event.lane)
        self._measure(envelope, "queue.enter", {"position": event.position}, lane=event.lane)

    def _dequeued(self, envelope: ev.Envelope, event: ev.Dequeued) -> None:
        self._left(envelope, event.reason)

    def _steered(self, envelope: ev.Envelope, _event: ev.Steered) -> None:
        self._left(envelope, "steered")

    def _cancelled(self, envelope: ev.Envelope, event: ev.Cancelled) -> None:
        if event.phase == "queued":
            self._left(envelope, "cancelled")

    def _left(self, envelope: ev.Envelope, reason: str) -> None:
        entry = self._since.pop(("queue", envelope.request_id or ""), None)
        if entry is not None:
            values: dict[str, float | None] = {"waited_ms": max(0, envelope.at_ms - entry[0])}
            self._measure(envelope, "queue.leave", values, lane=entry[1], reason=reason)

    def _asked(self, envelope: ev.Envelope, event: ev.ApprovalRequested) -> None:
        self._since["approval", event.id] = (envelope.at_ms, event.tool)

    def _answered(self, envelope: ev.Envelope, event: ev.ApprovalAnswered) -> None:
        entry = self._since.pop(("approval", event.id), None)
        if entry is not None:
            values: dict[str, float | None] = {"waited_ms": max(0, envelope.at_ms - entry[0])}
            self._measure(
                envelope,
                "approval.stop",
                values,
                tool=entry[1],
                decision=event.decision,
                by=event.by,
            )

    def _compacted(self, envelope: ev.Envelope, event: ev.CompactionFinished) -> None:
        values: dict[str, float | None] = {"before": event.tokens_before}
        self._measure(envelope, "compaction.stop", values | {"after": event.tokens_after})

    def _crashed(self, envelope: ev.Envelope, event: ev.AgentCrashed) -> None:
        self._measure(envelope, "crash", {}, cause=event.cause)


def _tokens(usage: TokenUsage) -> dict[str, float | None]:
    return {"input": usage.prompt, "output": usage.output}
