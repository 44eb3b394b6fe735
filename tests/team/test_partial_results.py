"""What an agent had said when its time was up, or nobody waited for it any more."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import RunStarted, TextDelta
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.provider import TextPart
from alloy_tui.domain.team_events import DelegationFinished
from alloy_tui.team.team import Team
from tests.agent.desk import Probe
from tests.team.crew import Heard, Model, call, echo, forever, quiet

pytestmark = pytest.mark.anyio


async def test_what_was_said_until_the_time_was_up_is_kept():
    working = asyncio.Event()

    async def work(_arguments, _context):
        working.set()
        return await forever()

    def answer(_request):
        return [TextBlock("I begin."), call("probe")]

    async with Team({"a": quiet(answer, tools=[Probe(work=work)])}) as team:
        delegation = asyncio.create_task(team.delegate("a", "x", timeout_s=0.05))
        await working.wait()
        with pytest.raises(TeamError) as caught:
            await delegation
        assert caught.value.partial == {"a": "I begin."}


async def test_what_was_said_before_the_work_is_no_part_of_what_it_brought():
    left = [echo]

    async def answer(request):
        return left.pop()(request) if left else await forever()

    async with Team({"a": quiet(answer)}) as team:
        heard = Heard(team)
        assert (await team.delegate("a", "one")).text == "re: one"
        running = asyncio.create_task(team.delegate("a", "two"))
        await heard.until(RunStarted, count=2)
        with pytest.raises(TeamError) as caught:
            await team.delegate("a", "three", timeout_s=0)
        assert caught.value.partial == {}
        running.cancel()
        await heard.until(DelegationFinished, count=3)
        assert [f.text for f in heard.of(DelegationFinished)] == ["re: one", "", ""]


async def test_an_answer_that_grows_when_its_asker_leaves_is_told_as_far_as_it_came():
    class Growing(Model):
        async def stream(self, request):
            yield TextPart("half")
            await forever()
            yield TextPart("never")

    async with Team({"a": quiet(Growing(echo))}) as team:
        heard = Heard(team)
        delegation = asyncio.create_task(team.delegate("a", "x"))
        await heard.until(TextDelta)
        delegation.cancel()
        ended = await heard.until(DelegationFinished)
        assert (ended.status, ended.text) == ("cancelled", "half")
