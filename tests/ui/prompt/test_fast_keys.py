"""Keys that come faster than the screen's own news mean what they would mean slowly."""

from __future__ import annotations

import re

import pytest
from textual import events

from tests.support import feed as fd
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


def pressed(stage: Stage, text: str) -> None:
    """All keys in the prompt's queue before it sees the first."""
    words = re.findall("home|.", text)
    for character in words:
        key = {"\r": "enter", "\t": "tab", "/": "slash", "<": "backspace"}.get(character, character)
        printed = character if len(key) == 1 or key == "slash" else None
        stage.bench.prompt.post_message(events.Key(key, printed))


@pytest.mark.parametrize("command", ["usage", "history"])
async def test_a_command_typed_at_once_is_that_command(command: str) -> None:
    """Enter takes the completion of what stands there, not of its first letter."""
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        pressed(stage, f"/{command}\r")
        await pilot.pause()
        await pilot.pause()
        assert command.title() in screen_text(stage.app)
        assert "keys and commands" not in screen_text(stage.app)


async def test_a_half_typed_command_is_completed_at_once() -> None:
    """Tab at once after the letters completes these letters."""
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        pressed(stage, "/usa\t")
        await pilot.pause()
        assert stage.bench.prompt.text.strip() == "/usage"


async def test_keys_that_edit_keep_their_place_among_letters() -> None:
    """Deleting and moving happen between the letters before and after them."""
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        pressed(stage, "abc<<xy<zhome!")
        await pilot.pause()
        assert stage.bench.prompt.text == "!axz"
