"""The line at the top says on which branch the project is."""

from __future__ import annotations

import pytest

from alloy_tui.runtime.port import GitState
from tests.support import feed as fd
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


async def test_the_branch_and_its_changes_stand_beside_the_folder() -> None:
    stage = Stage()
    stage.port.project.git = GitState("main", 3)
    async with stage.app.run_test(size=(120, 36)) as pilot:
        await stage.play(pilot, fd.started())
        await pilot.pause()
        assert "shop   main ±3" in screen_text(stage.app).splitlines()[0]
        stage.port.project.git = GitState("main", 0)
        await stage.play(pilot, fd.run("x"), fd.turn(), fd.turn_done(), fd.done())
        await pilot.pause()
        top = screen_text(stage.app).splitlines()[0]
        assert "main" in top
        assert "±" not in top


async def test_a_narrow_line_leaves_the_branch_out_and_a_wild_name_is_cut() -> None:
    stage = Stage()
    stage.port.project.git = GitState("feature/\x1b[31m" + "x" * 200, 1)
    async with stage.app.run_test(size=(60, 20)) as pilot:
        await stage.play(pilot, fd.started())
        await pilot.pause()
        assert "feature" not in screen_text(stage.app).splitlines()[0]
        await pilot.resize_terminal(120, 20)
        await pilot.pause()
        top = screen_text(stage.app).splitlines()[0]
        assert "feature/" in top
        assert "\x1b" not in top
        assert len(top) <= 120
