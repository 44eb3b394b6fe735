"""The prompt: sending, lines, history, commands, interrupting, and what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from alloy_tui.domain import events as ev
from alloy_tui.ui.history import PromptHistory
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


async def test_enter_sends_and_empties_the_prompt() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        await stage.type(pilot, "hello there")
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("hello there", "prompt")]
        assert stage.bench.prompt.text == ""


async def test_ctrl_j_and_shift_enter_make_lines_and_send_nothing() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c")
        assert stage.bench.prompt.text == "a\nb\nc"
        assert stage.port.wanted("submit") == []
        assert stage.bench.prompt.size.height == 3


async def test_while_a_run_is_under_way_enter_steers_and_alt_enter_follows_up() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await scenes.asked(stage, pilot)
        await pilot.press("a", "enter", "b", "alt+enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("a", "steer"), ("b", "follow_up")]


async def test_what_is_sent_before_the_engine_is_ready_is_sent_once_it_runs() -> None:
    stage = Stage()
    stage.bench._started = False
    async with stage.app.run_test() as pilot:
        stage.bench._started = False
        await pilot.press("h", "i", "enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == []
        stage.bench.engine_started()
        assert stage.port.wanted("submit") == [("hi", "prompt")]


async def test_the_first_key_has_the_store_made_ready_and_no_other() -> None:
    """Once is enough, whatever is typed and taken back."""
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        assert stage.port.library.made_ready == 0
        await stage.type(pilot, "hello")
        await pilot.press("ctrl+u", "a")
        await pilot.pause()
        assert stage.port.library.made_ready == 1


async def test_up_and_down_walk_the_history_and_come_back_to_the_draft() -> None:
    history = PromptHistory()
    for text in ("one", "two"):
        history.append(text)
    stage = Stage(history=history)
    async with stage.app.run_test() as pilot:
        prompt = stage.bench.prompt
        await pilot.press("d", "up")
        assert prompt.text == "two"
        await pilot.press("up", "up")
        assert prompt.text == "one"
        await pilot.press("down", "down")
        assert prompt.text == "d"


async def test_up_moves_the_cursor_while_there_is_a_row_above() -> None:
    history = PromptHistory()
    history.append("old")
    stage = Stage(history=history)
    async with stage.app.run_test() as pilot:
        await pilot.press("a", "ctrl+j", "b", "up")
        assert stage.bench.prompt.text == "a\nb"
        await pilot.press("up")
        assert stage.bench.prompt.text == "old"


async def test_a_command_from_the_history_does_not_open_the_completions() -> None:
    history = PromptHistory()
    history.append("hello")
    history.append("/usage")
    stage = Stage(history=history)
    async with stage.app.run_test() as pilot:
        await pilot.press("up")
        await pilot.pause()
        assert stage.bench.prompt.text == "/usage"
        assert not stage.bench.composer.completion.display
        await pilot.press("up")
        assert stage.bench.prompt.text == "hello"


async def test_history_is_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "state" / "prompts.jsonl"
    first = PromptHistory(path)
    first.append("one\ntwo")
    first.append("one\ntwo")
    path.write_bytes(path.read_bytes() + b"broken\n")
    PromptHistory(path).append("three")
    assert PromptHistory(path).entries == ("one\ntwo", "three")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_history_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = PromptHistory(tmp_path / "file" / "prompts.jsonl")
    history.append("hello")
    assert history.entries == ("hello",)


async def test_escape_takes_the_queue_back_before_it_cancels_the_run() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await pilot.press("escape")
        await pilot.pause()
        order = [call for call in stage.port.asked if call[0] in {"withdraw", "cancel"}]
        assert [c[0] for c in order] == ["withdraw", "withdraw", "cancel"]
        assert order[-1][1] == stage.bench.view.request_id


async def test_withdrawn_messages_come_back_into_the_prompt_beside_what_is_typed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await stage.play(pilot, ev.Dequeued("steer", "withdrawn"), rid="q1")
        assert stage.bench.prompt.text == "and this is half typed\nalso check refunds"
        assert [w.request_id for w in stage.bench.view.queue] == ["q2"]


async def test_a_message_that_left_to_run_does_not_come_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await stage.play(pilot, ev.Dequeued("steer", "started"), rid="q1")
        assert stage.bench.prompt.text == "and this is half typed"


async def test_clicking_a_waiting_message_takes_it_back_to_be_edited() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await pilot.click("#queue", offset=(20, 1))
        await pilot.pause()
        assert stage.port.wanted("withdraw") == [("q2",)]


async def test_escape_without_a_run_closes_the_tool_pane() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        assert stage.bench.work.tool_pane.display
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.bench.work.tool_pane.display
        assert stage.port.wanted("cancel") == []


async def test_typing_in_another_pane_goes_to_the_prompt() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        stage.bench.work.tool_pane.lines.focus()
        await pilot.pause()
        await pilot.press("x", "y")
        assert stage.bench.prompt.text == "xy"
        assert stage.bench.prompt.has_focus


async def test_a_paste_keeps_its_lines_and_loses_its_escape_sequences() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        stage.bench.prompt.post_message(events.Paste("a\x1b]0;owned\x07b\nc"))
        await pilot.pause()
        assert stage.bench.prompt.text == "ab\nc"


async def test_slash_offers_commands_and_tab_takes_the_chosen_one() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.press("slash", "m", "o")
        await pilot.pause()
        assert "/model" in screen_text(stage.app)
        await pilot.press("tab")
        await pilot.pause()
        assert stage.bench.prompt.text == "/model "
        assert "anthropic/claude-opus-5" in screen_text(stage.app)
        await stage.type(pilot, "opus")
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("set_model") == [("anthropic/claude-opus-5",)]


async def test_escape_closes_the_completions_first() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        await pilot.press("slash")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.bench.composer.completion.display
        assert stage.port.wanted("cancel") == []


async def test_the_welcome_goes_on_enter_and_blocks_no_typing() -> None:
    stage = Stage(choice=scenes.FIRST_RUN)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "A small local model came with the program." in screen_text(stage.app)
        await pilot.press("enter")
        await pilot.pause()
        assert "came with the program" not in screen_text(stage.app)
        await pilot.press("h")
        assert stage.bench.prompt.text == "h"
