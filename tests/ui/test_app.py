"""The application: start-up and end, commands, keys, pages, and quiet when idle."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.widgets import Input

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import assistant, user
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.port import UsageView
from alloy_tui.ui.actions import DEED_NAMES
from alloy_tui.ui.app import AlloyApp
from alloy_tui.ui.commands import COMMANDS
from alloy_tui.ui.keymap import APP_KEYS, APPROVAL_KEYS, PANE_KEYS, SCREEN_KEYS, SECTIONS
from alloy_tui.ui.screens.model_picker import ModelPicker
from alloy_tui.ui.screens.page import Page
from alloy_tui.ui.screens.workbench import Workbench
from alloy_tui.ui.widgets.line_view import LineView
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text, words_on

pytestmark = pytest.mark.anyio


async def test_the_engine_starts_after_the_first_frame_and_is_closed_at_the_end() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.pause()
        assert stage.port.asked == [("start",)]
    assert stage.port.asked == [("start",), ("close",)]


def test_the_first_frame_brings_neither_http_nor_lexers_nor_a_markdown_parser() -> None:
    code = (
        "import sys, alloy_tui.ui.app; "
        "bad = [m for m in ('httpx', 'markdown_it', 'pygments.lexers.python', 'aiohttp')"
        " if m in sys.modules]; print(bad); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_nothing_ticks_while_nothing_happens() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        assert not stage.bench.ticking
        await stage.play(pilot, fd.run("x"), fd.turn())
        assert stage.bench.ticking
        await stage.play(pilot, fd.done())
        assert not stage.bench.ticking
        assert not stage.bench.prompt.cursor_blink


async def test_ctrl_c_once_warns_and_twice_leaves() -> None:
    stage = Stage()
    async with stage.app.run_test(notifications=True) as pilot:
        await pilot.press("ctrl+c")
        await pilot.pause()
        await pilot.pause()
        assert "Ctrl+C again leaves" in screen_text(stage.app)
        stage.monotonic_s += 5
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert stage.app.is_running
        await pilot.press("ctrl+c")
    assert stage.port.asked[-1] == ("close",)


async def test_ctrl_c_copies_a_selection_instead() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.type(pilot, "hello")
        stage.bench.prompt.select_all()
        await pilot.press("ctrl+c")
        await stage.app.workers.wait_for_complete()
        assert stage.app.clipboard == "hello"


async def test_the_toast_names_the_route_or_says_that_there_was_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    async with stage.app.run_test(notifications=True, size=(120, 40)) as pilot:
        await stage.type(pilot, "hello")
        for term, words in (
            ("xterm", "Copied 5 characters through the terminal (OSC 52)"),
            ("linux", "Could not copy 5 characters: this terminal takes no text"),
        ):
            monkeypatch.setenv("TERM", term)
            stage.bench.prompt.select_all()
            await pilot.press("ctrl+c")
            await stage.app.workers.wait_for_complete()
            await pilot.pause()
            await pilot.pause()
            assert words in words_on(stage.app)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("/reset", ("reset",)),
        ("/model openai/gpt-6", ("set_model", "openai/gpt-6")),
        ("/approve edits", ("mode", "edits")),
    ],
)
async def test_a_command_reaches_the_engine(typed: str, asked: tuple[object, ...]) -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.pause()
        stage.bench.prompt.put(typed)
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert asked in stage.port.asked


async def test_an_unknown_command_is_not_sent_and_the_nearest_is_named() -> None:
    stage = Stage()
    async with stage.app.run_test(notifications=True) as pilot:
        stage.bench.prompt.put("/usag")
        await pilot.press("escape", "enter")
        await pilot.pause()
        await pilot.pause()
        assert "Did you mean /usage?" in screen_text(stage.app)
        assert stage.port.wanted("submit") == []


async def test_a_path_at_the_start_is_a_message_and_no_command() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.pause()
        stage.bench.prompt.put("/etc/hosts is wrong")
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("/etc/hosts is wrong", "prompt")]


async def test_help_names_every_command_and_every_key() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 60)) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(stage.app.screen, Page)
        text = stage.app.screen.query_one(LineView).text
        assert all(f"/{command.name}" in text for command in COMMANDS)
        keys = [key for _, section in SECTIONS for key in section]
        assert all(stage.app.keymap.label(key) in text and key.words in text for key in keys)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(stage.app.screen, Workbench)


async def test_every_key_of_the_table_has_an_action_that_exists() -> None:
    bench = (*SCREEN_KEYS, *PANE_KEYS, *APPROVAL_KEYS)
    for keys, owner in ((APP_KEYS, AlloyApp), (bench, Workbench)):
        for key in keys:
            assert hasattr(owner, f"action_{key.action.partition('(')[0]}"), key


def test_every_command_of_the_table_does_something() -> None:
    assert frozenset(command.name for command in COMMANDS) == DEED_NAMES


async def test_usage_shows_what_is_known_and_says_what_is_not() -> None:
    stage = Stage()
    used = TokenUsage(input=1200, output=34)
    stage.port.totals = UsageView(used, {"a/b": used, "c/d": used}, None, 5000, 200_000)
    async with stage.app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        stage.bench.action_command("usage")
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(stage.app)
        assert "1,200" in shown
        assert "unknown" in shown
        assert "a/b" in shown


async def test_history_lists_the_conversation() -> None:
    stage = Stage()
    stage.port.messages = (user("why?"), assistant("because [b]x[/b]"))
    async with stage.app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        stage.bench.action_command("history")
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(stage.app)
        assert "why?" in shown
        assert "because [b]x[/b]" in shown


async def test_the_model_picker_narrows_and_its_choice_goes_to_the_engine() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.press("ctrl+l")
        await pilot.pause()
        assert isinstance(stage.app.screen, ModelPicker)
        await stage.type(pilot, "opus")
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("set_model") == [("anthropic/claude-opus-5",)]
        assert stage.bench.prompt.has_focus


async def test_a_model_that_is_not_listed_can_be_typed_and_escape_chooses_none() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.press("ctrl+l")
        await pilot.pause()
        stage.app.screen.query_one(Input).value = "compat/zzz"
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("ctrl+l", "escape")
        await pilot.pause()
        assert stage.port.wanted("set_model") == [("compat/zzz",)]


async def test_the_theme_changes_live() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await scenes.asked(stage, pilot)
        dark = stage.bench.status.styles.background
        stage.app.use_theme("light")
        await pilot.pause()
        assert stage.bench.status.styles.background != dark


async def test_copy_takes_the_last_answer() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started(), fd.run("x"), fd.turn(), ev.TextDelta("42"))
        await stage.play(pilot, fd.done("42"))
        stage.bench.copy_answer()
        await stage.app.workers.wait_for_complete()
        assert stage.app.clipboard == "42"


async def test_the_demo_is_labelled() -> None:
    stage = Stage(choice=scenes.DEMO)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        assert "DEMO" in screen_text(stage.app)
