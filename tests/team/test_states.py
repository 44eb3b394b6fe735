"""Random lives of a team: every state follows legally, every delegation ends exactly once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.team_events import DelegationFinished, DelegationStarted
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.projection import LEGAL, fold
from alloy_tui.team.team import Team
from tests.agent.desk import Probe
from tests.team.crew import Heard, Model, asked, call, echo, quiet, results

pytestmark = pytest.mark.anyio

NAMES = "abc"
ACTIONS = st.sampled_from(
    ["ok", "tool", "crash", "stay", "kill", "restart", "pause", "resume", "cancel", "stop"]
)
STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES), ACTIONS, st.integers(0, 12)), min_size=1, max_size=14
)
STRATEGIES = st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"])


async def answer(request):
    if results(request):
        return "used it"
    match asked(request):
        case "tool":
            return [call("probe")]
        case "crash":
            raise ValueError("boom")
        case "stay":
            await asyncio.Event().wait()
    return echo(request)


def act(team, name, action, running):
    """Begin one thing; what may be awaited joins `running`."""
    if action in {"ok", "tool", "crash", "stay"}:
        work = team.delegate(name, action, timeout_s=5)
    elif action == "kill":
        work = team.kill(name)
    elif action == "restart":
        work = team.restart(name)
    elif action == "stop":
        agent = team.get(name)
        if agent is None:
            return
        work = agent.stop(0.1)
    else:
        with contextlib.suppress(TeamError):
            getattr(team, action)(name)
        return
    running.append(asyncio.create_task(work))


async def live(team, steps):
    running: list[asyncio.Task[object]] = []
    for name, action, turns in steps:
        act(team, name, action, running)
        for _ in range(turns):
            await asyncio.sleep(0)  # how far things get before the next one is the test's choice
    for _ in range(80):
        await asyncio.sleep(0)
    return running


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, STRATEGIES, st.integers(0, 6))
async def test_every_state_follows_legally_and_every_delegation_ends_once(steps, strategy, most):
    members = {
        name: quiet(Model(answer), tools=[Probe()], shutdown_s=0.5, restart=restart)
        for name, restart in zip(NAMES, ["permanent", "permanent", "transient"], strict=True)
    }
    team = Team(members, strategy=strategy, max_restarts=most)
    heard = Heard(team)
    async with team:
        running = await live(team, steps)
    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    for outcome in outcomes:
        assert not isinstance(outcome, BaseException) or isinstance(outcome, TeamError), outcome
    begun = Counter(d.id for d in heard.of(DelegationStarted))
    ended = Counter(d.id for d in heard.of(DelegationFinished))
    assert begun == ended
    for name in NAMES:
        view = AgentView(name=name)
        for envelope in heard.envelopes:
            if envelope.agent == name:
                after = fold(view, envelope)
                said = (view.state, after.state, envelope.event)
                assert after.state == view.state or after.state in LEGAL[view.state], said
                view = after
        assert view.state in {"done", "failed"}
        assert not view.busy
        assert view.queue == ()
