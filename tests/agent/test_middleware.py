"""Middleware: which hooks fire when, what they may answer, and that they break nothing."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from alloy_tui.agent.bundled import LoggingMiddleware
from alloy_tui.agent.middleware import Block, EditedCall, Halt, Middleware, describe
from alloy_tui.domain.errors import AgentError
from alloy_tui.domain.events import (
    Notice,
    ToolFinished,
    ToolStarted,
)
from alloy_tui.domain.provider import TextPart
from alloy_tui.providers.scripted import ScriptedProvider, call, fail, say
from tests.agent.desk import Probe, make, valid
from tests.agent.spies import ALL, hooking

pytestmark = pytest.mark.anyio


async def test_the_hooks_of_a_run_with_tools_fire_in_order():
    log = []
    agent, _ = make([call("probe"), say("Done.")], tools=[Probe()], middleware=[hooking(log=log)])
    await agent.chat("Do it")
    await agent.stop()
    assert log == [
        "session_start",
        "before_completion",
        "after_tool_request",
        "before_tool_call",
        "after_tool_execution",
        "before_completion",
        "after_completion",
        "session_end",
    ]


async def test_the_order_among_middleware_is_that_of_the_list():
    log = []
    spies = [
        hooking({"before_completion": lambda *_, n=n: log.append(n)}, name=f"Spy{n}")
        for n in range(3)
    ]
    agent, _ = make([say("Hi.")], middleware=spies)
    await agent.chat("Hi")
    assert log == [0, 1, 2]


async def test_a_hook_may_be_async():
    seen = []

    class Later(Middleware):
        async def before_completion(self, context, request):
            await asyncio.sleep(0)
            seen.append((context.turn, context.model, len(request.messages)))

    agent, _ = make([say("Hi.")], middleware=[Later()])
    await agent.chat("Hi")
    assert seen == [(1, "scripted/inline", 1)]


async def test_an_object_with_some_hooks_is_middleware_too():
    seen = []

    class Bare:
        def after_completion(self, context, answer):
            seen.append(answer.text)

    agent, _ = make([say("Hi.")], middleware=[Bare()])
    await agent.chat("Hi")
    assert seen == ["Hi."]


@pytest.mark.parametrize(
    ("hook", "left"),
    [
        ("before_completion", 2),
        ("after_tool_request", 1),
        ("before_tool_call", 1),
        ("after_tool_execution", 1),
    ],
)
async def test_a_halt_stops_the_run_with_its_reason(hook, left):
    provider = ScriptedProvider([call("probe"), say("Never.")])
    agent, _ = make(
        provider, tools=[Probe()], middleware=[hooking({hook: Halt("enough")}, name="Guard")]
    )
    result = await agent.chat("Do it")
    assert result.status == "halted"
    assert result.error.message == "enough"
    assert "Guard" in result.error.hint
    assert len(provider.unconsumed()) == left
    valid(agent.messages)


async def test_a_halt_after_completion_keeps_the_answer():
    agent, _ = make([say("Hi.")], middleware=[hooking({"after_completion": Halt("enough")})])
    result = await agent.chat("Hi")
    assert (result.status, result.text) == ("halted", "Hi.")


async def test_a_halt_on_error_is_halted_and_no_error():
    agent, _ = make([fail("auth")], middleware=[hooking({"on_error": Halt("told the owner")})])
    assert (await agent.chat("Hi")).status == "halted"


async def test_a_halt_keeps_the_next_middleware_from_being_called():
    log = []
    agent, _ = make(
        [], middleware=[hooking({"before_completion": Halt("no")}), hooking(log=log, name="Next")]
    )
    await agent.chat("Hi")
    assert "before_completion" not in log


async def test_a_halt_at_one_call_keeps_every_call_of_the_turn_from_running():
    def guard(context, wanted):
        return Halt("no") if wanted.arguments.get("n") == 2 else None

    tool = Probe()
    calls = [call("probe", n=1), call("probe", n=2)]
    agent, seen = make(
        [say("", calls=calls), say("Fine.")],
        tools=[tool],
        middleware=[hooking({"before_tool_call": guard})],
    )
    assert (await agent.chat("Do it")).status == "halted"
    assert tool.calls == []
    assert len(seen.of(ToolFinished)) == 2
    assert not seen.of(ToolStarted)
    agent.configure(middleware=[])
    assert (await agent.chat("Go on")).ok


async def test_a_block_answers_that_call_and_the_others_run():
    def guard(context, wanted):
        return Block("not on Sundays") if wanted.arguments["n"] == 1 else None

    tool = Probe()
    calls = [call("probe", n=1), call("probe", n=2)]
    agent, _ = make(
        [say("", calls=calls), say("Done.")],
        tools=[tool],
        middleware=[hooking({"before_tool_call": guard})],
    )
    assert (await agent.chat("Do it")).ok
    blocked, ran = agent.messages[2].tool_results
    assert blocked.is_error
    assert "not on Sundays" in blocked.text
    assert (ran.text, tool.calls) == ("ok", [{"n": 2}])


async def test_an_edited_call_runs_with_its_new_arguments_through_every_later_middleware():
    tool, saw = Probe(), []
    first = hooking({"before_tool_call": EditedCall({"n": 2})})
    second = hooking({"before_tool_call": lambda context, call: saw.append(call.arguments)})
    agent, seen = make([call("probe", n=1), say("Done.")], tools=[tool], middleware=[first, second])
    await agent.chat("Do it")
    assert tool.calls == saw == [{"n": 2}]
    assert seen.of(ToolStarted)[0].arguments == {"n": 2}
    assert agent.messages[1].tool_calls[0].arguments == {"n": 1}


async def test_before_completion_may_change_the_request_of_this_turn():
    def shout(context, request):
        return msgspec.structs.replace(request, system=request.system + " Shout.")

    provider = ScriptedProvider([say("HI."), say("Hi.")])
    agent, _ = make(provider, middleware=[hooking({"before_completion": shout})])
    await agent.chat("Hi")
    agent.configure(middleware=[])
    await agent.chat("Hi")
    assert [r.system for r in provider.requests] == ["Be brief. Shout.", "Be brief."]


async def test_a_tool_that_a_changed_request_does_not_offer_does_not_run():
    def without_tools(context, request):
        return msgspec.structs.replace(request, tools=())

    tool = Probe()
    agent, _ = make(
        [call("probe"), say("I see.")],
        tools=[tool],
        middleware=[hooking({"before_completion": without_tools})],
    )
    assert (await agent.chat("Do it")).ok
    assert tool.calls == []
    assert agent.messages[2].tool_results[0].is_error


@pytest.mark.parametrize("hook", ["before_completion", "after_completion"])
async def test_a_block_elsewhere_fails_the_run_and_names_the_hook(hook):
    agent, _ = make([say("Hi.")] * 2, middleware=[hooking({hook: Block("no")}, name="Guard")])
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind) == ("error", "internal")
    assert hook in result.error.message
    assert "Guard" in result.error.message
    assert "before_tool_call" in result.error.message


async def test_an_answer_that_means_nothing_fails_the_run():
    agent, _ = make([say("Hi.")], middleware=[hooking({"after_completion": "go on"})])
    assert "str" in (await agent.chat("Hi")).error.message


@pytest.mark.parametrize("hook", [h for h in ALL if "compaction" not in h])
async def test_what_a_hook_raises_is_noticed_and_the_rest_goes_on(hook):
    log = []

    def explode(*_):
        raise ZeroDivisionError("by zero")

    replies = [call("probe"), fail("auth") if hook == "on_error" else say("Done.")]
    agent, seen = make(
        replies,
        tools=[Probe()],
        middleware=[hooking({hook: explode}, name="Broken"), hooking(log=log, name="Next")],
    )
    result = await agent.chat("Do it")
    await agent.stop()
    assert result.status == ("error" if hook == "on_error" else "completed")
    assert hook in log
    notice = seen.of(Notice)[0]
    assert "Broken" in notice.text
    assert hook in notice.text


async def test_a_halt_at_the_start_keeps_the_agent_from_starting():
    agent, seen = make([say("Never.")], middleware=[hooking({"session_start": Halt("no licence")})])
    with pytest.raises(AgentError, match="no licence"):
        await agent.start()
    result = await agent.chat("Hi")
    assert (result.status, result.turns) == ("halted", 0)
    assert "AgentStarted" not in seen.names()
    agent.configure(middleware=[])
    await agent.start()
    assert (await agent.chat("Hi")).ok


async def test_a_halt_at_the_end_does_not_keep_it_from_stopping():
    agent, seen = make([], middleware=[hooking({"session_end": Halt("stay")})])
    await agent.start()
    await agent.stop()
    assert seen.names()[-1] == "AgentStopped"


async def test_the_session_hooks_fire_once():
    log = []
    agent, _ = make([say("A."), say("B.")], middleware=[hooking(log=log)])
    async with agent:
        await agent.chat("One")
        await agent.chat("Two")
    await agent.stop()
    assert log.count("session_start") == log.count("session_end") == 1


async def test_every_part_of_an_answer_passes_the_stream_hook():
    parts = []

    class Ear(Middleware):
        def on_stream_chunk(self, context, part):
            parts.append(type(part).__name__)

    agent, _ = make([say("abcdef", chunk=2)], middleware=[Ear()])
    await agent.chat("Hi")
    assert parts == ["TextPart"] * 3 + ["Completion"]


async def test_a_halt_within_an_answer_keeps_what_was_said_before_it():
    class Censor(Middleware):
        def on_stream_chunk(self, context, part):
            return Halt("secret") if isinstance(part, TextPart) and "c" in part.text else None

    agent, _ = make([say("abcd", chunk=2), say("Fine.")], middleware=[Censor()])
    result = await agent.chat("Hi")
    assert (result.status, result.text) == ("halted", "ab")
    assert agent.messages[-1].incomplete == "halted"
    assert (await agent.chat("Again")).text == "Fine."


async def test_memory_is_shared_by_middleware_and_lives_with_the_agent():
    def count(context, *_):
        context.memory["n"] = context.memory.get("n", 0) + 1

    memories = []
    agent, _ = make(
        [say("A."), say("B.")],
        middleware=[
            hooking({"before_completion": count}),
            hooking({"after_completion": lambda c, *_: memories.append(dict(c.memory))}),
        ],
    )
    await agent.chat("One")
    await agent.chat("Two")
    assert memories == [{"n": 1}, {"n": 2}]


async def test_middleware_is_printable_as_a_list():
    class Quiet(Middleware):
        pass

    class Ear(Middleware):
        def on_error(self, context, error):
            pass

        def before_completion(self, context, request):
            pass

    assert describe([Ear(), Quiet()]) == ["Ear: before_completion, on_error", "Quiet: no hooks"]


async def test_the_log_tells_sizes_and_failures_and_never_what_was_said(caplog):
    caplog.set_level(logging.DEBUG)
    agent, _ = make(
        [call("probe"), say("Top secret."), fail("auth", "Key is wrong.")],
        tools=[Probe()],
        middleware=[LoggingMiddleware()],
    )
    await agent.chat("Do it")
    await agent.chat("Again")
    await agent.stop()
    lines = [r.message for r in caplog.records if r.name == "alloy_tui.runs"]
    assert "agent turn 1: wants probe" in lines
    assert "agent turn 2: answered, 11 characters" in lines
    assert "agent turn 1 failed: auth: Key is wrong." in lines
    assert lines[0].startswith("agent starts")
    assert lines[-1].startswith("agent stops")
    assert "secret" not in "".join(lines)
