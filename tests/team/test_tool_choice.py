"""Which tools an agent of a team has: all, or exactly those that its specification names."""

from __future__ import annotations

import json

import msgspec
import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.team.spec import TEAM_TOOLS, MemberSpec
from alloy_tui.team.team import Team
from tests.team.crew import Model, asked, call, echo, results

pytestmark = pytest.mark.anyio

USUAL = {"read", "write", "edit", "bash"}


async def request_of(tools, **of_the_team):
    """The first request of an agent that may have those."""
    model = Model(echo)
    members = {"a": MemberSpec("a", tools=tools), "b": MemberSpec("b", role="reviews")}
    async with Team(members, model=model, **of_the_team) as team:
        await team.delegate("a", "x")
    return model.requests[0]


def names(request):
    return {tool.name for tool in request.tools}


async def test_without_a_choice_it_has_all():
    assert names(await request_of(None)) >= {*USUAL, *TEAM_TOOLS}


@pytest.mark.parametrize(
    "tools", [(), ("read",), ("message",), ("read", "delegate"), ("context", "task")]
)
async def test_a_choice_is_exactly_what_it_has(tools):
    assert names(await request_of(tools)) == set(tools)


async def test_who_cannot_reach_the_others_is_not_told_of_them():
    alone = await request_of(("read",))
    assert "in the team" in alone.system
    assert "by tools" not in alone.system
    assert "reviews" not in alone.system
    assert "reviews" in (await request_of(("message",))).system


async def test_an_agent_without_tools_pays_for_none():
    with_all, without = await request_of(TEAM_TOOLS), await request_of(())
    tools = json.loads(msgspec.json.encode(with_all.tools))
    assert len(json.dumps(tools)) > 1_500
    assert without.tools == ()


@pytest.mark.parametrize(
    ("wrong", "near"), [("mesage", "message"), ("delegat", "delegate"), ("reed", "read")]
)
async def test_a_name_that_leads_nowhere_comes_with_a_near_one(wrong, near):
    with pytest.raises(TeamError, match=f"no tool “{wrong}”") as caught:
        await request_of((wrong,))
    assert caught.value.hint == f"Did you mean “{near}”?"


async def test_a_name_like_no_other_comes_with_all_there_are():
    with pytest.raises(TeamError) as caught:
        await request_of(("quux",))
    assert "read" in (caught.value.hint or "")
    assert "message" in (caught.value.hint or "")


async def test_who_may_pass_nothing_on_is_left_out_of_what_is_named_for_it():
    assert names(await request_of(("delegate", "task"), max_depth=1)) == {"task"}


async def test_who_is_spawned_has_of_the_choice_what_is_there_for_it():
    seen = []

    def answer(request):
        if asked(request) == "part":
            seen.append(names(request))
            return "done"
        return "all done" if results(request) else [call("delegate", tasks=["part"])]

    spec = MemberSpec("a", tools=("delegate", "message"))
    async with Team({"a": spec}, model=Model(answer)) as team:
        assert (await team.delegate("a", "go")).text == "all done"
    assert seen == [{"delegate"}]
