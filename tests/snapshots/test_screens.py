"""Pictures of the screen in each of its states; fixed theme, no clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.domain.messages import assistant, user
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.port import UsageView
from alloy_tui.ui.preferences import Preferences
from alloy_tui.ui.themes import UserTheme
from tests.support import feed as fd
from tests.support import scenes
from tests.support.scenes import Scene
from tests.support.stage import Stage

WIDE, NARROW, TINY, SMALLEST = (120, 40), (80, 24), (60, 20), (60, 15)


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


def keys(scene: Scene, *pressed: str) -> Scene:
    """`scene`, and then these keys."""

    async def then(stage: Stage, pilot: Pilot[Any]) -> None:
        await scene(stage, pilot)
        await pilot.pause()
        await pilot.press(*pressed)

    return then


async def usage_page(stage: Stage, pilot: Pilot[Any]) -> None:
    """Tokens and cost, by model."""
    used = TokenUsage(input=12_400, output=812, cache_read=9_000, reasoning=90)
    by_model = {scenes.SONNET: used, "openai/gpt-6": used}
    stage.port.totals = UsageView(used, by_model, 0.12, 62_000, 200_000)
    await scenes.streaming(stage, pilot)
    await pilot.press("f2")


async def history_page(stage: Stage, pilot: Pilot[Any]) -> None:
    """The conversation in short."""
    stage.port.messages = (user(scenes.QUESTION), assistant("The inner `round` is too many."))
    await scenes.edited(stage, pilot)
    stage.bench.action_command("history")


async def palette(stage: Stage, pilot: Pilot[Any]) -> None:
    """Every action, narrowed by what was typed."""
    await pilot.press("ctrl+p")
    await stage.type(pilot, "tool")
    await stage.app.workers.wait_for_complete()


async def pane_find(stage: Stage, pilot: Pilot[Any]) -> None:
    """Something is looked for in the pane."""
    await scenes.two_tools(stage, pilot)
    stage.bench.work.tool_pane.find.open()
    await stage.type(pilot, "10.0")


async def pane_whole(stage: Stage, pilot: Pilot[Any]) -> None:
    """A shortened output, whose whole is in a file."""
    await scenes.two_tools(stage, pilot)
    details = {"spill_path": "/home/ada/.cache/alloy/1.txt", "truncated": True, "exit_code": 1}
    given = "F\n[… 9,000 characters left out …]\nexit code: 1"
    await stage.play(pilot, fd.tool_done("2", "bash", given, is_error=True, details=details))


MINE = UserTheme("mine", "light", {"live": "#9b2c8f", "background": "#f4f0fa"})
LINE = Preferences(status=("state", "approvals", "gap", "folder", "cost"))

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
    ("first_run_tiny", nothing, SMALLEST, {"choice": scenes.FIRST_RUN}),
    ("first_run_narrow", nothing, NARROW, {"choice": scenes.FIRST_RUN}),
    ("streaming_narrow", scenes.streaming, NARROW, {}),
    ("edited_narrow", scenes.edited, NARROW, {}),
    ("approval_narrow", scenes.approval, NARROW, {}),
    ("approval_smallest", scenes.approval, SMALLEST, {}),
    ("queued_narrow", scenes.queued, NARROW, {}),
    ("denied_narrow", scenes.denied, NARROW, {}),
    ("cancelled_wide", scenes.cancelled, WIDE, {}),
    ("failed_wide", scenes.failed, WIDE, {}),
    ("retry_wide", scenes.retry, WIDE, {}),
    ("pane_args", keys(scenes.edited, "alt+2"), WIDE, {}),
    ("pane_raw", keys(scenes.edited, "alt+4"), WIDE, {}),
    ("pane_timing", keys(scenes.two_tools, "alt+5"), WIDE, {}),
    ("pane_find", pane_find, WIDE, {}),
    ("pane_whole", pane_whole, WIDE, {}),
    ("pane_maximised", keys(scenes.edited, "alt+m"), WIDE, {}),
    ("pane_diff_narrow", keys(scenes.edited, "ctrl+o"), NARROW, {}),
    ("settings", keys(nothing, "f4"), WIDE, {}),
    ("settings_narrow", keys(nothing, "f4"), NARROW, {}),
    ("palette", palette, WIDE, {}),
    ("usage", usage_page, NARROW, {}),
    ("history", history_page, NARROW, {}),
    ("help_narrow", help_page, NARROW, {}),
    ("high_contrast", scenes.edited, WIDE, {"theme": "high-contrast"}),
    ("no_colour", scenes.approval, WIDE, {"theme": "no-colour"}),
    ("own_theme", scenes.streaming, NARROW, {"theme": "mine", "user_themes": [MINE]}),
    ("light_approval", scenes.approval, NARROW, {"theme": "light"}),
    ("own_status_line", scenes.streaming, WIDE, {"preferences": LINE, "theme": None}),
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
