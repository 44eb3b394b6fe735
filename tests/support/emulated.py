"""An app in this process that writes to an emulated terminal: what is painted past Textual, too.

    emulator = Emulator(120, 36)
    app.driver_class = emulator.driver
    async with app.run_test(headless=False, size=emulator.size) as pilot:
        await emulator.settle(pilot)
        emulator.cells()

A pseudo-terminal is not needed for what an app writes, and here all is in step.
"""

from __future__ import annotations

from typing import Any

import pyte
from pyte.screens import Char
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

_ROUNDS = 300


class Emulator:
    """`written` counts the bytes so far; `screen` is what one would see."""

    def __init__(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)
        self.screen = pyte.Screen(columns, rows)
        self.written = 0
        self._stream = pyte.Stream(self.screen)

    @property
    def driver(self) -> type[Driver]:
        """To be an app's `driver_class`."""
        emulator = self

        class Emulated(HeadlessDriver):
            """Not headless: what is written is seen."""

            @property
            def is_headless(self) -> bool:
                return False

            def write(self, data: str) -> None:
                emulator.take(data)

            def flush(self) -> None:
                pass

        return Emulated

    def take(self, data: str) -> None:
        """What an app writes."""
        self.written += len(data.encode())
        self._stream.feed(data)

    def cells(self) -> list[list[Char]]:
        """What one sees of every cell: of a blank the ground, for its ink shows nowhere."""
        columns, rows = self.size
        return [[_seen(self.screen.buffer[y][x]) for x in range(columns)] for y in range(rows)]

    def text(self) -> str:
        """The rows as text; a wide character stands in its first cell."""
        columns, rows = self.size
        lines = (
            "".join(self.screen.buffer[y][x].data for x in range(columns)) for y in range(rows)
        )
        return "\n".join(line.rstrip() for line in lines)

    async def resize(self, pilot: Pilot[Any], columns: int, rows: int) -> None:
        """As dragging the window's corner does."""
        self.size = (columns, rows)
        self.screen.resize(rows, columns)
        await pilot.resize_terminal(columns, rows)

    async def settle(self, pilot: Pilot[Any]) -> None:
        """Until nothing waits to be painted; what never comes is for a comparison to find."""
        for _ in range(_ROUNDS):
            screen: Any = pilot.app.screen
            await pilot.pause()
            if screen is pilot.app.screen and screen.size == self.size and not _waits(screen):
                return

    async def repaint(self, pilot: Pilot[Any]) -> list[list[Char]]:
        """The cells after all has been painted anew by Textual, on a blank terminal."""
        self.screen.reset()
        pilot.app.screen.refresh()
        await self.settle(pilot)
        return self.cells()


def _seen(char: Char) -> Char:
    marked = char.reverse or char.underscore or char.strikethrough
    return char._replace(fg="", bold=False) if char.data == " " and not marked else char


def _waits(screen: Any) -> bool:
    flags = ("_layout_required", "_scroll_required", "_repaint_required", "_dirty_widgets")
    waiting = any(getattr(screen, flag) for flag in flags) or bool(screen._callbacks)
    return waiting or any(
        widget._repaint_required or widget._layout_required
        for widget in screen.walk_children(with_self=False)
        if widget.is_on_screen
    )
