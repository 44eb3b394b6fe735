"""The popup over the prompt: files, commands with arguments, old prompts, the stash."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.ui.history import PromptHistory
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

FILES = ("README.md", "docs/", "docs/guide.md", "my dir/", "my dir/a b.txt", "src/cart.py")


def stage_with(*files: str, history: PromptHistory | None = None) -> Stage:
    stage = Stage(history=history)
    stage.port.project.files = files
    return stage


async def typed(stage: Stage, pilot: Pilot[Any], text: str) -> None:
    for char in text:
        await pilot.press({" ": "space", "@": "at", "/": "slash", ".": "full_stop"}.get(char, char))
    await pilot.pause()


async def test_a_mentioned_file_is_sent_by_name() -> None:
    stage = stage_with(*FILES)
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, "see @ca")
        await pilot.press("tab")
        assert stage.bench.prompt.text == "see @src/cart.py "
        await pilot.press("o", "k", "enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("see @src/cart.py ok", "prompt")]


async def test_tab_goes_into_a_folder_and_enter_takes_it() -> None:
    stage = stage_with(*FILES)
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, "@my")
        await pilot.press("tab")
        await pilot.pause()
        assert stage.bench.prompt.text == '@"my dir/'
        await pilot.press("tab")
        await pilot.pause()
        assert stage.bench.prompt.text == '@"my dir/a b.txt" '
        await typed(stage, pilot, "@docs")
        await pilot.press("enter")
        assert stage.bench.prompt.text == '@"my dir/a b.txt" @docs/ '
        assert stage.port.wanted("submit") == []


async def test_what_is_chosen_always_fits_what_stands_there() -> None:
    stage = stage_with(*FILES)
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, "@")
        stage.port.project.files = ()  # the finder is slow: its next answer brings nothing new
        await pilot.press("c", "a")
        current = stage.bench.composer.completion.current
        assert current is None or "ca" in current.path


async def test_while_files_are_listed_and_when_there_are_none_it_is_said() -> None:
    stage = stage_with()
    async with stage.app.run_test() as pilot:
        stage.port.project.settled = False
        await typed(stage, pilot, "@")
        assert "Looking for files" in screen_text(stage.app)
        stage.port.project.settled = True
        await pilot.press("x")
        await pilot.pause()
        assert "No file like that" in screen_text(stage.app)
        await pilot.press("escape", "enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("@x", "prompt")]


async def test_leaving_a_mention_closes_its_popup() -> None:
    stage = stage_with(*FILES)
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, "a @re")
        assert stage.bench.composer.completion.display
        await pilot.press("home")
        await pilot.pause()
        assert not stage.bench.composer.completion.display


async def test_a_click_takes_a_file() -> None:
    stage = stage_with("one.py", "two.py")
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, "@")
        await pilot.click("#completion", offset=(5, 1))
        await pilot.pause()
        assert stage.bench.prompt.text == "@two.py "
        assert stage.bench.prompt.has_focus


async def test_at_sixty_by_fifteen_the_end_of_a_long_path_is_seen() -> None:
    long = "/".join(["a_rather_long_folder"] * 6) + "/target.py"
    stage = stage_with(long)
    async with stage.app.run_test(size=(60, 15)) as pilot:
        await typed(stage, pilot, "@targ")
        assert "…" in screen_text(stage.app)
        assert "folder/target.py" in screen_text(stage.app)
        assert "@targ" in screen_text(stage.app)


@pytest.mark.parametrize(
    ("start", "rest", "asked"),
    [
        ("/model ", "opus", ("set_model", "anthropic/claude-opus-5")),
        ("/approve ", "ed", ("mode", "edits")),
    ],
)
async def test_arguments_of_commands_are_completed(
    start: str, rest: str, asked: tuple[str, str]
) -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, start + rest)
        await pilot.press("enter")
        await pilot.pause()
        assert asked in stage.port.asked


async def test_themes_are_completed_and_a_command_shows_its_argument() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await typed(stage, pilot, "/th")
        assert "/theme [theme]" in screen_text(stage.app)
        await pilot.press("tab")
        await typed(stage, pilot, "li")
        await pilot.press("enter")
        await pilot.pause()
        assert stage.app.preferences.theme == "light"


def remembered(*texts: str) -> PromptHistory:
    history = PromptHistory(folder="/home/ada/src/blog")
    for text in texts:
        history.append(text)
    history.folder = "/home/ada/src/shop"
    return history


async def test_ctrl_r_searches_all_projects_and_enter_brings_without_sending() -> None:
    history = remembered("fix the feed", "write a post")
    history.append("fix the cart")
    stage = Stage(history=history)
    async with stage.app.run_test() as pilot:
        await pilot.press("d", "ctrl+r")
        await typed(stage, pilot, "fix")
        shown = screen_text(stage.app)
        assert "fix the cart" in shown
        assert "blog" in shown
        await pilot.press("ctrl+r", "enter")
        await pilot.pause()
        assert stage.bench.prompt.text == "fix the feed"
        assert stage.port.wanted("submit") == []


async def test_ctrl_s_narrows_the_search_to_this_project_and_escape_brings_the_draft_back() -> None:
    history = remembered("fix the feed")
    history.append("fix the cart")
    stage = Stage(history=history)
    async with stage.app.run_test() as pilot:
        await pilot.press("d", "ctrl+r", "ctrl+s")
        await pilot.pause()
        assert "fix the feed" not in screen_text(stage.app)
        assert "fix the cart" in screen_text(stage.app)
        await pilot.press("escape")
        assert stage.bench.prompt.text == "d"


async def test_a_draft_is_put_aside_and_brought_back_and_several_are_listed() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        prompt = stage.bench.prompt
        await typed(stage, pilot, "one")
        await pilot.press("ctrl+s")
        assert prompt.text == ""
        await pilot.press("ctrl+s")
        assert prompt.text == "one"
        await pilot.press("ctrl+s", "t", "w", "o", "ctrl+s", "ctrl+s")
        await pilot.pause()
        assert "one" in screen_text(stage.app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert prompt.text == "one"
        await pilot.press("ctrl+u", "ctrl+s")
        assert prompt.text == "two"


async def test_letters_of_a_search_answer_no_approval() -> None:
    stage = Stage(history=remembered("yes"))
    async with stage.app.run_test() as pilot:
        await scenes.approval(stage, pilot)
        await stage.wait(pilot, 1)
        stage.bench.prompt.put("")
        await pilot.press("ctrl+r", "y", "enter")
        await pilot.pause()
        assert stage.port.wanted("answer") == []
        assert stage.bench.prompt.text == "yes"
