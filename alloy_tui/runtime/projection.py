"""The fold of the event stream into what every view knows: pure, and the one place for states.

`fold(view, envelope)` never raises and never looks at a clock; an event that
it does not know leaves the view as it is. `derive` is the only code that says
which of the agent's states holds. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.usage import ZERO
from alloy_tui.runtime.agent_view import (
    BUSY_STATES,
    AgentState,
    AgentView,
    Outcome,
    PendingApproval,
    Retry,
    RunningTool,
    Waiting,
)
from alloy_tui.runtime.subjects import subject_of

_LANES: tuple[ev.Lane, ...] = ("steer", "prompt", "follow_up")
_OUTCOME_STATES: dict[ev.RunStatus, AgentState] = {
    "completed": "done",
    "error": "failed",
    "halted": "failed",
    "max_turns": "failed",
    "timed_out": "failed",
    "cancelled": "cancelled",
}


def _states(*states: AgentState) -> frozenset[AgentState]:
    return frozenset(states)


_AFTER_WORK = _states("done", "failed", "cancelled", "queued", "restarting", "idle")

LEGAL: dict[AgentState, frozenset[AgentState]] = {
    "starting": _states("idle", "queued", "failed", "thinking", "restarting"),
    "restarting": _states("idle", "queued", "done", "failed", "cancelled", "thinking"),
    # What waited and is withdrawn leaves the queue first, and ends as cancelled then.
    "idle": _states("queued", "thinking", "failed", "done", "cancelled", "restarting"),
    "queued": _states("idle", "done", "failed", "cancelled", "thinking", "restarting"),
    "done": _states("idle", "queued", "failed", "cancelled", "thinking", "restarting"),
    "failed": _states("idle", "queued", "done", "cancelled", "thinking", "restarting"),
    "cancelled": _states("idle", "queued", "failed", "done", "thinking", "restarting"),
    "thinking": _AFTER_WORK | BUSY_STATES - _states("thinking"),
    "streaming": _AFTER_WORK | BUSY_STATES - _states("streaming"),
    "tool": _AFTER_WORK | BUSY_STATES - _states("tool"),
    "waiting_approval": _AFTER_WORK | BUSY_STATES - _states("waiting_approval"),
    "rate_limited": _AFTER_WORK | _states("thinking", "streaming", "compacting"),
    "compacting": _AFTER_WORK | _states("thinking", "streaming", "tool", "rate_limited"),
}
"""Which state may follow which when the engine keeps its promises about event order."""


def derive(view: AgentView) -> AgentState:
    """The state that the facts of `view` add up to."""
    if view.request_id is None:
        if view.restarting:
            return "restarting"
        if view.queue:
            return "queued"
        if view.outcome is not None:
            return _OUTCOME_STATES.get(view.outcome.status, "failed")
        return "idle" if view.ready else "starting"
    if view.approvals:
        return "waiting_approval"
    if view.compacting_from is not None:
        return "compacting"
    if view.retry is not None:
        return "rate_limited"
    if view.tools:
        return "tool"
    return view.voice


def fold(view: AgentView, envelope: Envelope) -> AgentView:
    """`view` after `envelope`; the very same object when nothing that is shown changed."""
    step = _STEPS.get(type(envelope.event))
    if step is None:
        return view
    after = step(view, envelope.event, envelope)
    if after is view:
        return view
    state = derive(after)
    if state != view.state:
        return replace(after, state=state, since_ms=envelope.at_ms)
    return after


def _agent_started(view: AgentView, event: ev.AgentStarted, envelope: Envelope) -> AgentView:
    return replace(
        view,
        ready=True,
        restarting=False,
        model=event.model,
        name=envelope.agent or view.name,
        # What it was started anew after is behind it.
        outcome=view.outcome if view.ready and not view.restarting else None,
    )


def _run_started(view: AgentView, event: ev.RunStarted, envelope: Envelope) -> AgentView:
    return replace(
        _over(view),
        ready=True,
        restarting=False,
        model=event.model,
        fallback_of="",
        request_id=envelope.request_id or "",
        run_started_ms=envelope.at_ms,
        outcome=None,
        queue=_without(view.queue, envelope.request_id),
    )


def _over(view: AgentView) -> AgentView:
    """`view` with everything that belongs to a run put away."""
    return replace(
        view,
        request_id=None,
        turn=0,
        voice="thinking",
        writing_call=None,
        tools=(),
        approvals=(),
        retry=None,
        compacting_from=None,
    )


def _run_finished(view: AgentView, event: ev.RunFinished, envelope: Envelope) -> AgentView:
    outcome = Outcome(event.status, event.error, event.duration_ms, event.turns)
    if envelope.request_id is not None and view.request_id not in {None, envelope.request_id}:
        # A request that never ran ended; the one that runs is not touched.
        return replace(view, queue=_without(view.queue, envelope.request_id))
    return replace(_over(view), outcome=outcome, queue=_without(view.queue, envelope.request_id))


def _turn_started(view: AgentView, event: ev.TurnStarted, envelope: Envelope) -> AgentView:
    return replace(
        view,
        turn=envelope.turn,
        model=event.model or view.model,
        voice="thinking",
        writing_call=None,
        retry=None,
    )


def _turn_finished(view: AgentView, event: ev.TurnFinished, envelope: Envelope) -> AgentView:
    del event, envelope
    return replace(view, voice="thinking", writing_call=None, retry=None)


def _thinking(view: AgentView, event: ev.ThinkingDelta, envelope: Envelope) -> AgentView:
    del event, envelope
    if view.voice == "thinking" and view.retry is None:
        return view
    return replace(view, voice="thinking", retry=None, writing_call=None)


def _text(view: AgentView, event: ev.TextDelta, envelope: Envelope) -> AgentView:
    del event, envelope
    if view.voice == "streaming" and view.retry is None and view.writing_call is None:
        return view
    return replace(view, voice="streaming", retry=None, writing_call=None)


def _call_started(view: AgentView, event: ev.ToolCallStarted, envelope: Envelope) -> AgentView:
    del envelope
    return replace(view, voice="streaming", retry=None, writing_call=event.name)


def _tool_started(view: AgentView, event: ev.ToolStarted, envelope: Envelope) -> AgentView:
    tool = RunningTool(
        event.id, event.name, subject_of(event.name, event.arguments), envelope.at_ms
    )
    if envelope.turn == 0:  # the user's own command
        return replace(view, commands=(*view.commands, tool))
    others = tuple(t for t in view.tools if t.id != event.id)
    return replace(view, tools=(*others, tool), voice="thinking", writing_call=None)


def _tool_finished(view: AgentView, event: ev.ToolFinished, envelope: Envelope) -> AgentView:
    del envelope
    return replace(
        view,
        commands=tuple(t for t in view.commands if t.id != event.id),
        tools=tuple(t for t in view.tools if t.id != event.id),
        approvals=tuple(a for a in view.approvals if a.request.call_id != event.id),
    )


def _asked(view: AgentView, event: ev.ApprovalRequested, envelope: Envelope) -> AgentView:
    asked = PendingApproval(event, envelope.agent, envelope.request_id, envelope.at_ms)
    others = tuple(a for a in view.approvals if a.request.id != event.id)
    return replace(view, approvals=(*others, asked))


def _answered(view: AgentView, event: ev.ApprovalAnswered, envelope: Envelope) -> AgentView:
    del envelope
    return replace(view, approvals=tuple(a for a in view.approvals if a.request.id != event.id))


def _retry(view: AgentView, event: ev.RetryScheduled, envelope: Envelope) -> AgentView:
    until_ms = envelope.at_ms + round(event.delay_s * 1000)
    retry = Retry(event.attempt, event.max_attempts, until_ms, event.error)
    return replace(view, retry=retry, voice="thinking", writing_call=None)


def _fallback(view: AgentView, event: ev.FallbackUsed, envelope: Envelope) -> AgentView:
    del envelope
    failed = view.fallback_of or event.from_model
    return replace(view, model=event.to_model, fallback_of=failed, retry=None)


def _compacting(view: AgentView, event: ev.CompactionStarted, envelope: Envelope) -> AgentView:
    del envelope
    return replace(view, compacting_from=event.tokens_before)


def _compacted(view: AgentView, event: ev.CompactionFinished, envelope: Envelope) -> AgentView:
    del envelope
    return replace(view, compacting_from=None, context_tokens=event.tokens_after)


def _queued(view: AgentView, event: ev.Queued, envelope: Envelope) -> AgentView:
    waiting = Waiting(envelope.request_id or "", event.lane, event.text)
    queue = list(_without(view.queue, envelope.request_id))
    # In the order in which they will run: by lane, then by place in it.
    at = sum(_LANES.index(w.lane) < _LANES.index(event.lane) for w in queue)
    beside = sum(w.lane == event.lane for w in queue)
    queue.insert(at + min(max(0, event.position - 1), beside), waiting)
    return replace(view, queue=tuple(queue))


def _unqueued(view: AgentView, event: object, envelope: Envelope) -> AgentView:
    del event
    rest = _without(view.queue, envelope.request_id)
    return view if len(rest) == len(view.queue) else replace(view, queue=rest)


def _model_changed(view: AgentView, event: ev.ModelChanged, envelope: Envelope) -> AgentView:
    del envelope
    # The window belongs to the model: the next usage figures bring the new one.
    return replace(view, model=event.to_model, fallback_of="", context_window=None)


def _crashed(view: AgentView, event: ev.AgentCrashed, envelope: Envelope) -> AgentView:
    error = ev.ErrorInfo(kind="internal", message=event.cause)
    duration_ms = max(0, envelope.at_ms - view.run_started_ms) if view.busy else 0
    return replace(_over(view), outcome=Outcome("error", error, duration_ms, view.turn))


def _restarted(view: AgentView, event: ev.AgentRestarted, envelope: Envelope) -> AgentView:
    del event, envelope
    return replace(_over(view), restarting=True)


def _stopped(view: AgentView, event: ev.AgentStopped, envelope: Envelope) -> AgentView:
    del envelope
    error = ev.ErrorInfo(kind="internal", message=event.cause) if event.cause else None
    outcome = Outcome("error" if error else "completed", error, 0, 0)
    return replace(_over(view), queue=(), restarting=False, outcome=outcome)


def _usage(view: AgentView, event: ev.UsageUpdated, envelope: Envelope) -> AgentView:
    del envelope
    return replace(
        view,
        usage=event.usage,
        # A session that was just begun took nothing yet.
        usage_known=bool(event.by_model) or event.usage != ZERO,
        cost=event.cost,
        cost_known=event.cost_known,
        context_tokens=event.context_tokens,
        context_window=event.context_window,
    )


def _reset(view: AgentView, event: ev.HistoryReset, envelope: Envelope) -> AgentView:
    del event, envelope
    return replace(_over(view), outcome=None, context_tokens=None, ready=True)


def _session(
    view: AgentView, event: ev.SessionOpened | ev.SessionSaved, envelope: Envelope
) -> AgentView:
    del envelope
    return replace(view, session=event.title) if event.title != view.session else view


def _elsewhere(
    view: AgentView, event: ev.SessionOpened | ev.LeafMoved, envelope: Envelope
) -> AgentView:
    """The conversation stands elsewhere: how the last run ended is not its story any more."""
    if isinstance(event, ev.SessionOpened):
        view = _session(view, event, envelope)
    over = view.ready and not view.busy and view.outcome is not None
    return replace(view, outcome=None) if over else view


def _notice(view: AgentView, event: ev.Notice, envelope: Envelope) -> AgentView:
    if view.ready or event.level != "error" or envelope.request_id is not None:
        return view
    # Nothing answers yet, and this is why: it is not starting any more.
    error = ev.ErrorInfo(kind="no_model", message=event.text)
    return replace(view, outcome=Outcome("error", error, 0, 0))


def _without(queue: tuple[Waiting, ...], request_id: str | None) -> tuple[Waiting, ...]:
    return tuple(w for w in queue if w.request_id != request_id)


_STEPS: dict[type, Callable[[AgentView, Any, Envelope], AgentView]] = {
    ev.AgentStarted: _agent_started,
    ev.AgentCrashed: _crashed,
    ev.AgentRestarted: _restarted,
    ev.AgentStopped: _stopped,
    ev.RunStarted: _run_started,
    ev.RunFinished: _run_finished,
    ev.TurnStarted: _turn_started,
    ev.TurnFinished: _turn_finished,
    ev.ThinkingDelta: _thinking,
    ev.TextDelta: _text,
    ev.ToolCallStarted: _call_started,
    ev.ToolStarted: _tool_started,
    ev.ToolFinished: _tool_finished,
    ev.ApprovalRequested: _asked,
    ev.ApprovalAnswered: _answered,
    ev.RetryScheduled: _retry,
    ev.FallbackUsed: _fallback,
    ev.CompactionStarted: _compacting,
    ev.CompactionFinished: _compacted,
    ev.Queued: _queued,
    ev.Dequeued: _unqueued,
    ev.Steered: _unqueued,
    ev.Cancelled: _unqueued,
    ev.ModelChanged: _model_changed,
    ev.UsageUpdated: _usage,
    ev.HistoryReset: _reset,
    ev.SessionOpened: _elsewhere,
    ev.LeafMoved: _elsewhere,
    ev.SessionSaved: _session,
    ev.Notice: _notice,
}
