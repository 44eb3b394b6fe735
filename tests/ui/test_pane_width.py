"""The side pane's width lasts: it is told once the edge rests, and taken up at the next start."""

from __future__ import annotations

import pytest

from alloy_tui.ui.panes.side import LEAST_CHAT, SideArea
from alloy_tui.ui.preferences import Preferences
from tests.support import scenes
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio


async def test_a_width_is_kept_once_when_the_edge_rests() -> None:
    kept: list[tuple[str, object]] = []
    stage = Stage(on_preference=lambda name, value: kept.append((name, value)))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        area = stage.bench.query_one(SideArea)
        for _ in range(3):
            await pilot.press("alt+h")
        await pilot.pause()
        area.tell()
        await pilot.pause()
        await stage.app.workers.wait_for_complete()
        assert kept == [("pane_columns", area.size.width)]


@pytest.mark.parametrize(("columns", "width"), [(40, 40), (5000, 120 - LEAST_CHAT)])
async def test_the_width_of_last_time_is_there_from_the_first_call_on(
    columns: int, width: int
) -> None:
    stage = Stage(preferences=Preferences(pane_columns=columns))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        assert stage.bench.query_one(SideArea).size.width == width


async def test_another_choice_does_not_bring_the_old_width_back() -> None:
    stage = Stage(preferences=Preferences(pane_columns=40))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        await pilot.press("alt+h")
        stage.app.prefer("reduced_motion", True)
        await pilot.pause()
        assert stage.bench.query_one(SideArea).size.width == 44
