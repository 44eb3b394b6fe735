"""What the team cost stays told when who spent it has gone."""

from __future__ import annotations

import asyncio
import time

import pytest

from alloy_tui.agent.hub import Hub
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.roster import Sums
from alloy_tui.runtime.team_telling import TeamTelling
from alloy_tui.runtime.watching import Watching
from alloy_tui.team.team import Team

pytestmark = pytest.mark.anyio


async def test_what_a_removed_agent_cost_still_counts() -> None:
    hub = Hub()
    telling = TeamTelling(hub, Watching(EventMailbox()), lambda: None)
    telling.roster.know("agent", main=True)
    telling.roster.know("agent-1", parent="agent")
    for name, cost in (("agent", 0.5), ("agent-1", 0.25)):
        hub.publish(name, "r1", 1, ev.TurnStarted("m"))
        hub.publish(name, "r1", 1, ev.UsageUpdated(TokenUsage(10, output=5), {}, cost))
    telling.tell()
    assert (telling.view.cost, telling.view.turns) == (0.75, 2)
    hub.publish("agent", None, 0, te.MemberRemoved("agent-1"))
    telling.tell()
    assert [row.name for row in telling.view.rows] == ["agent"]
    assert (telling.view.cost, telling.view.turns) == (0.75, 2)
    telling.stop()


@pytest.mark.parametrize(("supervisor", "told"), [("crew", "a: boom"), ("pair", "")])
async def test_a_team_has_given_up_when_its_own_supervisor_has(supervisor: str, told: str) -> None:
    """A group that is started anew, or left out, is not the end."""
    async with Team({}, name="crew") as team:
        telling = TeamTelling(team.hub, Watching(EventMailbox()), lambda: team)
        team.hub.publish(supervisor, None, 0, te.SupervisorGaveUp(supervisor, "a: boom", 5))
        telling.tell()
        assert telling.view.gave_up == told
        telling.stop()


async def test_what_happens_is_told_as_soon_while_sparklines_move() -> None:
    """What moves by itself is told of once a second; a question does not wait for that."""
    hub = Hub()
    telling = TeamTelling(hub, Watching(EventMailbox()), lambda: None)
    telling.roster.know("agent", main=True)
    telling.follow("dashboard", wanted=True)
    told = asyncio.Event()
    hub.publish("agent", "r1", 1, ev.TurnStarted("m"))
    before_ms = time.time_ns() // 1_000_000 - 3_000
    said = ev.TextDelta("words " * 20)
    telling.roster.take(Envelope(1, 1, "agent", "r1", 1, before_ms, said))
    telling.tell()
    assert telling.roster.moving
    again_s = telling._timer.when() if telling._timer is not None else 0.0

    def heard(envelope: Envelope) -> None:
        if isinstance(envelope.event, te.TeamChanged):
            told.set()

    hub.subscribe(heard)
    hub.publish("agent", "r1", 1, ev.TextDelta("more"))
    assert telling._timer is not None
    assert telling._timer.when() < again_s
    await told.wait()
    assert telling.view.rows[0].tail.endswith("more")
    telling.stop()


def test_sums_add_up_and_what_is_unknown_stays_told() -> None:
    assert Sums(0.5, False, 1) + Sums(None, True, 2) == Sums(0.5, True, 3)
    assert Sums() + Sums() == Sums(None, False, 0)
