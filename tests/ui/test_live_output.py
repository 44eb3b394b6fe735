"""The output of a command while it runs: followed, timed, and left alone by who reads above."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

COMMAND = "python -m pytest -q tests/checkout tests/refunds tests/money --maxfail 3 --durations 5"


async def running(stage: Stage, pilot: Pilot[Any], command: str = COMMAND) -> None:
    """A command has begun and printed nothing yet."""
    await scenes.asked(stage, pilot)
    await stage.play(
        pilot,
        *fd.call("1", "bash", command=command),
        fd.turn_done("tool_use"),
        fd.tool_started("1", "bash", command, command=command),
        at=4000,
    )


def numbered(first: int, last: int) -> ev.ToolOutput:
    return ev.ToolOutput("1", "".join(f"line {n}\n" for n in range(first, last)))


async def test_a_first_piece_longer_than_the_pane_shows_its_end_and_is_followed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await running(stage, pilot)
        lines = stage.bench.work.tool_pane.lines
        for first in (0, 1000, 2000):
            await stage.play(pilot, numbered(first, first + 1000))
            assert lines.scroll_offset.y == lines.max_scroll_y
            assert f"line {first + 999}" in screen_text(stage.app)


async def test_who_reads_above_is_left_there_while_it_prints_and_when_it_ends() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await running(stage, pilot)
        lines = stage.bench.work.tool_pane.lines
        await stage.play(pilot, numbered(0, 500))
        lines.scroll_to(y=100, animate=False, immediate=True)
        await stage.play(pilot, numbered(500, 600))
        assert lines.scroll_offset.y == 100
        whole = "".join(f"line {n}\n" for n in range(600)) + "exit code: 0"
        await stage.play(pilot, fd.tool_done("1", "bash", whole))
        assert lines.scroll_offset.y == 100
        lines.focus()
        await pilot.press("end")
        await pilot.pause()
        assert "exit code: 0" in screen_text(stage.app)


async def test_arguments_and_results_are_read_from_their_top_and_output_from_its_end() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        long = "\n".join(f"echo argument {n}" for n in range(200))
        await running(stage, pilot, long)
        await stage.play(pilot, numbered(0, 200))
        pane = stage.bench.work.tool_pane
        for key in ("alt+2", "alt+4"):
            await pilot.press(key)
            await pilot.pause()
            assert pane.lines.scroll_offset.y == 0
        await pilot.press("alt+1")
        await pilot.pause()
        assert pane.lines.scroll_offset.y == pane.lines.max_scroll_y > 0
        done = fd.tool_done("2", "read", "\n".join(f"code {n}" for n in range(200)))
        await stage.play(
            pilot,
            fd.tool_done("1", "bash", "ok"),
            *fd.call("2", "read", path="a.py"),
            fd.tool_started("2", "read", "a.py", path="a.py"),
            done,
        )
        assert "code 0" in screen_text(stage.app)


async def test_a_long_command_leaves_its_time_and_its_progress_in_sight() -> None:
    """The words of what runs are cut before the figures of how far it is."""
    for size in ((120, 40), (100, 24)):
        stage = Stage()
        async with stage.app.run_test(size=size) as pilot:
            await running(stage, pilot)
            await stage.play(pilot, ev.ToolOutput("1", "......  [ 38%]\n"))
            await stage.wait(pilot, 12)
            title = next(r for r in screen_text(stage.app).split("\n") if "bash  python -m" in r)
            assert "38 %" in title
            assert title.rstrip().endswith("12 s")
