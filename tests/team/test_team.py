"""A team as a library: delegate, broadcast, handoff, joining and leaving."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import AgentStarted, AgentStopped
from alloy_tui.domain.team_events import (
    DelegationFinished,
    DelegationStarted,
    MemberAdded,
    MemberRemoved,
)
from alloy_tui.team.spec import MemberSpec, TeamSpec
from alloy_tui.team.team import Team
from tests.team.crew import Heard, Model, echo, forever, quiet

pytestmark = pytest.mark.anyio


def failing(_request):
    raise ValueError("no such luck")


async def kind_of(awaitable):
    with pytest.raises(TeamError) as caught:
        await awaitable
    return caught.value.kind


async def test_a_team_may_have_no_agents():
    async with Team() as team:
        assert team.agents == ()
        assert await team.broadcast("hello") == {}
        assert await team.handoff([], "hello") is None


async def test_agents_are_named_in_the_order_in_which_they_were_given():
    async with Team({"b": quiet(), "a": quiet()}, name="crew") as team:
        heard = Heard(team)
        assert team.agents == ("b", "a")
        assert team.spec.name == "crew"
        assert heard.envelopes == []


async def test_starting_tells_who_joined_before_it_is_ready():
    team = Team({"a": quiet(role="does it")})
    heard = Heard(team)
    async with team:
        kinds = [type(e.event) for e in heard.envelopes]
        assert kinds == [MemberAdded, AgentStarted]
        assert heard.of(MemberAdded)[0].member["role"] == "does it"


async def test_delegate_brings_the_agents_result():
    async with Team({"a": quiet()}) as team:
        heard = Heard(team)
        result = await team.delegate("a", "hello")
        assert result.text == "re: hello"
        (started,), (finished,) = heard.of(DelegationStarted), heard.of(DelegationFinished)
        assert (started.to, started.depth, started.kind) == ("a", 1, "delegate")
        assert (finished.id, finished.status, finished.text) == (
            started.id,
            "completed",
            "re: hello",
        )
        assert result.request_id == started.id


async def test_nobody_of_that_name_is_said_with_the_names_that_there_are():
    async with Team({"a": quiet()}) as team:
        with pytest.raises(TeamError, match="Nobody in team is named b") as caught:
            await team.delegate("b", "hello")
        assert caught.value.kind == "unknown_agent"
        assert "There are: a." in caught.value.hint


async def test_each_agent_keeps_its_own_conversation():
    models = {name: Model(echo) for name in "ab"}
    async with Team({n: quiet(m) for n, m in models.items()}) as team:
        await team.delegate("a", "one")
        await team.delegate("b", "two")
        await team.delegate("a", "three")
    assert [m.text for m in models["a"].requests[-1].messages] == ["one", "re: one", "three"]
    assert [m.text for m in models["b"].requests[-1].messages] == ["two"]


async def test_agents_work_at_the_same_time():
    both = asyncio.Barrier(2)

    async def meet(request):
        await both.wait()
        return echo(request)

    async with Team({"a": quiet(meet), "b": quiet(meet)}) as team:
        one, two = await asyncio.gather(team.delegate("a", "1"), team.delegate("b", "2"))
        assert (one.text, two.text) == ("re: 1", "re: 2")


async def test_broadcast_asks_everybody_and_drops_no_name():
    async with Team({"a": quiet(), "b": quiet(failing), "c": quiet()}) as team:
        outcomes = await team.broadcast("hello")
        assert list(outcomes) == ["a", "b", "c"]
        assert outcomes["a"].text == outcomes["c"].text == "re: hello"
        assert outcomes["b"].kind == "crashed"
        assert "no such luck" in outcomes["b"].message


async def test_one_killed_during_a_broadcast_appears_as_crashed():
    asking = asyncio.Event()

    async def stuck(_request):
        asking.set()
        return await forever()

    async with Team({"a": quiet(), "b": quiet(stuck)}) as team:
        outcomes = asyncio.create_task(team.broadcast("hello"))
        await asking.wait()
        await team.kill("b")
        outcomes = await outcomes
        assert outcomes["a"].ok
        assert outcomes["b"].kind == "crashed"


async def test_no_more_agents_are_asked_at_once_than_was_said():
    running, most = 0, 0

    async def count(request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        return echo(request)

    async with Team({f"a{i}": quiet(count) for i in range(6)}, parallel=2) as team:
        assert len(await team.broadcast("hello")) == 6
        assert most == 2
        await team.broadcast("hello", parallel=5)
        assert most == 5


async def test_handoff_to_somebody_unknown_begins_nothing():
    model = Model(echo)
    async with Team({"a": quiet(model)}) as team:
        assert await kind_of(team.handoff(["a", "nobody"], "x")) == "unknown_agent"
    assert model.requests == []


@pytest.mark.parametrize("how", ["delegate", "broadcast", "handoff"])
async def test_no_time_expires_at_once_and_the_agent_keeps_working(how):
    go, done = asyncio.Event(), asyncio.Event()

    async def wait(request):
        await go.wait()
        done.set()
        return echo(request)

    async with Team({"a": quiet(wait)}) as team:
        if how == "broadcast":
            error = (await team.broadcast("x", timeout_s=0))["a"]
        else:
            asked_for = "a" if how == "delegate" else ["a"]
            with pytest.raises(TeamError) as caught:
                await getattr(team, how)(asked_for, "x", timeout_s=0)
            error = caught.value
        assert error.kind == "timed_out"
        assert "keeps working" in error.message
        go.set()
        await done.wait()


@pytest.mark.parametrize("timeout_s", [-1, float("nan"), float("inf")])
async def test_a_time_that_is_none_is_refused(timeout_s):
    async with Team({"a": quiet()}) as team:
        assert await kind_of(team.delegate("a", "x", timeout_s=timeout_s)) == "invalid"


async def test_an_empty_task_is_refused():
    async with Team({"a": quiet()}) as team:
        assert await kind_of(team.delegate("a", "  ")) == "invalid"


async def test_who_stops_waiting_stops_the_work():
    asking, cancelled = asyncio.Event(), asyncio.Event()

    async def stuck(_request):
        asking.set()
        try:
            return await forever()
        finally:
            cancelled.set()

    async with Team({"a": quiet(stuck)}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await asking.wait()
        delegation.cancel()
        await cancelled.wait()
        assert (await heard.until(DelegationFinished)).status == "cancelled"


async def test_an_agent_joins_a_running_team_and_leaves_it():
    async with Team({"a": quiet()}, model=Model(echo)) as team:
        heard = Heard(team)
        await team.add(MemberSpec("b", approval_mode="all"))
        assert team.agents == ("a", "b")
        agent = team.get("b")
        await team.remove("b")
        assert team.agents == ("a",)
        assert agent.health().stopped
        last = [
            e.event for e in heard.envelopes if isinstance(e.event, AgentStopped | MemberRemoved)
        ]
        assert [type(event) for event in last] == [AgentStopped, MemberRemoved]
        assert await kind_of(team.delegate("b", "x")) == "unknown_agent"


async def test_a_name_is_taken_once():
    async with Team({"a": quiet()}, model=Model(echo)) as team:
        assert await kind_of(team.add(MemberSpec("a"))) == "agent_exists"


async def test_who_cannot_join_is_not_in_the_team():
    async with Team({"a": quiet()}) as team:
        assert await kind_of(team.add(MemberSpec("b", model="nobody/knows"))) == "failed"
        assert await kind_of(team.add(MemberSpec("b c"))) == "invalid"
        assert team.agents == ("a",)


async def test_the_number_of_agents_has_a_limit():
    async with Team({"a": quiet()}, max_agents=1, model=Model(echo)) as team:
        assert await kind_of(team.add(MemberSpec("b"))) == "limit"


async def test_who_is_unknown_cannot_be_removed():
    async with Team() as team:
        assert await kind_of(team.remove("a")) == "unknown_agent"


async def test_removing_a_busy_agent_tells_who_waited_for_it():
    asking = asyncio.Event()

    async def stuck(_request):
        asking.set()
        return await forever()

    async with Team({"a": quiet(stuck)}) as team:
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await asking.wait()
        await team.remove("a")
        assert await kind_of(delegation) == "stopped"


async def test_the_team_answers_while_a_busy_agent_is_removed():
    asking, leaving = asyncio.Event(), asyncio.Event()

    async def deaf(_request):
        asking.set()
        try:
            return await forever()
        finally:
            await leaving.wait()  # takes its time to stop

    async with Team({"a": quiet(deaf, shutdown_s=60.0), "b": quiet()}) as team:
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await asking.wait()
        removal = asyncio.create_task(team.remove("a"))
        assert (await team.delegate("b", "y")).text == "re: y"
        assert await kind_of(team.restart("a")) == "unknown_agent"
        assert not removal.done()
        leaving.set()
        await removal
        assert await kind_of(delegation) == "stopped"


def test_work_has_two_minutes_unless_something_else_is_said():
    for verb in (Team.delegate, Team.broadcast, Team.handoff):
        assert inspect.signature(verb).parameters["timeout_s"].default == 120.0


async def test_an_agent_can_be_had_and_used_directly():
    async with Team({"a": quiet()}) as team:
        assert (await team.get("a").chat("hello")).text == "re: hello"
        assert team.get("b") is None


async def test_a_start_that_fails_names_who_and_leaves_nobody_running():
    team = Team({"a": quiet(), "b": {"model": "nobody/knows"}})
    heard = Heard(team)
    with pytest.raises(TeamError, match="b could not be started"):
        await team.start()
    assert len(heard.of(AgentStarted, "a")) == len(heard.of(AgentStopped, "a")) == 1


async def test_stopping_stops_all_and_ends_all_use():
    team = Team({"a": quiet(), "b": quiet()})
    await team.start()
    agents = [team.get("a"), team.get("b")]
    await team.stop()
    assert all(agent.health().stopped for agent in agents)
    assert await kind_of(team.delegate("a", "x")) == "stopped"
    assert await kind_of(team.add(MemberSpec("c"))) == "stopped"
    await team.stop()


async def test_the_shared_context_starts_as_it_was_given_and_is_written_by_name():
    async with Team(TeamSpec(shared={"branch": "main"})) as team:
        assert team.get_context("branch") == "main"
        assert team.get_context("none") is None
        assert team.get_context("none", "else") == "else"
        team.put_context("branch", "feature", by="coder")
        assert team.get_context("branch") == "feature"
        assert team.shared.get("branch").by == "coder"


async def test_the_shared_context_reaches_an_agent_once_it_has_changed():
    model = Model(echo)
    async with Team({"a": quiet(model)}) as team:
        await team.delegate("a", "one")
        team.put_context("branch", "main")
        await team.delegate("a", "two")
        await team.delegate("a", "three")
    told = [m.text for m in model.requests[-1].messages if "branch" in m.text and m.role == "user"]
    assert len(told) == 1
    assert "one" not in told[0]


async def test_mail_is_read_with_the_next_request_of_an_idle_agent():
    model = Model(echo)
    async with Team({"a": quiet(model), "b": quiet()}) as team:
        team.send("a", "the tests are red", by="b")
        assert len(team.mail.unread("a")) == 1
        await team.delegate("a", "go on")
        assert team.mail.unread("a") == ()
    assert "[Message from b]\nthe tests are red" in model.requests[0].messages[-1].text


async def test_mail_to_somebody_unknown_is_refused():
    async with Team({"a": quiet()}) as team:
        with pytest.raises(TeamError, match="Nobody"):
            team.send(["a", "z"], "hello")
        assert team.mail.unread("a") == ()


async def test_an_option_that_is_the_teams_is_refused():
    with pytest.raises(TeamError, match="`hub` is the team's"):
        Team({"a": {"hub": None}})
    with pytest.raises(TeamError, match="no `colour`"):
        Team({}, colour="red")
