"""Pictures of what has to do with models, their keys and their cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.scenes import Scene
from tests.support.stage import Stage

WIDE, NARROW, SMALLEST = (120, 40), (80, 24), (60, 15)


async def picker(stage: Stage, pilot: Pilot[Any]) -> None:
    """Every model there is."""
    await pilot.press("ctrl+l")
    await pilot.pause()
    await pilot.press("down", "down")


async def entering(stage: Stage, pilot: Pilot[Any]) -> None:
    """A key is being typed, masked."""
    await pilot.press("ctrl+l")
    await stage.type(pilot, "gpt")
    await pilot.press("ctrl+k")
    await stage.type(pilot, "secret")


PICTURES: list[tuple[str, Scene, tuple[int, int]]] = [
    ("picker_wide", picker, WIDE),
    ("picker_narrow", picker, NARROW),
    ("picker_smallest", picker, SMALLEST),
    ("picker_key", entering, NARROW),
]


@pytest.mark.parametrize(("name", "scene", "size"), PICTURES, ids=[p[0] for p in PICTURES])
def test_models_look_as_they_did(
    name: str, scene: Scene, size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    """The picture of each state is the one that was approved."""
    stage = Stage()

    async def before(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await scene(stage, pilot)
        await pilot.pause()

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
