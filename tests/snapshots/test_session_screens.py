"""Pictures of what shows sessions: tree, going back, compare, race, the resume picker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.runtime.branch_values import FileChange, RewindPreview
from tests.support.scenes import Scene
from tests.support.stage import Stage
from tests.ui import test_session_pages as pages
from tests.ui import test_session_tree as trees

WIDE, NARROW = (120, 40), (80, 24)


async def tree(stage: Stage, pilot: Pilot[Any]) -> None:
    """The tree of the design's sketch."""
    await trees.shop(stage, pilot)


async def rewind(stage: Stage, pilot: Pilot[Any]) -> None:
    """Files would change, one of them was changed by somebody else."""
    await trees.shop(stage, pilot)
    files = (
        FileChange("src/checkout.py", "changed", 2, 1),
        FileChange("notes.md", "changed", 9, 0, True, ("keep", "overwrite", "merge")),
        FileChange("tests/test_tax.py", "removed", 0, 31),
        FileChange("big.bin", "changed", why_not="it was too large to be kept"),
    )
    words = ("A shell command may have changed more than was seen.",)
    preview = RewindPreview("3", "fix inner round", 4, files, words)
    stage.port.tree.previews["3"] = preview
    await pilot.press("enter")
    await pilot.pause()
    await pilot.press("right", "right", "down", "space")


async def compare(stage: Stage, pilot: Pilot[Any]) -> None:
    """Two branches."""
    await pages.compared(stage, pilot)


async def race(stage: Stage, pilot: Pilot[Any]) -> None:
    """Two models at work."""
    await pages.race(stage, pilot)


async def resume(stage: Stage, pilot: Pilot[Any]) -> None:
    """Three sessions, and a look into one."""
    await pages.picker(stage, pilot)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    "scene", [tree, rewind, compare, race, resume], ids=lambda scene: scene.__name__
)
def test_sessions_look_as_they_did(
    scene: Scene, size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    """The picture of each page is the one that was approved."""
    stage = Stage()

    async def before(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await scene(stage, pilot)
        await pilot.pause()
        await pilot.pause()

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
