"""Pipelines of agents: what each step is given, and what is left of one that breaks."""

from __future__ import annotations

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.team_events import DelegationStarted
from alloy_tui.team import handoffs
from alloy_tui.team.handoffs import Handoff
from alloy_tui.team.team import Team
from tests.team.crew import Heard, Model, asked, quiet

pytestmark = pytest.mark.anyio


def says(words):
    """A model that always says that."""
    return Model(lambda _request: words)


def failing(_request):
    raise ValueError("no such luck")


async def test_each_step_is_given_the_task_and_what_all_before_it_brought():
    models = {name: says(f"{name}'s words") for name in "abc"}
    async with Team({name: quiet(model) for name, model in models.items()}) as team:
        assert (await team.handoff(["a", "b", "c"], "find it")).text == "c's words"
    told = {name: asked(model.requests[0]) for name, model in models.items()}
    assert told["a"] == "find it"
    assert told["b"].startswith("find it\n")
    assert "[Step 1 of 3: what a brought]\na's words" in told["b"]
    assert "step 2 of 3: it goes to c" in told["b"]
    assert "[Step 1 of 3: what a brought]\na's words" in told["c"]
    assert "[Step 2 of 3: what b brought]\nb's words" in told["c"]
    assert "step 3 of 3: it is the result" in told["c"]


async def test_every_step_says_which_it_is_of_how_many():
    async with Team({"a": quiet(), "b": quiet()}) as team:
        heard = Heard(team)
        await team.handoff(["a", "b", "a"], "x")
        await team.handoff(["a"], "alone")
        begun = heard.of(DelegationStarted)
    assert [(d.to, d.step, d.steps) for d in begun] == [
        ("a", 1, 3),
        ("b", 2, 3),
        ("a", 3, 3),
        ("a", 0, 0),
    ]
    assert len({d.handoff for d in begun[:3]}) == 1
    assert begun[0].handoff != begun[3].handoff == ""


async def test_one_that_breaks_says_where_and_keeps_what_was_brought():
    async with Team({"a": quiet(says("one")), "b": quiet(failing), "c": quiet()}) as team:
        with pytest.raises(TeamError, match=r"at step 2 of 3: b .*no such luck") as caught:
            await team.handoff(["a", "b", "c"], "x")
    assert caught.value.agent == "b"
    assert caught.value.kind == "crashed"
    assert caught.value.partial == {"a": "one"}
    assert caught.value.message.endswith("What a brought is kept.")


async def test_one_that_breaks_where_it_was_before_keeps_both():
    answers = iter(["one", ""])
    async with Team({"a": quiet(Model(lambda _: next(answers))), "b": quiet(says("two"))}) as team:
        with pytest.raises(TeamError, match="step 3 of 4: a said nothing that could be") as caught:
            await team.handoff(["a", "b", "a", "b"], "x")
    assert caught.value.partial == {"a": "one", "b": "two"}


def test_what_the_broken_step_had_said_is_beside_what_its_agent_brought_before():
    handoff = Handoff("x", ["a", "b", "a"], "h1")
    handoff.take("one")
    handoff.take("two")
    error = handoff.broken(
        TeamError("a is late.", kind="timed_out", agent="a", partial={"a": "ha"})
    )
    assert error.partial == {"a": "one", "b": "two", "a (3)": "ha"}


def test_what_is_handed_on_is_bounded_and_says_what_is_left_out():
    names = [f"a{n}" for n in range(9)]
    handoff = Handoff("t" * 1_000_000, names, "h1")
    for name in names[:-1]:
        handoff.take(name * 500_000)
    words = handoff.words()
    bound = handoffs.MOST_TASK + handoffs.MOST_LAST + handoffs.MOST_EARLIER
    assert len(words) < bound + 200 * len(names)
    assert words.count(" characters …]") == len(names)
    assert all(f"what {name} brought" in words for name in names[:-1])
