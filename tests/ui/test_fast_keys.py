"""Keys that come faster than a screen answers keep their order."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.library_port import FoundMessage
from alloy_tui.ui.screens.compare import CompareScreen
from alloy_tui.ui.screens.race import RaceScreen
from alloy_tui.ui.screens.rewind import RewindDialog
from alloy_tui.ui.screens.settings import SettingsScreen
from alloy_tui.ui.transcript import Transcript
from tests.support.feed import START_MS
from tests.support.stage import Stage
from tests.support.team_stage import dashboard
from tests.ui.test_model_picker import opened
from tests.ui.test_session_pages import picker, race

pytestmark = pytest.mark.anyio


def burst(stage: Stage, *keys: str) -> None:
    """All of them at once, as from a slow line."""
    for key in keys:
        stage.app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize("screen", [CompareScreen, RaceScreen, RewindDialog, SettingsScreen])
def test_no_key_of_a_screen_overtakes_another(screen: type[Screen[object]]) -> None:
    """Bindings with priority run before those that a focused widget has to pass on first."""
    kinds = {each.priority for each in screen.BINDINGS if isinstance(each, Binding)}
    assert len(kinds) == 1


async def settled(pilot: Any) -> None:
    """Until what the keys set off is done."""
    for _ in range(5):
        await pilot.pause()


async def test_a_new_name_is_whole_and_its_line_can_be_cleared() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await picker(stage, pilot)
        await pilot.press("ctrl+r")
        await pilot.press("ctrl+u")
        burst(stage, *"cents", "enter")
        await settled(pilot)
        assert stage.port.wanted("rename") == [("s1", "cents")]
        assert stage.port.wanted("search") == []


async def test_what_is_opened_is_what_all_of_the_words_found() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        hit = FoundMessage("s9", "old", "/x", "n5", "user", START_MS, "half cents", ((0, 4),))
        stage.port.library.found = [hit]
        await picker(stage, pilot, "/search")
        burst(stage, *"half", "enter")
        await settled(pilot)
        assert stage.port.wanted("open") == [("s9", "n5")]


async def test_a_key_for_a_service_is_kept_whole() -> None:
    """None of its letters lands in a line that shows them."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await opened(stage, pilot)
        burst(stage, *"gpt", "enter")  # it cannot answer: its key is asked for
        await settled(pilot)
        burst(stage, *"sk", "enter")
        await settled(pilot)
        assert stage.port.wanted("set_key") == [("openai", Secret("sk"))]


async def test_what_is_typed_after_a_deed_of_the_team_is_its_words_and_no_other_deed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await settled(pilot)
        burst(stage, "d", *"KKxy", "backspace", *"np", "enter", "x")
        await settled(pilot)
        assert stage.port.wanted("delegate") == [("delegate", ("coder",), "KKxnp")]
        assert stage.port.wanted("act") == []
        assert stage.port.wanted("answer") == []


async def test_a_line_is_cleared_before_what_is_typed_next() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await settled(pilot)
        burst(stage, "M")
        await settled(pilot)
        burst(stage, "ctrl+u", *"mab", "left", "left", "delete", "end", "c", "enter")
        await settled(pilot)
        assert stage.port.wanted("set_agent_model") == [("coder", "mbc")]


async def test_letters_of_a_search_beside_are_no_keys_of_the_screen() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        screen = await race(stage, pilot)
        transcript = screen.query(Transcript).first()
        transcript.focus()
        transcript.open_search()
        await settled(pilot)
        await pilot.press("x", "q", "2", "c")
        await settled(pilot)
        assert stage.app.screen is screen
        assert screen.query_one(Input).value == "xq2c"
        await pilot.press("escape")
        await settled(pilot)
        assert stage.app.screen is screen
