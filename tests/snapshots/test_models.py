"""Pictures of what has to do with models, their keys and their cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.port import UsageView
from tests.support import feed as fd
from tests.support import scenes
from tests.support.fake_models import spent_view
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


async def usage_page(stage: Stage, pilot: Pilot[Any]) -> None:
    """Tokens and cost by model, day, limit and turn."""
    stage.port.providers.figures = spent_view()
    used = spent_view().session.usage
    stage.port.totals = UsageView(used, {}, 0.2421, 62_000, 200_000)
    await scenes.streaming(stage, pilot)
    await pilot.press("f2")
    await pilot.pause()
    await pilot.pause()


async def counting(stage: Stage, pilot: Pilot[Any]) -> None:
    """The service asked us to wait; a level of thinking is set, and the cache was used."""
    stage.port.providers.effort = "high"
    await scenes.retry(stage, pilot)
    used = TokenUsage(input=600, output=812, cache_read=9_400)
    await stage.play(pilot, ev.UsageUpdated(used, {}, 0.12, 62_000, 200_000))


async def left_out(stage: Stage, pilot: Pilot[Any]) -> None:
    """An answer broke off, is marked, and was asked for again; another model stands in."""
    await scenes.asked(stage, pilot)
    error = ev.ErrorInfo("stream_cut", "The connection broke.")
    await stage.play(
        pilot,
        ev.TextDelta("The inner `round` is applied before the"),
        fd.turn_done("", incomplete="stream_cut"),
        ev.RetryScheduled(1, 2, 1.0, error, discarded=39),
        ev.FallbackUsed(scenes.SONNET, "openai/gpt-6", error),
        fd.turn("openai/gpt-6"),
        ev.TextDelta("It rounds twice: once inside, once outside."),
        at=4000,
    )


PICTURES: list[tuple[str, Scene, tuple[int, int]]] = [
    ("picker_wide", picker, WIDE),
    ("picker_narrow", picker, NARROW),
    ("picker_smallest", picker, SMALLEST),
    ("picker_key", entering, NARROW),
    ("usage_wide", usage_page, WIDE),
    ("usage_narrow", usage_page, NARROW),
    ("usage_smallest", usage_page, SMALLEST),
    ("counting", counting, WIDE),
    ("left_out", left_out, WIDE),
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
