"""Tool calls: order, parallelism, locks, defects, time, events."""

from __future__ import annotations

import asyncio
import threading

import pytest

from alloy_tui.agent.tool_task import Limits
from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.events import Notice, ToolFinished, ToolOutput, ToolStarted
from alloy_tui.domain.tool import ToolReply
from alloy_tui.providers.scripted import ScriptedProvider, call, say
from alloy_tui.tools.locks import PathLocks
from tests.agent.desk import Probe, make, valid

pytestmark = pytest.mark.anyio


class Traffic:
    """Who is inside at the same time."""

    def __init__(self, wanted: int = 1) -> None:
        self.inside: set[str] = set()
        self.most = 0
        self.log: list[str] = []
        self.meeting = asyncio.Event()
        self.wanted = wanted

    async def pass_through(self, arguments, context) -> str:
        name = arguments["n"]
        self.inside.add(name)
        self.log.append(f"+{name}")
        self.most = max(self.most, len(self.inside))
        if len(self.inside) >= self.wanted:
            self.meeting.set()
        if name.startswith("r"):
            await self.meeting.wait()
        else:
            await asyncio.sleep(0)
        self.inside.discard(name)
        self.log.append(f"-{name}")
        return name


async def test_reading_calls_run_side_by_side_and_others_alone_in_model_order():
    traffic = Traffic(wanted=2)
    read = Probe("look", traffic.pass_through)
    write = Probe("change", traffic.pass_through, access="edit")
    calls = [
        call("look", n="r1"),
        call("look", n="r2"),
        call("change", n="w1"),
        call("change", n="w2"),
        call("look", n="r3"),
        call("look", n="r4"),
    ]
    agent, _ = make([say("", calls=calls), say("Done.")], tools=[read, write])
    await agent.chat("Do it")
    assert traffic.most == 2
    entries = [e for e in traffic.log if "w" in e]
    assert entries == ["+w1", "-w1", "+w2", "-w2"]
    assert traffic.log.index("+w1") > max(traffic.log.index("-r1"), traffic.log.index("-r2"))
    assert min(traffic.log.index("+r3"), traffic.log.index("+r4")) > traffic.log.index("-w2")
    assert [r.text for r in agent.messages[2].tool_results] == ["r1", "r2", "w1", "w2", "r3", "r4"]


async def test_no_more_reading_calls_run_at_once_than_the_limit_says():
    traffic = Traffic(wanted=3)
    calls = [call("look", n=f"r{n}") for n in range(7)]
    agent, _ = make(
        [say("", calls=calls), say("Done.")],
        tools=[Probe("look", traffic.pass_through)],
        limits=Limits(parallel=3),
    )
    assert (await agent.chat("Do it")).ok
    assert traffic.most == 3


async def test_calls_with_a_common_key_never_overlap_even_between_agents():
    traffic, locks = Traffic(wanted=1), PathLocks()
    tool = Probe("look", traffic.pass_through, keys=("/one",))
    agents = [
        make([call("look", n=f"r{n}"), say("Done.")], tools=[tool], locks=locks)[0]
        for n in range(3)
    ]
    await asyncio.gather(*(agent.chat("Do it") for agent in agents))
    assert traffic.most == 1


async def test_an_unknown_tool_is_answered_with_the_names_there_are():
    agent, seen = make([call("teleport"), say("Sorry.")], tools=[Probe("look"), Probe("change")])
    assert (await agent.chat("Do it")).ok
    text = agent.messages[2].tool_results[0].text
    assert "teleport" in text
    assert "change, look" in text
    assert [e.started for e in seen.of(ToolFinished)] == [False]


async def test_a_tool_of_a_name_twice_is_offered_once_and_the_later_one_runs():
    provider = ScriptedProvider([call("look"), say("Done.")])
    first, second = Probe("look"), Probe("look")
    agent, _ = make(provider, tools=[first, second])
    await agent.chat("Do it")
    assert len(provider.requests[0].tools) == 1
    assert (first.calls, second.calls) == ([], [{}])


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), asyncio.CancelledError(), KeyError("x")]
)
async def test_whatever_a_tool_raises_becomes_its_error_result(error):
    async def explode(arguments, context):
        raise error

    agent, seen = make([call("probe"), say("I see.")], tools=[Probe(work=explode)])
    assert (await agent.chat("Do it")).text == "I see."
    result = agent.messages[2].tool_results[0]
    assert result.is_error
    assert "probe" in result.text
    assert seen.of(ToolFinished)[0].started


async def test_a_tools_own_refusal_reaches_the_model_in_its_words():
    async def refuse(arguments, context):
        raise ToolError("The file is too large.", hint="Read a part of it.")

    agent, _ = make([call("probe"), say("I see.")], tools=[Probe(work=refuse)])
    await agent.chat("Do it")
    text = agent.messages[2].tool_results[0].text
    assert text == "The file is too large. Read a part of it."


@pytest.mark.parametrize("hook", ["prepare", "access", "headline", "rule", "lock_keys"])
async def test_a_defect_in_any_question_to_a_tool_becomes_an_error_result(hook):
    def explode(*_):
        raise RuntimeError("broken")

    tool = Probe()
    setattr(tool, hook, explode)
    agent, seen = make([call("probe"), say("I see.")], tools=[tool])
    assert (await agent.chat("Do it")).text == "I see."
    assert "RuntimeError: broken" in agent.messages[2].tool_results[0].text
    assert tool.calls == []
    assert len(seen.of(ToolFinished)) == 1


