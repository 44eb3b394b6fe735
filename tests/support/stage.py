"""The app on a stage: a recorded engine, clocks that stand still, and events on demand."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from alloy_tui.domain.events import EngineEvent
from alloy_tui.runtime.port import ModelChoice
from alloy_tui.ui.app import AlloyApp
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.screens.workbench import Workbench
from tests.support.fake_port import CHOICE, FakePort
from tests.support.feed import Feed


class Stage:
    """`async with stage.app.run_test(…) as pilot`, then `await stage.play(pilot, …)`.

    `options` are those of `AlloyApp`.
    """

    def __init__(
        self,
        *,
        choice: ModelChoice = CHOICE,
        theme: str = "dark",
        history: PromptHistory | None = None,
        **options: Any,
    ) -> None:
        self.port = FakePort(choice)
        self.feed = Feed()
        self.monotonic_s = 100.0
        clock = Clock(wall_ms=lambda: self.feed.now_ms, monotonic_s=lambda: self.monotonic_s)
        self.app = AlloyApp(self.port, clock=clock, theme_word=theme, history=history, **options)

    @property
    def bench(self) -> Workbench:
        """The main screen."""
        return self.app.workbench

    async def play(
        self, pilot: Pilot[Any], *events: EngineEvent, at: int | None = None, rid: str | None = None
    ) -> None:
        """Let these events happen, `at` ms after the start, and be painted."""
        if at is not None:
            self.feed.at(at)
        self.port.feed(*self.feed(*events, request_id=rid))
        await self.port.until_quiet()
        await pilot.pause()

    async def wait(self, pilot: Pilot[Any], seconds: float) -> None:
        """Let both clocks go on, as if that time had passed, and tick once."""
        self.monotonic_s += seconds
        self.feed.now_ms += round(seconds * 1000)
        self.bench.tick()
        await pilot.pause()

    async def type(self, pilot: Pilot[Any], text: str) -> None:
        """Type characters, one key after the other."""
        for char in text:
            await pilot.press("space" if char == " " else char)


def screen_text(app: AlloyApp) -> str:
    """What is on the screen, as rows of text."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    rows = ["".join(segment.text for segment in strip)[:width] for strip in strips[:height]]
    return "\n".join(row.rstrip() for row in rows)


def words_on(app: AlloyApp) -> str:
    """What is on the screen as words, wherever the rows of a notice end."""
    return " ".join(screen_text(app).replace("▌", " ").split())
