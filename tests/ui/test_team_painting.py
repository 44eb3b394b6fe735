"""What the dashboard sends to the terminal: never another picture than a full paint, and little."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.pilot import Pilot

from alloy_tui.runtime.agent_view import RunningTool
from alloy_tui.runtime.team_port import AgentRow, TeamView
from alloy_tui.ui.screens.team import TeamNews
from alloy_tui.ui.screens.team_deeds import TeamScreen
from tests.support.emulated import Emulator
from tests.support.fake_team import asked, view
from tests.support.feed import START_MS
from tests.support.stage import Stage
from tests.support.team_stage import becomes, dashboard

pytestmark = pytest.mark.anyio

STATES = ("idle", "thinking", "streaming", "tool", "done", "failed", "waiting_approval")
WORDS = (
    "", "read part_1.py", "read part_2.py",
    "漢字漢字 and more", "漢a字", "e\u0301", "👍🏽 fine", "שלום",
    "a line that is far too long for the room that there is beside all the figures of an agent",
)  # fmt: skip
SIZES = ((120, 36), (150, 20), (80, 24), (60, 15), (40, 12))
KEYS = (
    "up",
    "down",
    "pageup",
    "pagedown",
    "home",
    "end",
    "s",
    "f",
    "x",
    "space",
    "tab",
    "shift+tab",
)


@st.composite
def rows(draw: st.DrawFn) -> TeamView:
    """A team of up to forty agents, in any state, whose words are of every width."""
    made: list[AgentRow] = []
    for number in range(draw(st.sampled_from((12, 40, 3, 0)))):
        state = draw(st.sampled_from(STATES))
        name = f"agent-{number}"
        facts: dict[str, Any] = {"since_ms": START_MS + draw(st.sampled_from((0, 500, 61_000)))}
        if state == "waiting_approval":
            facts["approvals"] = (asked(name, f"q{number}", "ls"),)
        if state == "tool":
            facts["tools"] = (RunningTool("1", "read", "x", START_MS),)
        busy = "r" if state not in {"idle", "done", "failed"} else None
        made.append(
            AgentRow(
                name,
                view(state, request_id=busy, **facts),
                activity=draw(st.sampled_from(WORDS)),
                tail=draw(st.sampled_from(WORDS)) * 3,
                turns=draw(st.sampled_from((1, 9, 10))),
                restarts=draw(st.sampled_from((0, 1))),
                last_ms=START_MS,
                rates=draw(st.sampled_from(((), (1, 2, 3), (9, 0, 40, 80)))),
                depth=draw(st.sampled_from((0, 1))),
            )
        )
    return TeamView(rows=tuple(made), turns=len(made))


CHANGES = st.tuples(st.integers(0, 39), st.sampled_from(WORDS), st.integers(0, 3))
STEPS = st.one_of(
    st.tuples(st.just("some"), st.lists(CHANGES, min_size=1, max_size=9)),
    st.tuples(st.just("some"), st.lists(CHANGES, min_size=1, max_size=9)),
    st.tuples(st.just("team"), rows()),
    st.tuples(st.just("time"), st.sampled_from((250, 1_000, 6_000))),
    st.tuples(st.just("key"), st.sampled_from(KEYS)),
    st.tuples(st.just("wheel"), st.sampled_from((-9, -3, 3, 9))),
    st.tuples(st.just("size"), st.sampled_from(SIZES)),
    st.tuples(st.just("notice"), st.just("Something is told in the corner")),
)


async def act(
    stage: Stage, pilot: Pilot[Any], page: TeamScreen, emulator: Emulator, step: tuple[str, Any]
) -> None:
    """One thing that happens, without waiting for what comes of it."""
    match step:
        case "team", team:
            stage.port.team.shown = team
            page.post_message(TeamNews())
        case "some", changes:
            now = list(stage.port.team.shown.rows)
            for number, words, turns in changes:
                if number < len(now):
                    now[number] = replace(now[number], activity=words, turns=turns)
            stage.port.team.shown = replace(stage.port.team.shown, rows=tuple(now))
            page.post_message(TeamNews())
        case "time", passed_ms:
            stage.feed.now_ms += passed_ms
            page.post_message(TeamNews())
        case "key", key:
            await pilot.press(key)
        case "wheel", by:
            page.window.scroll_relative(y=by, animate=False)
        case "size", (columns, rows):
            await emulator.resize(pilot, columns, rows)
            # What was under way for the old size would be cut elsewhere by the emulator.
            await emulator.settle(pilot)
        case "notice", words:
            page.notify(words)
        case _:
            raise AssertionError(step)


@settings(max_examples=15, deadline=None)
@given(rows(), st.lists(st.tuples(STEPS, st.booleans()), min_size=3, max_size=12))
def test_the_screen_is_as_a_full_paint_leaves_it(
    first: TeamView, steps: list[tuple[tuple[str, Any], bool]]
) -> None:
    """Whatever changes, is sorted, scrolled, resized or covered: each cell is as painted anew."""

    async def run() -> None:
        stage, emulator = Stage(), Emulator(120, 36)
        stage.app.driver_class = emulator.driver
        async with stage.app.run_test(headless=False, size=emulator.size) as pilot:
            page = await dashboard(stage, pilot, first)
            for step, waits in steps:
                await act(stage, pilot, page, emulator, step)
                if waits:
                    await emulator.settle(pilot)
            await emulator.settle(pilot)
            shown, text = emulator.cells(), emulator.text()
            anew = await emulator.repaint(pilot)
            assert emulator.text() == text
            assert anew == shown

    asyncio.run(run())


def crowd(words: str = "read part.py", count: int = 100) -> TeamView:
    """Agents that are all at work."""
    one = AgentRow("", view("tool", request_id="r"), activity=words, last_ms=START_MS + 12_000)
    return TeamView(rows=tuple(replace(one, name=f"agent-{n:03}") for n in range(count)))


async def test_nothing_is_sent_while_nothing_changes() -> None:
    """News of a team that is as it was cost the line no byte."""
    stage, emulator = Stage(), Emulator(120, 36)
    stage.app.driver_class = emulator.driver
    async with stage.app.run_test(headless=False, size=emulator.size) as pilot:
        page = await dashboard(stage, pilot, crowd())
        await emulator.settle(pilot)
        assert "agent-003" in emulator.text()
        written = emulator.written
        for version in range(8):
            stage.port.team.shown = replace(crowd(), version=version)
            page.post_message(TeamNews())
            await emulator.settle(pilot)
        assert emulator.written == written


async def test_what_changed_is_sent_and_little_else() -> None:
    """One letter of one agent among a hundred takes fewer bytes than its line."""
    stage, emulator = Stage(), Emulator(120, 36)
    stage.app.driver_class = emulator.driver
    async with stage.app.run_test(headless=False, size=emulator.size) as pilot:
        team = crowd()
        page = await dashboard(stage, pilot, team)
        await emulator.settle(pilot)
        written, painted = emulator.written, page.agents._direct.painted
        changed = [*team.rows]
        changed[2] = replace(team.rows[2], activity="read park.py")
        await becomes(stage, pilot, page, replace(team, rows=tuple(changed)))
        await emulator.settle(pilot)
        assert "read park.py" in emulator.text()
        assert page.agents._direct.painted == painted + 1
        assert emulator.written - written < 100


async def test_agents_out_of_sight_cost_nothing() -> None:
    """Of a hundred agents that all change only those in sight are composed."""
    stage, emulator = Stage(), Emulator(120, 36)
    stage.app.driver_class = emulator.driver
    async with stage.app.run_test(headless=False, size=emulator.size) as pilot:
        page = await dashboard(stage, pilot, crowd())
        await emulator.settle(pilot)
        composed: list[str] = []
        compose = page.agents._composed

        def counted(name: str, facts: Any) -> Any:
            composed.append(name)
            return compose(name, facts)

        page.agents._composed = counted
        await becomes(stage, pilot, page, crowd("grep something else"))
        await emulator.settle(pilot)
        assert 5 < len(composed) <= page.agents.size.height
