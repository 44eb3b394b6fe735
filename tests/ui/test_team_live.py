"""Agents' whole conversations, live and beside each other; and the time that all of it took."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import EngineEvent, Envelope
from alloy_tui.domain.messages import assistant, user
from alloy_tui.runtime.replaying import replayed
from alloy_tui.ui.screens.live_agents import LiveAgentsScreen
from tests.support.stage import Stage, screen_text
from tests.support.team_stage import armed, dashboard, enter

pytestmark = pytest.mark.anyio


def says(stage: Stage, agent: str, *events: EngineEvent) -> list[Envelope]:
    """What that agent says now."""
    return [replace(e, agent=agent) for e in stage.feed(*events, request_id="r9")]


async def hear(stage: Stage, *envelopes: Envelope) -> None:
    """Let it happen."""
    stage.port.feed(*envelopes)
    await stage.port.until_quiet()


async def test_attaching_shows_the_past_and_then_what_comes_and_nothing_twice() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        past = (user("what was asked"), assistant("what was said"))
        stage.port.team.past["coder"] = replayed("coder", "m", past, 5)
        await pilot.press("enter")
        await pilot.pause()
        await hear(
            stage,
            *says(stage, "coder", ev.RunStarted("m", "more"), ev.TurnStarted("m")),
            *says(stage, "coder", ev.TextDelta("fresh words")),
            *says(stage, "researcher", ev.RunStarted("m", "others"), ev.TextDelta("not here")),
        )
        await pilot.pause()
        text = screen_text(stage.app)
        for words in ("what was asked", "what was said", "more", "fresh words"):
            assert text.count(words) == 1, words
        assert "not here" not in text
        await enter(pilot, stage, "stop that")
        assert stage.port.wanted("say") == [("coder", "stop that", "steer")]
        await pilot.press("ctrl+x", "escape")
        await pilot.pause()
        assert stage.port.wanted("act") == [("cancel", "coder")]
        assert stage.port.wanted("detach") == [("coder",)]
        assert stage.app.screen is page


@pytest.mark.parametrize(("width", "shown"), [(120, 3), (80, 1), (60, 1)])
async def test_two_to_four_stand_side_by_side_where_there_is_room(width: int, shown: int) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(width, 24)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("v")
        assert stage.port.wanted("attach") == []
        for name in ("coder", "researcher", "reviewer"):
            page.agents.go_to(name)
            await pilot.press("x")
        await pilot.press("v")
        await pilot.pause()
        live = stage.app.screen
        assert isinstance(live, LiveAgentsScreen)
        assert [column.agent for column in live.columns] == ["coder", "researcher", "reviewer"]
        assert sum(column.display for column in live.columns) == shown
        await hear(stage, *says(stage, "researcher", ev.RunStarted("m", "look for it")))
        await pilot.press("tab")
        await pilot.pause()
        assert "look for it" in screen_text(stage.app)
        await enter(pilot, stage, "hurry")
        assert stage.port.wanted("say") == [("researcher", "hurry", "steer")]
        await pilot.press("tab", "tab", "escape")
        await pilot.pause()
        assert len(stage.port.wanted("detach")) == 3


async def test_the_four_that_are_selected_are_split_wherever_the_cursor_is() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(200, 24)) as pilot:
        page = await dashboard(stage, pilot)
        page.selected.update(dict.fromkeys(("reviewer", "researcher", "coder", "b")))
        page.agents.go_to("agent")
        page.do("split")
        await pilot.pause()
        assert [name for (name,) in stage.port.wanted("attach")] == list(page.selected)


async def test_more_than_four_are_not_split() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 24)) as pilot:
        page = await dashboard(stage, pilot)
        page.selected.update(dict.fromkeys(("a", "b", "c", "d", "e")))
        page.do("split")
        assert stage.port.wanted("attach") == []


async def test_a_question_is_answered_where_it_is_asked_once_it_has_been_read() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("enter")
        await pilot.pause()
        question = ev.ApprovalRequested("q1", "c1", "bash", {"command": "ls"}, "why", "ls", "ls")
        await hear(stage, *says(stage, "coder", ev.RunStarted("m", "go"), question))
        await pilot.pause()
        assert "needs you: bash ls" in screen_text(stage.app)
        await pilot.press("alt+y")
        assert stage.port.wanted("answer") == []
        armed(stage)
        await pilot.press("alt+n")
        assert stage.port.wanted("answer") == [("q1", "deny", None)]


async def test_the_whole_question_is_on_show_where_it_can_be_answered() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("enter")
        await pilot.pause()
        command = f"echo {'quite long words ' * 9}; rm -rf build"
        asks = ev.ApprovalRequested("q1", "c1", "bash", {"command": command}, "why", "h", command)
        await hear(stage, *says(stage, "coder", ev.RunStarted("m", "go"), asks))
        await pilot.pause()
        assert "rm -rf build" in screen_text(stage.app)
        await hear(stage, *says(stage, "coder", ev.ApprovalAnswered("q1", "deny", "user")))
        await pilot.pause()
        assert "rm -rf build" not in screen_text(stage.app)


async def test_who_points_at_a_column_speaks_to_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 24)) as pilot:
        page = await dashboard(stage, pilot)
        for name in ("coder", "researcher"):
            page.agents.go_to(name)
            await pilot.press("x")
        await pilot.press("v")
        await pilot.pause()
        await pilot.click(offset=(90, 10))
        await pilot.pause()
        assert "To researcher: Enter" in screen_text(stage.app)
        await enter(pilot, stage, "you")
        await pilot.click(offset=(10, 0))
        await pilot.pause()
        await enter(pilot, stage, "and you")
        said = [(name, words) for name, words, _ in stage.port.wanted("say")]
        assert said == [("researcher", "you"), ("coder", "and you")]


async def test_the_mouse_scrubs_the_timeline() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("6")
        await pilot.pause()
        text = screen_text(stage.app).split("\n")
        row = next(n for n, line in enumerate(text) if line.startswith(" researcher"))
        end = text[row].rindex("█")
        await pilot.mouse_down(offset=(end, row))
        await pilot.pause()
        assert "researcher: tool  search rounding" in screen_text(stage.app)
        assert page.gantt.agent == "researcher"
        await pilot.hover(offset=(text[row].index("━"), row))
        await pilot.pause()
        assert "researcher: turn  m" in screen_text(stage.app)
        lane = screen_text(stage.app).split("\n")[row]
        assert lane == text[row].replace("━", "┃", 1)
        await pilot.hover(offset=(118, row))
        await pilot.mouse_up(offset=(118, row))
        await pilot.hover(offset=(end, row))
        await pilot.pause()
        assert page.gantt.moment_ms is None
        assert "At this moment: now" in screen_text(stage.app)


async def test_the_timeline_is_scrubbed_and_says_what_was_done_then() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("6")
        await pilot.pause()
        text = screen_text(stage.app)
        assert "At this moment: now" in text
        assert "coder: turn  m" in text
        await pilot.press("shift+left", "shift+left", "shift+left")
        await pilot.pause()
        assert "researcher: turn  m  (3 s)" in screen_text(stage.app)
        await pilot.press("shift+right")
        await pilot.pause()
        assert "researcher: tool  search rounding  (6 s, failed)" in screen_text(stage.app)
        moment = page.gantt.moment_ms
        await pilot.press("left")
        assert page.gantt.moment_ms is not None
        assert moment is not None
        assert page.gantt.moment_ms < moment
        await pilot.press("right_square_bracket", "left_square_bracket")
        for _ in range(60):
            page.do("on")
        await pilot.pause()
        assert page.gantt.moment_ms is None
        await pilot.press("down", "enter")
        await pilot.pause()
        assert stage.port.wanted("attach") == [("coder",)]
