"""Agents that join a running team: what happens to them happens to nobody else."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import AgentCrashed, AgentRestarted, AgentStopped, Notice
from alloy_tui.domain.team_events import MemberRemoved, SupervisorGaveUp
from alloy_tui.team.log import Record
from alloy_tui.team.spec import MemberSpec
from alloy_tui.team.team import Team
from tests.team.crew import Heard, Model, asked, echo, quiet

pytestmark = pytest.mark.anyio


def bad(request):
    if "crash" in asked(request):
        raise ValueError("boom")
    return echo(request)


def crew(**options):
    """Two agents that do what they are told, as do those that join."""
    return Team({"a": quiet(bad), "b": quiet(bad)}, model=Model(bad), max_restarts=2, **options)


async def crash(team, name):
    with pytest.raises(TeamError) as caught:
        await team.delegate(name, "crash")
    return caught.value


async def test_one_that_joined_is_started_anew_and_the_others_never_notice():
    async with crew() as team:
        heard = Heard(team)
        await team.add(MemberSpec("late", tools=()))
        await crash(team, "late")
        assert (await heard.until(AgentRestarted, "late")).restarts == 1
        assert (await team.delegate("late", "x")).text == "re: x"
        for name in "ab":
            assert heard.of(AgentStopped | AgentRestarted, name) == []


async def test_one_that_joined_and_crashes_too_often_stays_down_alone():
    async with crew() as team:
        heard = Heard(team)
        await team.add(MemberSpec("late", tools=()))
        for _ in range(3):
            await crash(team, "late")
        await heard.until(Notice, "late")
        with pytest.raises(TeamError, match="stays down after 2 restarts within 60 s") as caught:
            await team.delegate("late", "x")
        assert caught.value.kind == "crashed"
        assert heard.of(SupervisorGaveUp) == []
        outcomes = await team.broadcast("y", to=["a", "b"])
        assert [o.text for o in outcomes.values()] == ["re: y", "re: y"]
        assert team.agents == ("a", "b", "late")
        for name in "ab":
            assert heard.of(AgentStopped | AgentRestarted, name) == []
        # A person may start it again, and it has the same chances then.
        await team.restart("late")
        assert (await team.delegate("late", "x")).text == "re: x"
        await team.remove("late")
        assert team.agents == ("a", "b")


async def test_crashes_of_those_that_joined_are_not_counted_against_the_others():
    """Each has its own chances; those of the specification share the team's."""
    async with crew() as team:
        for name in ("one", "two", "three"):
            await team.add(MemberSpec(name, tools=()))
            for _ in range(2):
                await crash(team, name)
        outcomes = await team.broadcast("y")
        assert {o.text for o in outcomes.values()} == {"re: y"}


async def test_however_many_that_were_made_for_a_task_crash_the_team_stays():
    async with crew() as team:
        heard = Heard(team)
        tasks = [asyncio.create_task(team.spawn("crash", by="a")) for _ in range(20)]
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert {error.kind for error in done} == {"crashed"}
        await heard.until(MemberRemoved, count=20)
        assert len(heard.of(AgentCrashed)) == 20
        assert heard.of(SupervisorGaveUp | AgentRestarted) == []
        assert team.agents == ("a", "b")
        assert (await team.delegate("a", "y")).text == "re: y"


async def test_one_that_joined_stays_apart_when_the_team_comes_back():
    kept: list[Record] = []

    class Log:
        append = staticmethod(kept.append)

    async with crew(log=Log()) as team:
        await team.add(MemberSpec("late", tools=()))
    async with crew(records=kept) as team:
        assert team.agents == ("a", "b", "late")
        for _ in range(3):
            await crash(team, "late")
        assert (await team.delegate("a", "y")).text == "re: y"


async def test_where_all_stand_or_fall_together_one_that_joined_does_too():
    async with crew(strategy="one_for_all") as team:
        heard = Heard(team)
        await team.add(MemberSpec("late", tools=()))
        await crash(team, "late")
        await heard.until(AgentRestarted, count=3)
        assert {(await team.delegate(name, "y")).text for name in team.agents} == {"re: y"}
