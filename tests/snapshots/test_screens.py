"""Pictures of the screen in each of its states; fixed theme, no clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support import scenes
from tests.support.scenes import Scene
from tests.support.stage import Stage

WIDE, NARROW, TINY = (120, 40), (80, 24), (60, 20)


async def nothing(stage: Stage, pilot: Pilot[Any]) -> None:
    """Nothing was said yet."""


async def pane_over(stage: Stage, pilot: Pilot[Any]) -> None:
    """The tool pane covers the conversation of a narrow screen."""
    await scenes.two_tools(stage, pilot)
    await pilot.press("ctrl+o")


async def completing(stage: Stage, pilot: Pilot[Any]) -> None:
    """A slash was typed."""
    await stage.type(pilot, "/")


async def help_page(stage: Stage, pilot: Pilot[Any]) -> None:
    """Help is open."""
    await pilot.press("f1")


async def picker(stage: Stage, pilot: Pilot[Any]) -> None:
    """A model is being chosen."""
    await pilot.press("ctrl+l")
    await stage.type(pilot, "claude")


PICTURES: list[tuple[str, Scene, tuple[int, int], dict[str, Any]]] = [
    ("first_run", nothing, WIDE, {"choice": scenes.FIRST_RUN}),
    ("demo", nothing, NARROW, {"choice": scenes.DEMO}),
    ("streaming", scenes.streaming, WIDE, {}),
    ("two_tools", scenes.two_tools, WIDE, {}),
    ("edited", scenes.edited, WIDE, {}),
    ("approval", scenes.approval, WIDE, {}),
    ("approval_hidden", scenes.hidden_edit, NARROW, {}),
    ("denied", scenes.denied, WIDE, {}),
    ("cancelled", scenes.cancelled, NARROW, {}),
    ("failed", scenes.failed, NARROW, {}),
    ("retry", scenes.retry, NARROW, {}),
    ("model_switch", scenes.model_switch, WIDE, {}),
    ("queued", scenes.queued, WIDE, {}),
    ("light", scenes.edited, WIDE, {"theme": "light"}),
    ("tiny", scenes.approval, TINY, {}),
    ("pane_over", pane_over, NARROW, {}),
    ("completing", completing, NARROW, {}),
    ("help", help_page, WIDE, {}),
    ("picker", picker, NARROW, {}),
]


@pytest.mark.parametrize(
    ("name", "scene", "size", "options"), PICTURES, ids=[p[0] for p in PICTURES]
)
def test_the_screen_looks_as_it_did(
    name: str,
    scene: Scene,
    size: tuple[int, int],
    options: dict[str, Any],
    snap_compare: Callable[..., bool],
) -> None:
    """The picture of each state is the one that was approved."""
    stage = Stage(**options)

    async def before(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await scene(stage, pilot)
        await pilot.pause()

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
