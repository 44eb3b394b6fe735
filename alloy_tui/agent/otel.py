"""Exports what agents do as OpenTelemetry spans, by the GenAI semantic conventions.

Owns the fold from events to spans: `invoke_agent` for a request, below it
`chat` for each question to a model and `execute_tool` for each tool at work.
Never records prompts, answers, arguments or results. Needs the extra `otel`;
nothing else in the package imports OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from alloy_tui.agent.hub import Hub
from alloy_tui.domain import events as ev
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.usage import TokenUsage

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Value: TypeAlias = str | int | float | tuple[str, ...]

_PROVIDER_NAMES = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""Where the conventions call a service otherwise than we do."""


def export_spans(
    hub: Hub, *, tracer: Tracer | None = None, conversation: str | None = None
) -> Callable[[], None]:
    """Export what `hub` publishes until the returned callable is called.

    `tracer` None takes the globally configured one; `conversation` is the
    session's id. Raises ConfigError when OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import trace
    except ImportError:
        raise ConfigError(
            "OpenTelemetry is not installed.", hint="Install the extra: alloy-tui[otel]."
        ) from None
    exporter = _Exporter(tracer or trace.get_tracer("alloy_tui"), conversation)
    leave = hub.subscribe(exporter.take)

    def stop() -> None:
        leave()
        exporter.close()

    return stop


class _Exporter:
    """The spans that are open, by what they stand for."""

    def __init__(self, tracer: Tracer, conversation: str | None) -> None:
        self._tracer = tracer
        self._conversation = conversation
        self._open: dict[tuple[str, str, str], Span] = {}
        self._steps: dict[type, Callable[[ev.Envelope, Any], None]] = {
            ev.RunStarted: self._run_started,
            ev.RunFinished: self._run_finished,
            ev.TurnStarted: self._turn_started,
            ev.TurnFinished: self._turn_finished,
            ev.RetryScheduled: self._retry,
            ev.FallbackUsed: self._fallback,
            ev.ToolStarted: self._tool_started,
            ev.ToolFinished: self._tool_finished,
        }

    def take(self, envelope: ev.Envelope) -> None:
        """Fold one envelope."""
        step = self._steps.get(type(envelope.event))
        if step is not None:
            step(envelope, envelope.event)

    def close(self) -> None:
        """End what is open, the inner spans first."""
        for span in reversed(list(self._open.values())):
            span.end()
        self._open.clear()

    def _run_started(self, envelope: ev.Envelope, event: ev.RunStarted) -> None:
        attributes = _model("invoke_agent", event.model) | {"gen_ai.agent.name": envelope.agent}
        if self._conversation is not None:
            attributes["gen_ai.conversation.id"] = self._conversation
        self._start(envelope, "run", "", f"invoke_agent {envelope.agent}", attributes)

    def _run_finished(self, envelope: ev.Envelope, event: ev.RunFinished) -> None:
        error = None if event.status in {"completed", "max_turns"} else event.status
        if event.error is not None:
            error = event.error.kind
        attributes = _usage(event.usage) | {"alloy.run.status": event.status}
        self._end(envelope, "run", "", attributes, error)

    def _turn_started(self, envelope: ev.Envelope, event: ev.TurnStarted) -> None:
        attributes = _model("chat", event.model)
        name = f"chat {attributes['gen_ai.request.model']}"
        self._start(envelope, "turn", "", name, attributes, client=True)

    def _turn_finished(self, envelope: ev.Envelope, event: ev.TurnFinished) -> None:
        attributes = dict(_usage(event.usage))
        if event.stop_reason is not None:
            attributes["gen_ai.response.finish_reasons"] = (event.stop_reason,)
        self._end(envelope, "turn", "", attributes, event.incomplete)

    def _retry(self, envelope: ev.Envelope, event: ev.RetryScheduled) -> None:
        attributes: dict[str, Value] = {
            "error.type": event.error.kind,
            "alloy.retry.attempt": event.attempt,
            "alloy.retry.delay_s": event.delay_s,
        }
        self._note(envelope, "retry", attributes)

    def _fallback(self, envelope: ev.Envelope, event: ev.FallbackUsed) -> None:
        span = self._open.get(_key(envelope, "turn", ""))
        if span is not None:
            span.set_attributes(_model("chat", event.to_model))
        self._note(envelope, "fallback", {"error.type": event.error.kind})

    def _tool_started(self, envelope: ev.Envelope, event: ev.ToolStarted) -> None:
        attributes: dict[str, Value] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": event.name,
            "gen_ai.tool.call.id": event.id,
            "gen_ai.tool.type": "function",
        }
        self._start(envelope, "tool", event.id, f"execute_tool {event.name}", attributes)

    def _tool_finished(self, envelope: ev.Envelope, event: ev.ToolFinished) -> None:
        self._end(envelope, "tool", event.id, {}, "tool_error" if event.is_error else None)

    def _start(
        self,
        envelope: ev.Envelope,
        kind: str,
        detail: str,
        name: str,
        attributes: Mapping[str, Value],
        *,
        client: bool = False,
    ) -> None:
        from opentelemetry import trace

        parent = self._open.get(_key(envelope, "run", ""))
        self._open[_key(envelope, kind, detail)] = self._tracer.start_span(
            name,
            context=None if parent is None else trace.set_span_in_context(parent),
            kind=trace.SpanKind.CLIENT if client else trace.SpanKind.INTERNAL,
            attributes=dict(attributes),
            start_time=_ns(envelope),
        )

    def _end(
        self,
        envelope: ev.Envelope,
        kind: str,
        detail: str,
        attributes: Mapping[str, Value],
        error: str | None,
    ) -> None:
        from opentelemetry.trace import Status, StatusCode

        span = self._open.pop(_key(envelope, kind, detail), None)
        if span is None:
            return
        span.set_attributes(dict(attributes))
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(end_time=_ns(envelope))

    def _note(self, envelope: ev.Envelope, name: str, attributes: Mapping[str, Value]) -> None:
        span = self._open.get(_key(envelope, "turn", ""))
        if span is not None:
            span.add_event(name, dict(attributes), timestamp=_ns(envelope))


def _key(envelope: ev.Envelope, kind: str, detail: str) -> tuple[str, str, str]:
    return (f"{envelope.agent}\0{envelope.request_id}", kind, detail)


def _ns(envelope: ev.Envelope) -> int:
    return envelope.at_ms * 1_000_000


def _model(operation: str, model: str) -> dict[str, Value]:
    service, _, name = model.partition("/")
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _PROVIDER_NAMES.get(service, service),
        "gen_ai.request.model": name or model,
    }


def _usage(usage: TokenUsage) -> dict[str, Value]:
    """What is known; the conventions count cached tokens as input."""
    counts = {
        "gen_ai.usage.input_tokens": usage.prompt,
        "gen_ai.usage.output_tokens": usage.output,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write,
    }
    return {name: count for name, count in counts.items() if count is not None}
