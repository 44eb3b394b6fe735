"""What a person does to agents is no crash: it never counts, and takes nobody along."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import AgentRestarted, Notice, RunStarted
from alloy_tui.domain.team_events import MemberRemoved, SupervisorGaveUp
from alloy_tui.team.spec import GroupSpec, MemberSpec
from alloy_tui.team.supervisor import ChildSpec
from alloy_tui.team.team import Team
from tests.team.crew import Heard, Model, asked, echo, forever, quiet
from tests.team.test_supervisor import Nursery, Puppet, started

pytestmark = pytest.mark.anyio

STRATEGIES = ["one_for_one", "one_for_all", "rest_for_one"]


async def kill(team, name):
    await team.kill(name)


async def restart(team, name):
    await team.restart(name)


async def put_another(team, name):
    await team.replace(name, MemberSpec(name, role="another"))


async def cancel(team, name):
    heard = Heard(team)
    delegation = asyncio.create_task(team.delegate(name, "stay"))
    await heard.until(RunStarted, name)
    team.cancel(name)
    with pytest.raises(TeamError, match="was cancelled"):
        await delegation


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("deed", [kill, restart, put_another, cancel])
async def test_no_deed_of_a_person_brings_a_team_down(deed, strategy):
    model = Model(lambda request: forever() if asked(request) == "stay" else "here")
    members = {"a": MemberSpec("a"), "b": MemberSpec("b")}
    groups = (GroupSpec("pair", ("b",), max_restarts=0),)
    async with Team(members, model=model, strategy=strategy, max_restarts=0, groups=groups) as team:
        heard = Heard(team)
        await team.add(MemberSpec("late"))
        for name in ("a", "b", "late"):
            for _ in range(3):
                await deed(team, name)
                assert (await team.delegate(name, "hello")).text == "here"
        assert heard.of(SupervisorGaveUp) == []
        assert heard.of(Notice) == []
        for name in ("a", "b", "late"):
            assert (await team.delegate(name, "hello")).text == "here"


async def test_what_a_person_kills_leaves_crashes_their_number():
    nursery, supervisor = await started("ab", max_restarts=1, monotonic_s=lambda: 0.0)
    for count in range(1, 4):
        nursery.children["a"].end("killed")
        await nursery.until(lambda count=count: len(nursery.begins) == 2 + count)
    nursery.children["a"].end("crashed")
    await nursery.until(lambda: len(nursery.begins) == 6)
    assert supervisor.running
    nursery.children["a"].end("crashed")
    assert (await supervisor.wait()).kind == "gave_up"


async def test_one_that_cannot_come_back_after_a_kill_stays_down_alone_and_says_so():
    broken: list[str] = []
    async with Team({"a": quiet(), "b": quiet()}, max_restarts=0) as team:
        heard, make = Heard(team), team._maker

        async def made(plan):
            if plan.spec.name in broken:
                raise TeamError("There is no room.", kind="failed")
            return await make(plan)

        team.member("a")._make = made
        broken.append("a")
        await team.kill("a")
        said = await heard.until(Notice)
        assert "no room" in said.text
        with pytest.raises(TeamError, match="no room"):
            await team.delegate("a", "x", timeout_s=None)
        assert (await team.delegate("b", "y")).text == "re: y"
        broken.clear()
        await team.restart("a")
        assert (await team.delegate("a", "z")).text == "re: z"
        assert heard.of(SupervisorGaveUp) == []


async def test_who_waits_for_one_that_a_restart_could_not_bring_back_is_told():
    broken = False
    async with Team({"a": quiet()}) as team:
        make = team._maker

        async def made(plan):
            if broken:
                raise TeamError("There is no room.", kind="failed")
            return await make(plan)

        team.member("a")._make = made
        broken = True
        with pytest.raises(TeamError, match="no room"):
            await team.restart("a")
        with pytest.raises(TeamError, match="no room"):
            await team.delegate("a", "x", timeout_s=None)


async def test_a_kill_and_a_restart_at_the_same_time_fill_a_place_once():
    begun, let = asyncio.Event(), asyncio.Event()
    alive: list[Puppet] = []
    nursery = Nursery()

    async def start(_begin):
        if alive:
            begun.set()
            await let.wait()
        alive.append(Puppet("a", nursery.log, lambda: None))
        return alive[-1]

    supervisor = nursery.supervisor()
    await supervisor.start([ChildSpec("a", start)])
    alive[0].end("killed")
    await begun.wait()
    again = asyncio.create_task(supervisor.restart("a", "wanted"))
    for _ in range(10):
        await asyncio.sleep(0)  # as far as it gets
    let.set()
    await again
    (one,) = [child for child in alive if not child.ended.done()]
    assert supervisor.child("a") is one
    await supervisor.stop()
    assert all(child.ended.done() for child in alive)


async def test_a_kill_is_told_as_the_cause_of_the_new_start():
    async with Team({"a": quiet(echo)}) as team:
        heard = Heard(team)
        await team.kill("a", "A person ended it.")
        assert (await heard.until(AgentRestarted)).cause == "A person ended it."


@pytest.mark.parametrize("joined", [False, True])
async def test_who_takes_a_place_is_started_anew_as_its_own_specification_says(joined):
    def answer(request):
        if asked(request) == "crash":
            raise ValueError("boom")
        return "here"

    members = {} if joined else {"a": MemberSpec("a")}
    async with Team(members, model=Model(answer)) as team:
        if joined:
            await team.add(MemberSpec("a"))
        heard = Heard(team)
        await team.replace("a", MemberSpec("a", restart="temporary"))
        with pytest.raises(TeamError, match="boom"):
            await team.delegate("a", "crash")
        await heard.until(MemberRemoved)
        assert team.agents == ()
