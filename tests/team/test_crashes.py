"""Agents that crash, hang or are killed: they come back, the others never notice."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import (
    AgentCrashed,
    AgentRestarted,
    AgentStarted,
    AgentStopped,
    ApprovalRequested,
    RunStarted,
)
from alloy_tui.domain.team_events import MemberRemoved, SupervisorGaveUp
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.projection import LEGAL, fold
from alloy_tui.team.spec import GroupSpec
from alloy_tui.team.team import Team
from tests.agent.desk import Probe
from tests.team.crew import Heard, Model, asked, call, echo, forever, quiet

pytestmark = pytest.mark.anyio


def once(first):
    """Answers the first request as `first` does, the others with their own words."""
    left = [first]

    def answer(request):
        return left.pop()(request) if left else echo(request)

    return answer


def boom(_request):
    raise ValueError("boom")


def legal(heard, agent):
    """The states that an agent went through; every step is one that may be."""
    view, states = AgentView(name=agent), []
    for envelope in heard.envelopes:
        if envelope.agent != agent:
            continue
        after = fold(view, envelope)
        if after.state != view.state:
            assert after.state in LEGAL[view.state], (view.state, after.state, envelope.event)
            states.append(after.state)
        view = after
    return states


async def test_an_agent_that_raises_is_restarted_with_its_conversation():
    model = Model(echo)
    team = Team({"a": quiet(model)})
    heard = Heard(team)
    async with team:
        await team.delegate("a", "before")
        model.answer = once(boom)
        with pytest.raises(TeamError) as caught:
            await team.delegate("a", "break")
        assert caught.value.kind == "crashed"
        assert "boom" in caught.value.message
        again = await team.delegate("a", "after")
        assert again.text == "re: after"
    told = [m.text for m in model.requests[-1].messages]
    assert told[:2] == ["before", "re: before"]
    assert any(text.startswith("break") for text in told)
    assert heard.of(AgentCrashed)[0].cause == "ValueError: boom"
    (restarted,) = heard.of(AgentRestarted)
    assert (restarted.cause, restarted.restarts) == ("ValueError: boom", 1)
    assert len(heard.of(AgentStarted)) == 2
    assert "restarting" in legal(heard, "a")


async def test_an_agent_whose_model_wants_to_end_the_program_ends_alone():
    def leave(_request):
        raise SystemExit(3)

    async with Team({"a": quiet(once(leave)), "b": quiet()}) as team:
        with pytest.raises(TeamError) as caught:
            await team.delegate("a", "x")
        assert caught.value.kind == "crashed"
        assert all(o.ok for o in (await team.broadcast("y")).values())


async def test_who_waits_in_the_queue_of_a_crashed_agent_is_told():
    go = asyncio.Event()

    async def wait(request):
        await go.wait()
        boom(request)

    async with Team({"a": quiet(wait)}) as team:
        heard = Heard(team)
        both = [asyncio.create_task(team.delegate("a", t)) for t in ("one", "two")]
        await heard.until(RunStarted)
        go.set()
        errors = await asyncio.gather(*both, return_exceptions=True)
        assert [e.kind for e in errors] == ["crashed", "crashed"]


async def test_what_a_person_had_asked_and_not_begun_is_asked_of_the_next_agent():
    go = asyncio.Event()

    async def wait(request):
        await go.wait()
        boom(request)

    model = Model(once(wait))
    async with Team({"a": quiet(model)}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "one"))
        await heard.until(RunStarted)
        team.get("a").send_message("typed meanwhile")
        go.set()
        with pytest.raises(TeamError):
            await delegation
        await heard.until(RunStarted, count=2)
        assert heard.of(RunStarted)[1].prompt == "typed meanwhile"
        assert (await team.delegate("a", "two")).text == "re: two"


async def test_when_who_spawned_crashes_those_that_it_spawned_leave():
    def answer(request):
        return forever() if asked(request) == "stay" else [call("delegate", tasks=["stay"] * 2)]

    async with Team({"a": quiet(answer)}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "go"))
        await heard.until(RunStarted, count=3)
        await team.kill("a")
        with pytest.raises(TeamError):
            await delegation
        await heard.until(MemberRemoved, count=2)
        assert team.agents == ("a",)


async def test_an_agent_without_a_sign_of_life_is_restarted():
    team = Team({"a": quiet(once(forever), run_timeout_s=0.05)})
    heard = Heard(team)
    async with team:
        with pytest.raises(TeamError, match="No sign of life") as caught:
            await team.delegate("a", "x")
        assert caught.value.kind == "crashed"
        assert (await team.delegate("a", "y")).text == "re: y"
    assert "No sign of life" in heard.of(AgentCrashed)[0].cause
    legal(heard, "a")


async def test_waiting_for_a_person_is_no_hanging():
    answers = iter([[call("probe")], "done"])
    tool = Probe(access="execute")
    options = quiet(lambda _: next(answers), tools=[tool], approval_mode="ask", run_timeout_s=0.02)
    async with Team({"a": options}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "x"))
        asked = await heard.until(ApprovalRequested)
        looked = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, looked.set)  # several times the limit
        await looked.wait()
        team.approvals.answer(asked.id, "once")
        assert (await delegation).text == "done"
        assert heard.of(AgentCrashed) == []


async def test_a_task_that_dies_is_a_crash():
    asking = asyncio.Event()

    async def stuck(_request):
        asking.set()
        return await forever()

    async with Team({"a": quiet(once(stuck))}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await asking.wait()
        (pump,) = [t for t in asyncio.all_tasks() if t.get_name() == "agent requests"]
        pump.cancel()
        with pytest.raises(TeamError) as caught:
            await delegation
        assert caught.value.kind == "crashed"
        await heard.until(AgentRestarted)
        assert (await team.delegate("a", "y")).text == "re: y"
        legal(heard, "a")


async def test_a_tool_that_fails_is_a_failed_result_and_no_crash():
    async def hungry(_arguments, _context):
        raise MemoryError

    answers = iter([[call("probe")], "done without"])
    options = quiet(lambda _: next(answers), tools=[Probe(work=hungry)])
    async with Team({"a": options}) as team:
        heard = Heard(team)
        assert (await team.delegate("a", "x")).text == "done without"
        assert heard.of(AgentCrashed) == []


async def test_a_killed_agent_comes_back():
    team = Team({"a": quiet(once(forever))})
    heard = Heard(team)
    async with team:
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await heard.until(RunStarted)
        await team.kill("a", "It was in the way.")
        with pytest.raises(TeamError, match="in the way") as caught:
            await delegation
        assert caught.value.kind == "crashed"
        assert (await team.delegate("a", "y")).text == "re: y"
    assert heard.of(AgentStopped)[0].cause == "It was in the way."
    legal(heard, "a")


async def test_an_agent_that_somebody_stops_behind_the_teams_back_comes_back():
    async with Team({"a": quiet()}) as team:
        heard = Heard(team)
        await team.get("a").stop()
        await heard.until(AgentRestarted)
        assert (await team.delegate("a", "y")).text == "re: y"


async def test_a_temporary_agent_that_crashed_is_out_and_the_others_stay():
    async with Team({"a": quiet(boom, restart="temporary"), "b": quiet()}) as team:
        heard = Heard(team)
        with pytest.raises(TeamError):
            await team.delegate("a", "x")
        await heard.until(MemberRemoved)
        assert team.agents == ("b",)
        assert (await team.delegate("b", "y")).text == "re: y"


async def test_a_transient_agent_that_ended_is_said_to_have():
    async with Team({"a": quiet(restart="transient")}) as team:
        heard = Heard(team)
        await team.get("a").stop()
        await heard.until(AgentStopped)
        with pytest.raises(TeamError) as caught:
            await team.delegate("a", "x")
        assert caught.value.kind == "stopped"
        await team.restart("a")
        assert (await team.delegate("a", "y")).text == "re: y"


async def test_all_are_started_anew_where_they_stand_or_fall_together():
    members = {"a": quiet(once(boom)), "b": quiet(), "c": quiet()}
    async with Team(members, strategy="one_for_all") as team:
        heard = Heard(team)
        with pytest.raises(TeamError):
            await team.delegate("a", "x")
        await heard.until(AgentRestarted, count=3)
        assert (await team.delegate("c", "y")).text == "re: y"
        assert "because a ended" in heard.of(AgentStopped, "b")[0].cause
        for name in "abc":
            legal(heard, name)


async def test_a_group_falls_alone():
    members = {"a": quiet(once(boom)), "b": quiet(), "c": quiet()}
    group = GroupSpec("pair", ("a", "b"), strategy="one_for_all")
    async with Team(members, groups=(group,)) as team:
        heard = Heard(team)
        with pytest.raises(TeamError):
            await team.delegate("a", "x")
        await heard.until(AgentRestarted, count=2)
        assert heard.of(AgentStopped, "c") == []
        assert (await team.delegate("b", "y")).text == "re: y"


async def test_a_group_that_gives_up_is_started_anew_by_the_team():
    members = {"a": quiet(once(boom)), "b": quiet(), "c": quiet()}
    group = GroupSpec("pair", ("a", "b"), max_restarts=0)
    async with Team(members, groups=(group,)) as team:
        heard = Heard(team)
        with pytest.raises(TeamError):
            await team.delegate("a", "x")
        await heard.until(AgentRestarted, count=2)
        (told,) = heard.of(SupervisorGaveUp)
        assert told.supervisor == "pair"
        assert heard.of(AgentStopped, "c") == []
        assert all(o.ok for o in (await team.broadcast("y")).values())
        for name in "abc":
            legal(heard, name)


async def test_a_temporary_group_that_gives_up_is_out():
    members = {"a": quiet(boom), "b": quiet(), "c": quiet()}
    group = GroupSpec("pair", ("a", "b"), max_restarts=0, restart="temporary")
    async with Team(members, groups=(group,)) as team:
        heard = Heard(team)
        with pytest.raises(TeamError):
            await team.delegate("a", "x")
        await heard.until(MemberRemoved, count=2)
        assert team.agents == ("c",)


async def test_too_many_crashes_end_the_team_and_everybody_is_told():
    async with Team({"a": quiet(boom), "b": quiet(forever)}, max_restarts=1) as team:
        heard = Heard(team)
        waiting = asyncio.create_task(team.delegate("b", "x"))
        for _ in range(2):
            with pytest.raises(TeamError):
                await team.delegate("a", "x")
        with pytest.raises(TeamError, match="gave up") as caught:
            await waiting
        assert caught.value.kind == "crashed"
        (told,) = heard.of(SupervisorGaveUp)
        assert "boom" in told.cause
        await heard.until(AgentStopped, count=3)
        with pytest.raises(TeamError) as after:
            await team.delegate("b", "y")
        assert after.value.kind == "crashed"


async def test_an_agent_that_does_not_stop_holds_nobody_up():
    held = asyncio.Event()

    async def deaf(_request):
        held.set()
        release = asyncio.get_running_loop().create_future()
        ends.append(release)
        while not release.done():
            try:
                await asyncio.shield(release)
            except asyncio.CancelledError:
                continue
        return "late"

    ends = []
    async with Team({"a": quiet(deaf, shutdown_s=0.05), "b": quiet()}) as team:
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await held.wait()
        await team.remove("a")
        with pytest.raises(TeamError) as caught:
            await delegation
        assert caught.value.kind == "stopped"
        assert (await team.delegate("b", "y")).text == "re: y"
        ends[0].set_result(None)


async def test_a_conversation_cut_in_a_tool_call_is_valid_for_the_next_life():
    working = asyncio.Event()

    async def work(_arguments, _context):
        working.set()
        return await forever()

    answers = [[call("probe")]]
    model = Model(lambda request: answers.pop() if answers else echo(request))
    async with Team({"a": quiet(model, tools=[Probe(work=work)])}) as team:
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await working.wait()
        await team.kill("a")
        with pytest.raises(TeamError):
            await delegation
        assert (await team.delegate("a", "y")).text.startswith("re: ")
    (result,) = [r for m in model.requests[-1].messages for r in m.tool_results]
    assert result.is_error
