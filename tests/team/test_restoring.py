"""A team that comes back from its records: roster, board, mail, shared context, pauses, limits."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.events import RunStarted
from alloy_tui.domain.team_events import DelegationFinished, MemberAdded, MemberRemoved
from alloy_tui.team.spec import MemberSpec
from alloy_tui.team.team import Team
from tests.team.crew import Heard, Model, echo, forever, quiet

pytestmark = pytest.mark.anyio


class Log:
    """Records in memory."""

    def __init__(self):
        self.records = []

    def append(self, record):
        self.records.append(record)


async def test_a_team_comes_back_as_it_was():
    log = Log()
    members = {"a": quiet(role="reads"), "b": quiet()}
    async with Team(members, model=Model(echo), log=log) as team:
        await team.add(MemberSpec("c", role="joined later"))
        await team.remove("b")
        team.pause("a")
        team.board.add("a", "build")
        team.send("c", "hello", by="a")
        team.put_context("branch", "main", by="c")
        team.raise_budget("c", tokens=5_000_000)
    again = Team(members, model=Model(echo), records=log.records)
    heard = Heard(again)
    async with again:
        assert again.agents == ("a", "c")
        assert again.member("a").spec.role == "reads"
        assert again.member("a").paused
        assert [t.title for t in again.board.tasks] == ["build"]
        assert [m.text for m in again.mail.unread("c")] == ["hello"]
        assert again.get_context("branch") == "main"
        assert again.allowances.purse("c").limits["tokens"] == 5_000_000
        assert heard.of(MemberAdded) == []


async def test_who_was_taken_out_and_what_was_changed_stay_so_until_the_specification_is_edited():
    log = Log()
    members = {n: quiet(role="first") for n in "ab"}
    async with Team(members, model=Model(echo), log=log) as team:
        await team.replace("a", MemberSpec("a", role="changed"))
        await team.remove("b")
        await team.add(MemberSpec("c"))
    async with Team(members, model=Model(echo), records=log.records, log=log) as team:
        assert team.agents == ("a", "c")
        assert team.member("a").spec.role == "changed"
    edited = {"a": quiet(role="edited"), "b": quiet(role="edited")}
    async with Team(edited, model=Model(echo), records=log.records, log=log) as team:
        assert team.agents == ("a", "b", "c")
        assert team.member("a").spec.role == "edited"
    async with Team({"b": edited["b"]}, model=Model(echo), records=log.records) as team:
        assert team.agents == ("b", "c")


async def test_what_was_under_way_when_the_program_died_is_said_to_be_over():
    log = Log()
    team = Team({"a": quiet(forever)}, log=log)
    await team.start()
    heard = Heard(team)
    spawned = asyncio.create_task(team.spawn("x", by="a"))
    await heard.until(RunStarted, "a-1")
    records = list(log.records)  # all that is left of a program that was killed here
    spawned.cancel()
    await team.stop()
    again = Team({"a": quiet()}, records=records)
    heard = Heard(again)
    async with again:
        assert again.agents == ("a",)
        (over,) = heard.of(DelegationFinished)
        assert (over.to, over.status) == ("a-1", "cancelled")
        assert [m.name for m in heard.of(MemberRemoved)] == ["a-1"]


async def test_shared_context_from_before_reaches_agents_once():
    log = Log()
    async with Team({"a": quiet()}, log=log) as team:
        team.put_context("branch", "main")
    model = Model(echo)
    async with Team({"a": quiet(model)}, records=log.records) as again:
        await again.delegate("a", "one")
        await again.delegate("a", "two")
    told = [m for m in model.requests[-1].messages if "branch" in m.text and m.role == "user"]
    assert len(told) == 1
