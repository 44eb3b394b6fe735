"""How runs end: nothing that arrived is lost, nothing cut is run, the next request is valid."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.agent.clock import Clock
from alloy_tui.domain.events import (
    AgentCrashed,
    Cancelled,
    Notice,
    RunFinished,
    TextDelta,
    ToolCallReady,
    ToolCallStarted,
    ToolFinished,
    ToolStarted,
    TurnFinished,
)
from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolCallBlock
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    TextPart,
)
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.script import Reply, ScriptedCall
from alloy_tui.providers.scripted import ScriptedProvider, call, cut, fail, say
from tests.agent.desk import Probe, make, valid
from tests.agent.puppet import Puppet, forever_after, hello, whole

pytestmark = pytest.mark.anyio


async def test_a_cut_stream_is_an_error_and_its_text_is_kept_and_marked():
    agent, seen = make([cut("Half an"), cut("Half an ans"), say("Whole.")])
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind, result.text) == ("error", "stream_cut", "Half an ans")
    assert agent.messages[-1].incomplete == "stream_cut"
    assert seen.of(TurnFinished)[0].incomplete == "stream_cut"
    valid(agent.messages)
    assert (await agent.chat("Again")).ok


async def test_a_stream_that_just_ends_counts_as_cut():
    async def stops():
        yield TextPart("Half")

    agent, _ = make([])
    await agent.set_model(Puppet(stops, stops))
    result = await agent.chat("Hi")
    assert (result.error.kind, result.text) == ("stream_cut", "Half")


async def test_no_tool_runs_from_a_cut_answer_and_its_call_is_answered():
    async def stops():
        yield CallPart("a", "probe")
        yield ArgumentsPart("a", '{"path": "/etc/pa')

    probe = Probe()
    agent, seen = make([], tools=[probe])
    puppet = Puppet(stops, stops, hello)
    await agent.set_model(puppet)
    result = await agent.chat("Hi")
    assert result.error.kind == "stream_cut"
    assert probe.calls == []
    assert agent.messages[1].tool_calls[0].invalid == '{"path": "/etc/pa'
    assert [e.started for e in seen.of(ToolFinished)] == [False, False]
    assert not seen.of(ToolCallReady)
    valid(agent.messages)
    assert (await agent.chat("Again")).text == "Hello."


async def test_an_answer_at_the_output_limit_is_no_whole_answer():
    agent, _ = make([say("Once upon a", stop="max_tokens")])
    result = await agent.chat("Tell")
    assert (result.status, result.error.kind, result.text) == (
        "error",
        "output_limit",
        "Once upon a",
    )
    assert agent.messages[-1].incomplete == "output_limit"


async def test_calls_of_an_answer_at_the_output_limit_do_not_run():
    probe = Probe()
    reply = say("Now", calls=[call("probe", x=1)], stop="max_tokens")
    agent, seen = make([reply, say("Fine.")], tools=[probe])
    result = await agent.chat("Do it")
    assert (result.status, result.error.kind) == ("error", "output_limit")
    assert probe.calls == []
    assert "output limit" in agent.messages[2].tool_results[0].text
    assert len(seen.of(ToolFinished)) == len(seen.of(ToolCallStarted)) == 1
    valid(agent.messages)
    assert (await agent.chat("Go on")).ok


@pytest.mark.parametrize("reason", ["refusal", "content_filter"])
async def test_a_refusal_is_told_as_such_and_what_was_said_is_kept(reason):
    agent, _ = make([say("I can", stop=reason, stop_detail="Policy 7.")])
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind, result.text) == ("error", "refused", "I can")
    assert "Policy 7." in result.error.message
    assert result.stop_reason == reason
    assert agent.messages[1].incomplete == "refused"


@pytest.mark.parametrize(
    ("reason", "kind"), [("context_overflow", "context_overflow"), ("malformed", "malformed")]
)
async def test_a_stop_that_is_no_end_is_told_apart(reason, kind):
    agent, _ = make([say("Par", stop=reason)])
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind) == ("error", kind)


async def test_a_context_overflow_raised_by_the_service_is_told_apart():
    agent, _ = make([fail("context_overflow")])
    assert (await agent.chat("Hi")).error.kind == "context_overflow"


async def test_a_pause_is_sent_back_and_goes_on():
    provider = ScriptedProvider([say("Thinking about it", stop="pause"), say("Done.")])
    agent, _ = make(provider)
    result = await agent.chat("Hi")
    assert (result.status, result.text, result.turns) == ("completed", "Done.", 2)
    assert [m.role for m in provider.requests[1].messages] == ["user", "assistant", "user"]
    assert agent.messages[2].synthetic


async def test_an_endless_pause_ends_at_max_turns():
    agent, _ = make([say("Hm", stop="pause")] * 3, max_turns=3)
    assert (await agent.chat("Hi")).status == "max_turns"


async def test_calls_are_run_whatever_the_stop_reason_says():
    probe = Probe()
    reply = Reply(tool_calls=(ScriptedCall("probe", {"x": 1}),), stop="end_turn")
    agent, _ = make([reply, say("Done.")], tools=[probe])
    assert (await agent.chat("Do it")).turns == 2
    assert probe.calls == [{"x": 1}]


async def test_a_tool_use_stop_without_calls_ends_the_run():
    agent, _ = make([say("Done.", stop="tool_use")])
    assert (await agent.chat("Hi")).status == "completed"


async def test_an_unknown_stop_reason_keeps_its_word_and_is_noticed():
    async def odd():
        yield TextPart("Hi")
        yield Completion(
            ChatMessage("assistant", (TextBlock("Hi"),)), Stop("unknown", "banana"), TokenUsage()
        )

    agent, seen = make([])
    await agent.set_model(Puppet(odd))
    result = await agent.chat("Hi")
    assert (result.status, result.stop_reason) == ("completed", "banana")
    assert "banana" in seen.of(Notice)[0].text


async def test_arguments_that_are_no_object_are_answered_with_an_error_and_never_run():
    probe = Probe()
    bad = Reply(tool_calls=(ScriptedCall("probe", raw='{"x": '),))
    agent, seen = make([bad, say("Sorry.")], tools=[probe])
    assert (await agent.chat("Do it")).ok
    assert probe.calls == []
    assert agent.messages[2].tool_results[0].is_error
    assert '{"x": ' in agent.messages[2].tool_results[0].text
    assert not seen.of(ToolStarted)


async def test_cancelling_keeps_what_had_arrived():
    agent, seen = make([])
    await agent.set_model(Puppet(forever_after(TextPart("So far")), hello))
    async for envelope in agent.stream("Hi", request_id="r"):
        if isinstance(envelope.event, TextDelta):
            agent.cancel_request("r")
    finished = seen.of(RunFinished)[0]
    assert (finished.status, finished.text) == ("cancelled", "So far")
    assert agent.messages[-1].incomplete == "cancelled"
    assert seen.of(Cancelled)[0].phase == "running"
    assert (await agent.chat("Again")).text == "Hello."


async def test_a_prompt_cancelled_before_any_answer_does_not_leak_into_the_next_one():
    puppet = Puppet(forever_after(), hello)
    agent, _ = make([])
    await agent.set_model(puppet)
    made = agent.send_message("Delete everything")
    await puppet.asked.wait()
    agent.cancel_request(made)
    assert (await agent.result(made)).status == "cancelled"
    await agent.chat("What is 1 + 1?")
    asked = puppet.requests[-1].messages[-1].text
    assert "cancelled this request" in asked
    assert asked.index("Delete") < asked.index("cancelled") < asked.index("1 + 1")
    valid(agent.messages)


async def test_cancelling_during_a_tool_answers_every_call():
    begun = asyncio.Event()

    async def hang(arguments, context):
        if arguments["n"] == 2:
            begun.set()
            await asyncio.Event().wait()
        return "first done"

    tool = Probe(work=hang, access="execute")
    calls = [call("probe", n=n) for n in (1, 2, 3)]
    agent, seen = make([say("", calls=calls), say("Fine.")], tools=[tool])
    made = agent.send_message("Do it")
    await begun.wait()
    agent.cancel_request()
    assert (await agent.result(made)).status == "cancelled"
    results = agent.messages[2].tool_results
    assert [r.is_error for r in results] == [False, True, True]
    assert "may have done part" in results[1].text
    assert "Not run" in results[2].text
    assert [e.started for e in seen.of(ToolFinished)] == [True, True, False]
    valid(agent.messages)
    assert (await agent.chat("Go on")).text == "Fine."


async def test_one_deadline_covers_the_provider():
    agent, _ = make([])
    await agent.set_model(Puppet(forever_after(TextPart("So far"))))
    result = await agent.chat("Hi", timeout_s=0.01)
    assert (result.status, result.text, result.error.kind) == ("timed_out", "So far", "timeout")
    assert agent.messages[-1].incomplete == "timed_out"


async def test_one_deadline_covers_the_tools():
    async def hang(arguments, context):
        await asyncio.Event().wait()

    agent, _ = make([call("probe")], tools=[Probe(work=hang)], timeout_s=0.01)
    result = await agent.chat("Hi")
    assert result.status == "timed_out"
    valid(agent.messages)


async def test_one_deadline_covers_the_waits_between_retries():
    async def never(seconds):
        await asyncio.Event().wait()

    replies = [fail("rate_limited", retry_after_s=0.001), say("Never.")]
    agent, _ = make(replies, timeout_s=0.05, clock=Clock(sleep=never))
    assert (await agent.chat("Hi")).status == "timed_out"


async def test_one_deadline_covers_approvals():
    agent, _ = make(
        [call("probe")], tools=[Probe(access="execute")], approval_mode="ask", timeout_s=0.01
    )
    assert (await agent.chat("Hi")).status == "timed_out"
    assert agent.approvals.pending() == ()


async def test_the_timeout_of_a_request_goes_before_the_agents():
    agent, _ = make([say("Hi.")], timeout_s=0.0)
    assert (await agent.chat("Hi", timeout_s=60)).ok


async def test_a_defect_in_a_provider_ends_the_run_and_not_the_agent():
    async def broken():
        yield TextPart("Half")
        raise ZeroDivisionError("by zero")

    agent, seen = make([])
    await agent.set_model(Puppet(broken, hello))
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind, result.text) == ("error", "internal", "Half")
    assert seen.of(AgentCrashed)[0].cause == "ZeroDivisionError: by zero"
    assert (await agent.chat("Again")).text == "Hello."
    valid(agent.messages)


async def test_a_cancellation_that_nobody_asked_for_is_a_defect():
    async def confused():
        yield TextPart("Half")
        raise asyncio.CancelledError

    agent, _ = make([])
    await agent.set_model(Puppet(confused, hello))
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind) == ("error", "internal")
    assert (await agent.chat("Again")).ok


async def test_ids_that_a_service_repeats_are_made_unique():
    def counting_from_zero():
        async def stream():
            yield CallPart("call_0", "probe")
            yield ArgumentsPart("call_0", "{}")
            yield whole(ToolCallBlock("call_0", "probe", {}), reason="tool_use")

        return stream

    agent, seen = make([], tools=[Probe()])
    await agent.set_model(Puppet(counting_from_zero(), counting_from_zero(), hello))
    assert (await agent.chat("Hi")).turns == 3
    assert [e.id for e in seen.of(ToolCallStarted)] == ["call_0", "call_0-2"]
    assert [e.id for e in seen.of(ToolFinished)] == ["call_0", "call_0-2"]
    assert all(r.text == "ok" for m in agent.messages for r in m.tool_results)
    valid(agent.messages)


async def test_an_answer_that_no_part_announced_is_still_published():
    async def silent():
        yield whole(TextBlock("All at once."), ToolCallBlock("a", "probe", {}))

    agent, seen = make([], tools=[Probe()])
    await agent.set_model(Puppet(silent, hello))
    await agent.chat("Hi")
    assert seen.of(TextDelta)[0].text == "All at once."
    assert [e.id for e in seen.of(ToolCallStarted)] == ["a"]


async def test_a_history_that_is_already_broken_is_mended_for_the_request():
    provider = ScriptedProvider([say("Fine.")])
    broken = [
        ChatMessage("assistant", (ToolCallBlock("a", "probe", {}),)),
        ChatMessage("user", (TextBlock("Hello?"),)),
    ]
    agent, _ = make(provider, messages=broken)
    assert (await agent.chat("Hi")).ok
    assert agent.messages[:2] == tuple(broken)
