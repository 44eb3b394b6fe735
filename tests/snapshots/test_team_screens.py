"""Pictures of what shows a team: agents, inbox, tasks, time, conversations beside each other."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.domain.messages import assistant, user
from alloy_tui.runtime.replaying import replayed
from tests.support.fake_team import START_MS
from tests.support.scenes import Scene
from tests.support.stage import Stage
from tests.support.team_stage import dashboard

WIDE, NARROW = (120, 40), (80, 24)


async def agents(stage: Stage, pilot: Pilot[Any]) -> None:
    """One needs you, two work, the main one is done; two are selected."""
    page = await dashboard(stage, pilot)
    for name in ("coder", "researcher"):
        page.agents.go_to(name)
        await pilot.press("x")
    page.agents.go_to("reviewer")
    await pilot.pause()


async def inbox(stage: Stage, pilot: Pilot[Any]) -> None:
    """One question, whole."""
    await dashboard(stage, pilot)
    await pilot.press("2")


async def tasks(stage: Stage, pilot: Pilot[Any]) -> None:
    """Three tasks, and somebody is about to put up a fourth."""
    await dashboard(stage, pilot)
    await pilot.press("3", "t")
    await stage.type(pilot, "write a test")


async def shared(stage: Stage, pilot: Pilot[Any]) -> None:
    """A key, a file that is held, a write that was refused."""
    await dashboard(stage, pilot)
    await pilot.press("5")


async def timeline(stage: Stage, pilot: Pilot[Any]) -> None:
    """What was done at a moment of the past."""
    await dashboard(stage, pilot)
    await pilot.press("6")
    await pilot.pause()
    await pilot.press("shift+left", "shift+left")


async def split(stage: Stage, pilot: Pilot[Any]) -> None:
    """Two conversations beside each other; on a narrow screen the one that is chosen."""
    page = await dashboard(stage, pilot)
    for name, words in (("researcher", "It rounds **twice**."), ("coder", "Mended.")):
        past = (user("Why does it round?"), assistant(words))
        stage.port.team.past[name] = replayed(name, "openai/gpt-6", past, START_MS)
        page.agents.go_to(name)
        await pilot.press("x")
    await pilot.press("v")
    await pilot.pause()
    await pilot.press("tab")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    "scene", [agents, inbox, tasks, shared, timeline, split], ids=lambda scene: scene.__name__
)
def test_team(scene: Scene, size: tuple[int, int], snap_compare: Any) -> None:
    """As it looks."""
    stage = Stage()

    async def play(pilot: Pilot[Any]) -> None:
        await scene(stage, pilot)
        await pilot.pause()

    assert snap_compare(stage.app, terminal_size=size, run_before=play)