async def test_a_reply_that_is_none_becomes_an_error_result():
    tool = Probe()

    async def nothing(prepared, context):
        return None

    tool.run = nothing
    agent, _ = make([call("probe"), say("I see.")], tools=[tool])
    await agent.chat("Do it")
    assert "NoneType" in agent.messages[2].tool_results[0].text


async def test_one_failing_call_does_not_touch_its_neighbours():
    async def picky(arguments, context):
        if arguments["n"] == 1:
            raise ToolError("Not this one.")
        return "fine"

    calls = [call("probe", n=1), call("probe", n=2)]
    agent, _ = make([say("", calls=calls), say("Done.")], tools=[Probe(work=picky)])
    await agent.chat("Do it")
    assert [r.is_error for r in agent.messages[2].tool_results] == [True, False]


async def test_a_call_that_takes_too_long_is_stopped_and_keeps_its_id():
    cleaned = []

    async def slow(arguments, context):
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(arguments["n"])

    calls = [call("probe", n=1), call("probe", n=2)]
    agent, seen = make(
        [say("", calls=calls), say("Done.")], tools=[Probe(work=slow)], tool_timeout_s=0.01
    )
    assert (await agent.chat("Do it")).ok
    asked = [c.id for c in agent.messages[1].tool_calls]
    assert [r.call_id for r in agent.messages[2].tool_results] == asked
    assert all("0.01 s" in r.text for r in agent.messages[2].tool_results)
    assert sorted(cleaned) == [1, 2]
    assert seen.of(ToolFinished)[0].details == {"timed_out": True}


async def test_a_tool_that_will_not_stop_is_abandoned():
    release = asyncio.Event()
    begun = asyncio.Event()

    async def stubborn(arguments, context):
        begun.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "too late"

    agent, seen = make(
        [call("probe"), say("Fine.")],
        tools=[Probe(work=stubborn)],
        limits=Limits(cleanup_s=0.01),
    )
    made = agent.send_message("Do it")
    await begun.wait()
    agent.cancel_request()
    assert (await agent.result(made)).status == "cancelled"
    assert (await agent.chat("Go on")).text == "Fine."
    release.set()
    await asyncio.sleep(0)
    assert len(seen.of(ToolFinished)) == 1
    assert "may still be at work" in seen.of(Notice)[0].text
    valid(agent.messages)


async def test_cancelling_waits_for_a_tools_clean_up():
    steps = []
    begun = asyncio.Event()

    async def tidy(arguments, context):
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            for n in range(3):
                await asyncio.sleep(0)
                steps.append(n)

    agent, _ = make([call("probe")], tools=[Probe(work=tidy)])
    made = agent.send_message("Do it")
    await begun.wait()
    agent.cancel_request()
    await agent.result(made)
    assert steps == [0, 1, 2]


async def test_output_is_published_from_any_thread_between_start_and_finish():
    async def chatty(arguments, context):
        context.progress("from the loop", "stdout")
        thread = threading.Thread(target=context.progress, args=("from a thread", "stderr"))
        thread.start()
        await asyncio.to_thread(thread.join)
        return "ok"

    late = []

    async def keep(arguments, context):
        late.append(context.progress)
        return await chatty(arguments, context)

    agent, seen = make([call("probe"), say("Done.")], tools=[Probe(work=keep)])
    await agent.chat("Do it")
    late[0]("after the end", "stdout")
    assert [(e.text, e.stream) for e in seen.of(ToolOutput)] == [
        ("from the loop", "stdout"),
        ("from a thread", "stderr"),
    ]
    names = [type(e).__name__ for e in seen.of(ToolStarted, ToolOutput, ToolFinished)]
    assert names == ["ToolStarted", "ToolOutput", "ToolOutput", "ToolFinished"]


async def test_a_call_knows_where_it_runs(tmp_path):
    contexts = []

    async def look(arguments, context):
        contexts.append(context)
        return "ok"

    agent, _ = make(
        [say("", calls=[call("probe"), call("probe")]), say("Done.")],
        tools=[Probe(work=look)],
        cwd=tmp_path,
        name="ann",
        timeout_s=60,
    )
    await agent.chat("Do it")
    first, second = contexts
    assert (first.cwd, first.agent) == (tmp_path.resolve(), "ann")
    assert first.memory is second.memory
    assert first.spill_dir.is_dir()
    assert first.deadline is not None
    assert [c.call_id for c in contexts] == [c.id for c in agent.messages[1].tool_calls]
    spilled = first.spill_dir
    await agent.stop()
    assert not spilled.exists()


async def test_details_reach_the_views_and_not_the_model():
    tool = Probe()

    async def detailed(prepared, context):
        return ToolReply.of("changed", diff="+1")

    tool.run = detailed
    provider = ScriptedProvider([call("probe"), say("Done.")])
    agent, seen = make(provider, tools=[tool])
    await agent.chat("Do it")
    assert seen.of(ToolFinished)[0].details == {"diff": "+1"}
    assert "+1" not in str(provider.requests[1].messages)
