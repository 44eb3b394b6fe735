"""The dashboard on a stage, with the crew of `fake_team` in it."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from alloy_tui.runtime.team_port import TeamView
from alloy_tui.ui.screens.team_deeds import TeamScreen
from alloy_tui.ui.widgets.approval_bar import ARMING_S
from tests.support import fake_team as ft
from tests.support import feed as fd
from tests.support.stage import Stage


async def dashboard(stage: Stage, pilot: Pilot[Any], team: TeamView | None = None) -> TeamScreen:
    """Open it twelve seconds after the start; questions on show are armed."""
    await stage.play(pilot, fd.started())
    stage.port.team.shown = ft.crew() if team is None else team
    stage.port.team.took = ft.spans()
    stage.feed.at(12_000)
    await pilot.press("ctrl+d")
    await pilot.pause()
    page = stage.app.screen
    assert isinstance(page, TeamScreen)
    await pilot.pause()
    armed(stage)
    return page


def armed(stage: Stage) -> None:
    """What is on show has been there for long enough to be answered."""
    stage.monotonic_s += ARMING_S + 0.1


async def becomes(stage: Stage, pilot: Pilot[Any], page: TeamScreen, team: TeamView) -> None:
    """The team is this now, and the dashboard has been told."""
    stage.port.team.shown = team
    page.refresh_team()
    await pilot.pause()


async def enter(pilot: Pilot[Any], stage: Stage, words: str) -> None:
    """Type into the line that asks, and give it."""
    await stage.type(pilot, words)
    await pilot.press("enter")
    await pilot.pause()
