"""Whatever goes wrong in a team is a TeamError that says what."""

from __future__ import annotations

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.team.spec import MemberSpec
from alloy_tui.team.team import Team
from tests.team.crew import quiet

pytestmark = pytest.mark.anyio

VERBS = {
    "delegate": lambda team, name: team.delegate(name, "x"),
    "handoff": lambda team, name: team.handoff([name], "x"),
    "send": lambda team, name: team.send(name, "x"),
    "remove": lambda team, name: team.remove(name),
    "kill": lambda team, name: team.kill(name),
    "restart": lambda team, name: team.restart(name),
    "replace": lambda team, name: team.replace(name, MemberSpec(name)),
    "set_model": lambda team, name: team.set_model(name, "nobody/knows"),
    "pause": lambda team, name: team.pause(name),
    "resume": lambda team, name: team.resume(name),
    "cancel": lambda team, name: team.cancel(name),
    "raise_budget": lambda team, name: team.raise_budget(name, usd=1.0),
    "member": lambda team, name: team.member(name),
}


async def use(verb, team, name):
    done = verb(team, name)
    return await done if hasattr(done, "__await__") else done


async def kind_of(verb, team, name):
    with pytest.raises(TeamError) as caught:
        await use(verb, team, name)
    assert caught.value.message.endswith(".")
    return caught.value.kind


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
async def test_whoever_is_not_there_is_said_to_be_unknown(verb):
    async with Team({"a": quiet()}) as team:
        assert await kind_of(verb, team, "nobody") == "unknown_agent"


SILENT = {"member", "pause", "resume", "raise_budget", "remove"}  # need no running agent


@pytest.mark.parametrize("name", [verb for verb in VERBS if verb not in SILENT])
async def test_what_is_over_says_so(name):
    """Of a team that was stopped nothing can be asked."""
    team = Team({"a": quiet()})
    await team.start()
    await team.stop()
    assert await kind_of(VERBS[name], team, "a") == "stopped"


@pytest.mark.parametrize(
    "specification",
    [{"model": "nobody/knows"}, {"model": 3}, {"cwd": "/no/such/folder"}, {"budget_usd": -1.0}],
    ids=["model", "no model", "folder", "budget"],
)
async def test_who_cannot_be_made_is_said_why(specification):
    with pytest.raises(TeamError, match="a"):
        async with Team({"a": {"tools": (), **specification}}):
            pass
    async with Team({"b": quiet()}) as team:
        broken = MemberSpec("a", model="x", cwd="/no/such/folder", budget_usd=-1.0)
        with pytest.raises(TeamError):
            await team.add(broken)
        assert team.agents == ("b",)
