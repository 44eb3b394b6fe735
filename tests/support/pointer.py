"""The mouse with its button down: a pilot's `hover` moves it with the button up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
from textual.events import MouseMove
from textual.pilot import Pilot
from textual.widget import Widget


async def drag_to(pilot: Pilot[Any], widget: Widget | str | None, offset: tuple[int, int]) -> None:
    """Move to `offset` in `widget` (in the screen for None) with the left button held."""
    await pilot._post_mouse_events([MouseMove], widget, offset, button=1)
    await pilot.pause()


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Let the app run until `condition` holds; the limit only bounds a failing test."""
    with anyio.fail_after(15):
        while not condition():
            await pilot.pause()
