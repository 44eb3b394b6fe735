"""Eight agents, one of which crashes, hangs or floods: seven finish, and nothing is mixed up."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import ApprovalAnswered, ApprovalRequested, ToolFinished
from alloy_tui.domain.messages import TextBlock
from alloy_tui.team.team import Team
from tests.agent.desk import Probe
from tests.team.crew import Heard, Model, call, quiet, results

pytestmark = pytest.mark.anyio

NAMES = [f"agent{i}" for i in range(8)]
STEPS = 3


class Worker:
    """An agent's model: it makes three calls that need approval, then says what they brought."""

    def __init__(self, name, chance, trouble=None):
        self.name, self.chance, self.trouble = name, chance, trouble
        self.brought: list[str] = []

    async def __call__(self, request):
        for _ in range(self.chance.randrange(6)):
            await asyncio.sleep(0)  # lets others go first; the test chooses by its seed
        done = sum(len(m.tool_results) for m in request.messages)
        self.brought += results(request)
        if done == 1 and self.trouble is not None:
            return await self._make_trouble()
        # The same ids for everybody: whoever mixes agents up would be seen.
        if done < STEPS:
            made = call("probe", whose=self.name, step=done)
            return [type(made)(f"call-{done}", made.name, made.arguments)]
        return f"{self.name} is done"

    async def _make_trouble(self):
        if self.trouble == "crash":
            raise ValueError("boom")
        if self.trouble == "hang":
            await asyncio.Event().wait()
        return [TextBlock("x" * 200) for _ in range(300)]


def crew(chance, bad, trouble):
    async def work(arguments, context):
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        return f"{context.agent} {arguments['whose']} {arguments['step']}"

    workers = {n: Worker(n, chance, trouble if n == bad else None) for n in NAMES}
    options = {
        n: quiet(
            Model(w),
            tools=[Probe(work=work, access="execute")],
            approval_mode="ask",
            restart="temporary",
            run_timeout_s=0.2 if trouble == "hang" and n == bad else 900.0,
        )
        for n, w in workers.items()
    }
    return workers, options


class Person:
    """Answers what is asked, in any order, and denies some of it."""

    def __init__(self, team, chance):
        self.team, self.chance = team, chance
        self.asked: dict[str, tuple[str, ApprovalRequested]] = {}
        self.denied: set[tuple[str, str]] = set()
        self.answered: dict[str, str] = {}
        self._more = asyncio.Event()
        team.hub.subscribe(self._hear)

    def _hear(self, envelope):
        if isinstance(envelope.event, ApprovalRequested):
            self.asked[envelope.event.id] = (envelope.agent, envelope.event)
            self._more.set()
        elif isinstance(envelope.event, ApprovalAnswered):
            self.answered[envelope.event.id] = envelope.agent

    async def work(self):
        waiting: list[str] = []
        seen: set[str] = set()
        while True:
            fresh = [i for i in self.asked if i not in seen]
            seen.update(fresh)
            waiting += fresh
            if not waiting:
                self._more.clear()
                await self._more.wait()
                continue
            for _ in range(self.chance.randrange(3)):
                await asyncio.sleep(0)
            self.chance.shuffle(waiting)
            id_ = waiting.pop()
            agent, request = self.asked[id_]
            if self.chance.random() < 0.3:
                self.denied.add((agent, request.call_id))
                self.team.approvals.answer(id_, "deny", f"not {agent}")
            else:
                self.team.approvals.answer(id_, "once")


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.integers(0, 2**32), st.sampled_from(NAMES), st.sampled_from(["crash", "hang", "flood"]))
async def test_seven_of_eight_finish_and_nobody_gets_what_is_anothers(seed, bad, trouble):
    chance = random.Random(seed)
    workers, options = crew(chance, bad, trouble)
    async with Team(options) as team:
        heard, person = Heard(team), Person(team, chance)
        answering = asyncio.create_task(person.work())
        outcomes = await team.broadcast("go", timeout_s=30)
        answering.cancel()
    assert list(outcomes) == NAMES
    for name, outcome in outcomes.items():
        if name == bad and trouble != "flood":
            assert isinstance(outcome, TeamError)
            assert outcome.kind == "crashed"
        elif name != bad:
            assert outcome.text == f"{name} is done"
    for agent, request in person.asked.values():
        assert request.arguments["whose"] == agent
    assert all(person.asked[id_][0] == agent for id_, agent in person.answered.items())
    for name, worker in workers.items():
        if name == bad:
            continue
        assert len(worker.brought) == STEPS
        for step, text in enumerate(worker.brought):
            if (name, f"call-{step}") in person.denied:
                assert f"not {name}" in text
            else:
                assert text == f"{name} {name} {step}"
        assert len(heard.of(ToolFinished, name)) == STEPS
