"""Agents that use the team: delegate, spawn, message, task, context, within their caps."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import RunFinished, RunStarted, ToolFinished, ToolOutput
from alloy_tui.domain.team_events import (
    DelegationFinished,
    DelegationStarted,
    MemberAdded,
    MemberRemoved,
)
from alloy_tui.team.spec import MemberSpec
from alloy_tui.team.team import Team
from alloy_tui.team.tools import team_tools
from tests.team.crew import Heard, Model, asked, call, echo, forever, quiet, results

pytestmark = pytest.mark.anyio


def using(*calls):
    """Make these calls first, then say what they brought."""

    def answer(request):
        brought = results(request)
        return "\n---\n".join(brought) if brought else list(calls)

    return answer


def boss_and_workers(request):
    """The boss gives what it is asked, line by line, to new agents; they echo."""
    brought = results(request)
    if brought:
        return brought[0]
    if asked(request).startswith("do:"):
        return [call("delegate", tasks=asked(request)[3:].split("|"))]
    return echo(request)


async def test_an_agent_delegates_and_gets_the_answer_as_one_result():
    members = {"a": quiet(using(call("delegate", agent="b", tasks=["count"]))), "b": quiet()}
    async with Team(members) as team:
        heard = Heard(team)
        assert (await team.delegate("a", "x")).text == "re: count"
        depths = {d.to: d.depth for d in heard.of(DelegationStarted)}
        assert depths == {"a": 1, "b": 2}
        by = [e.agent for e in heard.envelopes if isinstance(e.event, DelegationStarted)]
        assert by == ["user", "a"]


async def test_new_agents_work_side_by_side_and_leave_when_they_are_done():
    async with Team({"a": quiet(boss_and_workers)}) as team:
        heard = Heard(team)
        answer = (await team.delegate("a", "do:one|two|three")).text
        assert [line for line in answer.split("\n") if line.startswith("re:")] == [
            "re: one",
            "re: two",
            "re: three",
        ]
        assert answer.index("## 1. one") < answer.index("## 3. three")
        added = heard.of(MemberAdded)
        assert [a.parent for a in added] == ["a"] * 3
        assert {r.name for r in heard.of(MemberRemoved)} == {a.name for a in added}
        assert team.agents == ("a",)


async def test_an_agent_outside_of_any_team_may_spawn_as_well():
    async with Team(model=Model(echo)) as team:
        main = Agent(
            Model(using(call("delegate", tasks=["one", "two"]))),
            tools=[team.spawn_tool],
            system_prompt="",
            hub=team.hub,
            approvals=team.approvals,
            name="main",
        )
        result = await main.chat("go")
        assert "re: one" in result.text
        assert "re: two" in result.text
        await main.stop()


async def test_a_hundred_at_once_come_back_as_one_result():
    meeting = asyncio.Barrier(100)

    async def worker(request):
        await meeting.wait()
        return echo(request)

    def either(request):
        if results(request) or asked(request).startswith("do:"):
            return boss_and_workers(request)
        return worker(request)

    tasks = "|".join(f"t{i}" for i in range(100))
    async with Team({"a": quiet(either)}) as team:
        heard = Heard(team)
        answer = (await team.delegate("a", f"do:{tasks}")).text
        assert all(f"re: t{i}\n" in f"{answer}\n" for i in range(100))
        (finished,) = heard.of(ToolFinished, "a")
        assert finished.details == {"agents": 100, "failed": 0}
        assert team.agents == ("a",)


async def test_more_agents_than_there_is_room_for_are_refused_in_words():
    async with Team({"a": quiet(boss_and_workers)}, max_agents=3) as team:
        heard = Heard(team)
        answer = (await team.delegate("a", "do:1|2|3")).text
        assert "room for 2 more agents" in answer
        assert heard.of(MemberAdded) == []


async def test_cancelling_the_caller_cancels_those_that_it_spawned():
    def answer(request):
        return forever() if asked(request) == "stay" else boss_and_workers(request)

    async with Team({"a": quiet(answer)}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "do:stay|stay"))
        await heard.until(RunStarted, "a-1")
        await heard.until(RunStarted, "a-2")
        team.cancel("a")
        with pytest.raises(TeamError) as caught:
            await delegation
        assert caught.value.kind == "cancelled"
        assert team.agents == ("a",)
        ended = [e.status for e in heard.of(RunFinished)]
        assert ended == ["cancelled"] * 3
        kinds = [d.status for d in heard.of(DelegationFinished)]
        assert kinds == ["cancelled"] * 3


async def test_who_was_done_when_the_caller_was_cancelled_is_in_its_result():
    stuck = asyncio.Event()

    async def answer(request):
        if asked(request) == "be quick":
            return "a quick answer"
        if asked(request) == "take long":
            stuck.set()
            return await forever()
        return [call("delegate", tasks=["be quick", "take long"])]

    async with Team({"boss": quiet(answer)}) as team:
        heard = Heard(team)
        work = asyncio.create_task(team.delegate("boss", "go"))
        await stuck.wait()
        await heard.until(ToolOutput, "boss")  # 1 of 2 done
        work.cancel()
        ended = await heard.until(ToolFinished, "boss")
        (text,) = [block.text for block in ended.content]
        assert "be quick\na quick answer" in text
        assert "take long\n[It was cancelled before it was done.]" in text
        assert ended.details == {"agents": 2, "failed": 1}


async def test_one_of_many_that_fails_is_named_and_the_others_are_kept():
    def answer(request):
        if asked(request) == "bad":
            raise ValueError("boom")
        return boss_and_workers(request)

    async with Team({"a": quiet(answer)}) as team:
        text = (await team.delegate("a", "do:good|bad")).text
        assert "re: good" in text
        assert "## 2. bad\n[a-2 crashed: ValueError: boom" in text


async def test_depth_has_a_limit_and_the_last_have_no_tool_for_it():
    offered = {}

    def answer(request):
        offered[asked(request)] = [t.name for t in request.tools]
        if results(request):
            return results(request)[0]
        level = int(asked(request))
        return [call("delegate", tasks=[str(level + 1)])] if level < 3 else "deep"

    async with Team({"a": quiet(answer)}, max_depth=3) as team:
        assert (await team.delegate("a", "1")).text == "deep"
    assert offered["1"] == ["delegate", "message", "task", "context"]
    assert offered["2"] == ["delegate"]
    assert offered["3"] == []


async def test_who_waits_for_one_is_not_waited_for_by_it():
    members = {
        "a": quiet(using(call("delegate", agent="b", tasks=["x"]))),
        "b": quiet(using(call("delegate", agent="a", tasks=["y"]))),
    }
    async with Team(members) as team:
        answer = (await team.delegate("a", "go")).text
        assert "neither would ever answer" in answer


async def test_an_agent_cannot_wait_for_itself():
    members = {"a": quiet(using(call("delegate", agent="a", tasks=["x"])))}
    async with Team(members) as team:
        assert "neither would ever answer" in (await team.delegate("a", "go")).text


async def test_a_deadline_holds_for_all_that_is_done_within_it():
    async with Team({"a": quiet()}) as team:
        heard = Heard(team)
        outer = team.delegations.begin("a", "x", timeout_s=0)
        with pytest.raises(TeamError) as caught:
            await team.delegate("a", "y", timeout_s=60, within=outer)
        assert caught.value.kind == "timed_out"
        assert [d.depth for d in heard.of(DelegationStarted)] == [1, 2]


async def test_a_spawned_agent_is_like_the_one_that_spawns_it():
    model = Model(echo)
    options = quiet(model, system_prompt="Speak Latin.", max_turns=7)
    async with Team({"a": options}) as team:
        heard = Heard(team)
        await team.spawn("x", by="a")
        spec = heard.of(MemberAdded)[0].member
        assert spec["restart"] == "temporary"
        assert spec["max_turns"] == 7
    assert "Speak Latin." in model.requests[0].system
    assert "a gave you one task" in model.requests[0].system


async def test_a_spawned_agent_may_be_another():
    async with Team({"a": quiet()}, model=Model(lambda r: r.system[:12])) as team:
        spec = MemberSpec("ignored", system_prompt="You are odd.")
        assert (await team.spawn("x", spec=spec)).text == "You are odd."


async def test_a_message_reaches_an_agent_at_work_at_its_next_step():
    go = asyncio.Event()
    from tests.agent.desk import Probe

    async def work(_arguments, _context):
        go.set()
        await told.wait()
        return "ok"

    told = asyncio.Event()
    model = Model(lambda r: r.messages[-1].text if results(r) else [call("probe")])
    members = {
        "a": quiet(model, tools=[Probe(work=work)]),
        "b": quiet(using(call("message", to=["a"], text="mind the gap"))),
    }
    async with Team(members) as team:
        at_work = asyncio.create_task(team.delegate("a", "go"))
        await go.wait()
        assert (await team.delegate("b", "tell it")).text == "Sent to a."
        told.set()
        assert "[Message from b]\nmind the gap" in (await at_work).text


async def test_a_message_to_all_goes_to_everybody_else():
    members = {n: quiet() for n in "bc"} | {
        "a": quiet(using(call("message", to=["all"], text="hello")))
    }
    async with Team(members) as team:
        await team.delegate("a", "x")
        assert [m.to for m in team.mail.timeline] == [("b", "c")]


async def test_the_board_is_used_by_name():
    calls = (
        call("task", action="add", text="build", detail="with care"),
        call("task", action="claim"),
        call("task", action="done", id="t1", text="built"),
        call("task", action="list"),
        call("task", action="claim"),
        call("task", action="done", id="t9"),
    )

    def answer(request):
        done = sum(len(m.tool_results) for m in request.messages)
        return [calls[done]] if done < len(calls) else "over"

    async with Team({"a": quiet(answer)}) as team:
        heard = Heard(team)
        await team.delegate("a", "x")
        said = [e.content[0].text for e in heard.of(ToolFinished)]
        assert said[0] == "t1 [pending] build"
        assert said[1] == "t1 [claimed by a] build\nwith care"
        assert said[3] == "t1 [done by a] build"
        assert said[4] == "No task is free."
        assert "There is no task" in said[5]
        assert team.board.get("t1").result == "built"


async def test_the_shared_context_is_used_by_name_and_version():
    calls = (
        call("context", key="branch", value="main"),
        call("context", key="branch"),
        call("context"),
        call("context", key="branch", value="other", version=7),
        call("context", key="branch", value=""),
    )

    def answer(request):
        done = sum(len(m.tool_results) for m in request.messages)
        return [calls[done]] if done < len(calls) else "over"

    async with Team({"a": quiet(answer)}) as team:
        heard = Heard(team)
        await team.delegate("a", "x")
        said = [e.content[0].text for e in heard.of(ToolFinished)]
        assert said[:3] == [
            "branch has version 1 now.",
            "(version 1, by a)\nmain",
            "branch (version 1, by a)",
        ]
        assert "was changed" in said[3]
        assert team.get_context("branch") is None


async def test_long_results_are_cut_and_kept_whole_in_a_file(tmp_path):
    def answer(request):
        return "y" * 50_000 if asked(request) == "long" else boss_and_workers(request)

    async with Team({"a": quiet(answer, spill_dir=tmp_path)}) as team:
        text = (await team.delegate("a", "do:long")).text
        assert len(text) < 31_000
        (path,) = tmp_path.glob("delegated-*")
        assert len(path.read_text()) == 50_000


async def test_the_tools_are_few_words_and_shared():
    async with Team({"a": quiet(), "b": quiet()}) as team:
        one, two = (team.tools_of(team.member(n)) for n in "ab")
        assert one is two
        assert len(msgspec.json.encode([t.spec for t in team_tools(team)])) < 3_000
        assert len(msgspec.json.encode(team.spawn_tool.spec)) < 600
