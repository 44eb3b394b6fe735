"""Spans by the GenAI conventions, read back from an exporter in memory."""

from __future__ import annotations

import pytest

from alloy_tui.agent.otel import export_spans
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.script import Reply
from alloy_tui.providers.scripted import call, cut, fail, say
from tests.agent.desk import Probe, make

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from opentelemetry.sdk.trace import TracerProvider  # after the check above
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # after the check
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # likewise
    InMemorySpanExporter,
)
from opentelemetry.trace import SpanKind, StatusCode  # after the check above

pytestmark = pytest.mark.anyio


def exporting(replies, **options):
    """An agent, its finished spans, and the callable that ends the export."""
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    agent, _ = make(replies, **options)
    leave = export_spans(agent.hub, tracer=provider.get_tracer("test"), conversation="s-1")
    return agent, memory.get_finished_spans, leave


async def test_a_run_is_an_agent_span_over_chats_and_tools():
    usage = TokenUsage(input=10, output=2, cache_read=5, cache_write=1)
    agent, spans, _ = exporting(
        [call("probe"), Reply(text="Done.", usage=usage)], tools=[Probe()], name="ann"
    )
    await agent.chat("Do it")
    first, tool, second, run = spans()
    assert [s.name for s in (first, tool, second, run)] == [
        "chat inline",
        "execute_tool probe",
        "chat inline",
        "invoke_agent ann",
    ]
    assert all(s.parent.span_id == run.context.span_id for s in (first, tool, second))
    assert (first.kind, tool.kind, run.kind) == (
        SpanKind.CLIENT,
        SpanKind.INTERNAL,
        SpanKind.INTERNAL,
    )
    assert dict(run.attributes) | {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "ann",
        "gen_ai.conversation.id": "s-1",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "inline",
        "alloy.run.status": "completed",
    } == dict(run.attributes)
    assert dict(second.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "inline",
        "gen_ai.response.finish_reasons": ("end_turn",),
        "gen_ai.usage.input_tokens": 16,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.cache_creation.input_tokens": 1,
    }
    assert tool.attributes["gen_ai.tool.name"] == "probe"
    assert tool.attributes["gen_ai.tool.call.id"] == agent.messages[1].tool_calls[0].id
    assert first.end_time <= tool.start_time <= tool.end_time <= second.start_time


async def test_unknown_usage_is_left_out():
    agent, spans, _ = exporting([say("Hi.")])
    await agent.chat("Hi")
    assert not [k for s in spans() for k in s.attributes if "usage" in k]


async def test_a_failure_marks_its_spans_and_a_retry_is_an_event():
    agent, spans, _ = exporting([fail("overloaded"), cut("Half")])
    await agent.chat("Hi")
    chat, run = spans()
    assert [e.name for e in chat.events] == ["retry"]
    assert chat.events[0].attributes["error.type"] == "overloaded"
    for span in (chat, run):
        assert span.attributes["error.type"] == "stream_cut"
        assert span.status.status_code is StatusCode.ERROR


async def test_a_failed_tool_is_marked():
    async def explode(arguments, context):
        raise ZeroDivisionError

    agent, spans, _ = exporting([call("probe"), say("I see.")], tools=[Probe(work=explode)])
    await agent.chat("Do it")
    tool = next(s for s in spans() if s.name == "execute_tool probe")
    assert tool.attributes["error.type"] == "tool_error"


async def test_nothing_that_was_said_is_exported():
    agent, spans, _ = exporting(
        [call("probe", key="hunter2"), say("hunter2")], tools=[Probe()], system_prompt="hunter2"
    )
    await agent.chat("hunter2")
    assert "hunter2" not in "".join(s.to_json() for s in spans())


async def test_ending_the_export_ends_what_is_open():
    async def leave_now(arguments, context):
        leave()
        return "ok"

    agent, spans, leave = exporting([call("probe"), say("Done.")], tools=[Probe(work=leave_now)])
    await agent.chat("Do it")
    assert [s.name for s in spans()] == ["chat inline", "execute_tool probe", "invoke_agent agent"]
