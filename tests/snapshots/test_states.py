"""Pictures of every pane and state that `test_screens` has in one size or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.snapshots import test_screens as ts
from tests.support import more_scenes as more
from tests.support import scenes
from tests.support.scenes import Scene
from tests.support.stage import Stage

BOTH: list[tuple[str, Scene]] = [
    ("markdown", more.markdown),
    ("reading_above", more.reading_above),
    ("search", more.search),
    ("side_by_side", more.side_by_side),
    ("images", more.images),
    ("markers", more.markers),
    ("own_commands", more.own_commands),
    ("mention", more.mention),
    ("recall", more.recall),
    ("queue_chosen", more.queue_chosen),
    ("reason", more.reason),
    ("folded", more.folded),
]
PICTURES: list[tuple[str, Scene, tuple[int, int], dict[str, Any]]] = [
    *((f"{name}_wide", scene, ts.WIDE, {}) for name, scene in BOTH),
    *((f"{name}_narrow", scene, ts.NARROW, {}) for name, scene in BOTH),
    ("demo_wide", ts.nothing, ts.WIDE, {"choice": scenes.DEMO}),
    ("two_tools_narrow", scenes.two_tools, ts.NARROW, {}),
    ("hidden_wide", scenes.hidden_edit, ts.WIDE, {}),
    ("model_switch_narrow", scenes.model_switch, ts.NARROW, {}),
    ("completing_wide", ts.completing, ts.WIDE, {}),
    ("picker_wide", ts.picker, ts.WIDE, {}),
    ("pane_args_narrow", ts.keys(scenes.edited, "alt+2"), ts.NARROW, {}),
    ("pane_raw_narrow", ts.keys(scenes.edited, "alt+4"), ts.NARROW, {}),
    ("pane_timing_narrow", ts.keys(scenes.two_tools, "alt+5"), ts.NARROW, {}),
    ("pane_find_narrow", ts.keys(ts.pane_over, "ctrl+f", "E"), ts.NARROW, {}),
    ("pane_whole_narrow", ts.keys(ts.pane_whole, "ctrl+o"), ts.NARROW, {}),
    ("palette_narrow", ts.palette, ts.NARROW, {}),
    ("history_wide", ts.history_page, ts.WIDE, {}),
    ("usage_wide", ts.usage_page, ts.WIDE, {}),
]


@pytest.mark.parametrize(
    ("name", "scene", "size", "options"), PICTURES, ids=[p[0] for p in PICTURES]
)
def test_the_state_looks_as_it_did(
    name: str,
    scene: Scene,
    size: tuple[int, int],
    options: dict[str, Any],
    snap_compare: Callable[..., bool],
    own_home: Path,
) -> None:
    """The picture of each state is the one that was approved."""
    del own_home
    stage = Stage(**options)

    async def before(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await scene(stage, pilot)
        await pilot.pause()

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
