"""Keys that come faster than what they open, and screens with no room for anything."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette

from alloy_tui.ui.palette import Palette
from tests.support import feed as fd
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio
SIZES = [(1, 1), (2, 1), (10, 3), (80, 24)]
COMMANDS = ("/model", "/settings", "/resume", "/help", "/usage", "/history", "/tree", "/team")
KEYS = ("pagedown", "pageup", "down", "end", "home", "up", "tab", "x", "space", "escape", "escape")


def test_the_palette_is_as_it_was_when_this_was_written() -> None:
    """Its page keys are caught by this name; another release needs another look."""
    assert hasattr(CommandPalette, "_action_command_list")


@pytest.mark.parametrize("size", SIZES)
async def test_every_page_opens_at_any_size_and_takes_keys_at_once(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await stage.play(pilot, fd.started(), fd.run("go"), fd.turn())
        for command in (*COMMANDS, "palette"):
            if command == "palette":
                stage.app.action_command_palette()
            else:
                stage.app.run_worker(stage.app.run_action(f"command({command[1:]!r})", stage.bench))
            await pilot.press(*KEYS)
            await pilot.pause()
            while stage.app.screen is not stage.bench:
                await pilot.press("escape")
                await pilot.pause()


async def test_a_prompt_without_room_is_typed_into() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.play(pilot, fd.started())
        for width, height in ((1, 1), (3, 2), (80, 24)):
            await pilot.resize_terminal(width, height)
            await pilot.press("a", "space", "left", "backspace", "end")
        assert stage.bench.prompt.text == "   "


async def test_the_palette_called_again_and_again_is_there_once() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        for _ in range(5):
            await pilot.press("ctrl+p", "ctrl+p", "f1", "ctrl+p")
            assert sum(isinstance(s, Palette) for s in stage.app.screen_stack) == 1
            while stage.app.screen is not stage.bench:
                await pilot.press("escape")
                await pilot.pause()
            stage.app.action_command_palette()
            stage.app.pop_screen()
            stage.app.action_command_palette()
            await pilot.press("escape")
            await pilot.pause()
            assert stage.app.screen is stage.bench


async def test_pages_are_not_heaped_up_until_none_can_be_drawn() -> None:
    """Each draws those below it: some dozens would use up the interpreter's stack."""
    stage = Stage()
    async with stage.app.run_test(notifications=True, size=(120, 36)) as pilot:
        for _ in range(40):
            for page in ("help", "settings", "usage"):
                stage.app.open_page(page)
            await pilot.press("f1", "f1", "f4", "ctrl+p", "escape")
            await pilot.pause()
            assert len(stage.app.screen_stack) <= 7
        while stage.app.screen is not stage.bench:
            await pilot.press("escape")
            await pilot.pause()


async def test_help_asked_for_again_is_there_once() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        stage.app.open_page("help")
        stage.app.open_page("help")
        await pilot.pause()
        assert len(stage.app.screen_stack) == 2


async def test_a_palette_left_twice_closes_nothing_else() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        stage.app.open_page("help")
        await pilot.pause()
        page = stage.app.screen
        stage.app.action_command_palette()
        await pilot.pause()
        palette = stage.app.screen
        assert isinstance(palette, Palette)
        palette.dismiss()
        palette.dismiss()
        await pilot.pause()
        assert stage.app.screen is page
