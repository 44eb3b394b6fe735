"""Steering one agent: pause, cancel, restart, replace, another model; what it may spend."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import (
    AgentRestarted,
    ApprovalRequested,
    BudgetReached,
    BudgetWarned,
    Queued,
    RunStarted,
)
from alloy_tui.domain.team_events import BudgetRaised, MemberAdded, MemberPaused, MemberResumed
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.team.spec import MemberSpec
from alloy_tui.team.team import Team
from tests.team.crew import Heard, Model, call, echo, forever, quiet, results

pytestmark = pytest.mark.anyio


async def test_a_paused_agent_begins_nothing_until_it_is_resumed():
    model = Model(echo)
    async with Team({"a": quiet(model)}) as team:
        heard = Heard(team)
        team.pause("a")
        team.pause("a")
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await heard.until(Queued)
        assert model.requests == []
        team.resume("a")
        assert (await delegation).text == "re: x"
        assert len(heard.of(MemberPaused)) == len(heard.of(MemberResumed)) == 1


async def test_a_task_that_waits_for_a_paused_agent_is_said_to():
    async with Team({"a": quiet()}) as team:
        team.pause("a")
        with pytest.raises(TeamError, match="it is paused, and has the task in its queue"):
            await team.delegate("a", "x", timeout_s=0)


async def test_an_agent_stays_paused_when_it_is_started_anew():
    async with Team({"a": quiet()}) as team:
        heard = Heard(team)
        team.pause("a")
        await team.restart("a")
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await heard.until(Queued)
        team.resume("a")
        assert (await delegation).text == "re: x"


async def test_cancelling_tells_who_waited_and_leaves_the_agent():
    asked = asyncio.Event()

    async def stuck(request):
        if asked.is_set():
            return echo(request)
        asked.set()
        return await forever()

    async with Team({"a": quiet(stuck)}) as team:
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await asked.wait()
        team.cancel("a")
        with pytest.raises(TeamError, match="was cancelled"):
            await delegation
        with pytest.raises(TeamError) as caught:
            team.cancel("a")
        assert caught.value.kind == "invalid"
        assert (await team.delegate("a", "y")).text == "re: y"


async def test_a_restart_by_hand_is_no_crash():
    async with Team({"a": quiet(forever)}, max_restarts=0) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await heard.until(RunStarted)
        await team.restart("a", "It was odd.")
        with pytest.raises(TeamError) as caught:
            await delegation
        assert caught.value.kind == "cancelled"
        assert heard.of(AgentRestarted)[0].cause == "It was odd."
        assert team.agents == ("a",)


async def test_another_takes_the_place_with_the_conversation():
    old, new = Model(echo), Model(echo)
    async with Team({"a": quiet(old)}, model=new) as team:
        heard = Heard(team)
        await team.delegate("a", "one")
        await team.replace("a", MemberSpec("any", system_prompt="Be long.", restart="transient"))
        await team.delegate("a", "two")
        assert [m.text for m in old.requests[-1].messages] == ["one", "re: one", "two"]
        assert "Be long." in old.requests[-1].system
        assert heard.of(MemberAdded)[-1].member["restart"] == "transient"


async def test_one_that_cannot_be_made_takes_no_place():
    async with Team({"a": quiet()}) as team:
        with pytest.raises(TeamError, match="could not be started"):
            await team.replace("a", MemberSpec("a", model="nobody/knows"))
        assert (await team.delegate("a", "x")).text == "re: x"


async def test_an_unknown_model_is_refused_and_the_old_one_answers():
    async with Team({"a": quiet()}) as team:
        with pytest.raises(TeamError) as caught:
            await team.set_model("a", "nobody/knows")
        assert caught.value.kind == "invalid"
        assert (await team.delegate("a", "x")).text == "re: x"


async def test_tokens_beyond_the_limit_are_asked_about_and_a_no_stops_the_run():
    model = Model(echo, usage=TokenUsage(input=4_000, output=1_000))
    async with Team({"a": quiet(model, budget_tokens=6_000)}) as team:
        heard = Heard(team)
        await team.delegate("a", "x")
        delegation = asyncio.create_task(team.delegate("a", "y"))
        asked = await heard.until(ApprovalRequested)
        assert "The budget of a: 5,000 tokens of 6,000 tokens" in asked.headline
        assert asked.arguments["raise to"].endswith(" tokens")
        assert asked.reason == f"this session = raise the limit to {asked.arguments['raise to']}"
        assert heard.of(BudgetReached)[0].unit == "tokens"
        team.approvals.answer(asked.id, "deny")
        with pytest.raises(TeamError) as caught:
            await delegation
        assert caught.value.kind == "limit"
        assert len(model.requests) == 1


async def test_a_yes_for_the_session_raises_the_limit_far_enough():
    model = Model(echo, usage=TokenUsage(input=4_000, output=1_000))
    async with Team({"a": quiet(model, budget_tokens=6_000)}) as team:
        heard = Heard(team)
        await team.delegate("a", "x")
        delegation = asyncio.create_task(team.delegate("a", "y"))
        team.approvals.answer((await heard.until(ApprovalRequested)).id, "session")
        assert (await delegation).ok
        assert team.allowances.purse("a").limits["tokens"] > 7_000
        (raised,) = heard.of(BudgetRaised)
        assert raised.name == "a"
        assert raised.tokens > 7_000


async def test_what_was_spent_in_an_earlier_life_counts():
    async with Team({"a": quiet(budget_usd=1.0)}, budget_usd=5.0) as team:
        team.approvals.interactive = False
        team.allowances.book("a", 1.0, 20_000)
        with pytest.raises(TeamError) as caught:
            await team.delegate("a", "x")
        assert caught.value.kind == "limit"
        assert team.allowances.team.spent == {"usd": 1.0, "tokens": 20_000}


async def test_raising_the_budget_answers_the_question_that_waits():
    model = Model(echo, usage=TokenUsage(input=4_000, output=1_000))
    async with Team({"a": quiet(model, budget_tokens=6_000)}) as team:
        heard = Heard(team)
        await team.delegate("a", "x")
        delegation = asyncio.create_task(team.delegate("a", "y"))
        await heard.until(ApprovalRequested)
        team.raise_budget("a", tokens=100_000)
        assert (await delegation).ok
        (raised,) = heard.of(BudgetRaised)
        assert (raised.name, raised.tokens, raised.usd) == ("a", 100_000, None)


async def test_money_of_the_team_is_spent_by_all_and_never_beyond():
    price = Price(input=10.0, output=10.0)
    usage = TokenUsage(input=30_000, output=20_000)  # half a dollar
    members = {n: quiet(Model(echo, usage=usage, price=price)) for n in "abcd"}
    async with Team(members, budget_usd=1.01) as team:
        team.approvals.interactive = False
        await team.broadcast("one", to=["a", "b"])
        outcomes = await team.broadcast("two")
        assert {o.kind for o in outcomes.values()} == {"limit"}
        assert team.allowances.team.spent["usd"] == pytest.approx(1.0)


async def test_what_is_under_way_counts_before_it_is_paid():
    go = asyncio.Event()

    async def wait(request):
        await go.wait()
        return echo(request)

    price = Price(input=0.0, output=500.0)  # a dollar for the usual answer
    members = {n: quiet(Model(wait, price=price)) for n in "ab"}
    async with Team(members, budget_usd=1.5) as team:
        team.approvals.interactive = False
        heard = Heard(team)
        outcomes = asyncio.create_task(team.broadcast("one"))
        await heard.until(BudgetReached)
        go.set()
        kinds = sorted(
            "ok" if not isinstance(o, TeamError) else o.kind for o in (await outcomes).values()
        )
        assert kinds == ["limit", "ok"]
        assert heard.of(BudgetReached)[0].limit == 1.5


async def test_what_a_spawned_agent_takes_is_taken_from_its_spawner():
    def answer(request):
        if results(request):
            return results(request)[0]
        return [call("delegate", tasks=["sub"])] if request.tools else "done"

    usage = TokenUsage(input=900, output=100)
    options = quiet(Model(answer, usage=usage), budget_tokens=50_000)
    async with Team({"a": options}, max_depth=2) as team:
        heard = Heard(team)
        await team.delegate("a", "go")
        assert team.allowances.purse("a").spent["tokens"] == 3_000
        assert team.allowances.team.spent["tokens"] == 3_000
        assert heard.of(BudgetWarned) == []


async def test_four_fifths_are_told_once():
    usage = TokenUsage(input=42_000, output=0)
    async with Team({"a": quiet(Model(echo, usage=usage), budget_tokens=100_000)}) as team:
        heard = Heard(team)
        team.allowances.purse("a").spent["tokens"] = 81_000
        await team.delegate("a", "x")
        assert len(heard.of(BudgetWarned)) == 1
