"""Own commands and the queue, from the prompt's side."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import TextBlock
from alloy_tui.runtime.port import OWN_COMMAND
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


async def begun(stage: Stage, pilot: Pilot[Any], command: str = "make") -> None:
    event = ev.ToolStarted("own-1", OWN_COMMAND, {"command": command}, command)
    stage.port.feed(*own(stage, event))
    await stage.port.until_quiet()
    await pilot.pause()


def own(stage: Stage, *events: ev.EngineEvent) -> list[ev.Envelope]:
    return [ev.Envelope(1, 0, "agent", "own-1", 0, stage.feed.now_ms, event) for event in events]


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("!ls -l", ("ls -l", False)),
        ("!!ls -l", ("ls -l", True)),
        ("! ls", ("ls", False)),
        ("!for x in 1 2\ndo echo $x\ndone", ("for x in 1 2\ndo echo $x\ndone", False)),
    ],
)
async def test_an_own_command_is_run_and_not_sent(typed: str, asked: tuple[str, bool]) -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        stage.bench.prompt.put(typed)
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("run_command") == [asked]
        assert stage.port.wanted("submit") == []


@pytest.mark.parametrize("typed", ["!", "!!", " !ls", "wow!"])
async def test_what_only_looks_like_a_command_is_a_message(typed: str) -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        stage.bench.prompt.put(typed)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [(typed.strip(), "prompt")]


async def test_an_own_command_is_a_card_of_the_users_with_its_output() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started())
        await begun(stage, pilot)
        assert stage.bench.ticking
        stage.port.feed(*own(stage, ev.ToolOutput("own-1", "compiling\n")))
        await stage.port.until_quiet()
        await pilot.pause()
        shown = screen_text(stage.app)
        assert "you" in shown
        assert "compiling" in shown
        done = ev.ToolFinished("own-1", OWN_COMMAND, False, (TextBlock("compiling"),))
        stage.port.feed(*own(stage, done))
        await stage.port.until_quiet()
        await pilot.pause()
        assert not stage.bench.ticking


async def test_escape_ends_the_own_command() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        await begun(stage, pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.port.wanted("stop_command") == [("own-1",)]
        assert stage.port.wanted("cancel") == []


async def test_escape_stops_what_began_last() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        await begun(stage, pilot)
        await stage.play(pilot, fd.run("x"), fd.turn(), at=5_000)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.port.wanted("stop_command") == []
        assert len(stage.port.wanted("cancel")) == 1


async def test_an_own_command_does_not_break_a_running_answer_in_two() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await stage.play(pilot, fd.started(), fd.run("x"), fd.turn(), ev.TextDelta("one "))
        await begun(stage, pilot)
        await stage.play(pilot, ev.TextDelta("two"))
        assert "one two" in screen_text(stage.app)


async def test_alt_up_takes_the_last_waiting_message_back_with_its_labels() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        prompt = stage.bench.prompt
        prompt.insert_pasted("x\n" * 50)
        await pilot.press("enter")
        await pilot.pause()
        queued = ev.Queued("steer", 1, "x\n" * 50)
        await stage.play(pilot, queued, rid="s1")
        await pilot.press("alt+up")
        await pilot.pause()
        assert stage.port.wanted("withdraw") == [("s1",)]
        await stage.play(pilot, ev.Dequeued("steer", "withdrawn"), rid="s1")
        assert prompt.text == "[pasted 50 lines]"


async def test_the_queue_is_moved_relabelled_and_dropped_by_keys() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await stage.play(pilot, ev.Queued("follow_up", 2, "and tell Bob"), rid="q3")
        await pilot.press("alt+down")
        assert stage.bench.composer.queue.has_focus
        await pilot.press("shift+up", "shift+down", "tab", "delete", "escape")
        await pilot.pause()
        assert stage.port.wanted("move") == [("q3", "follow_up", 1), ("q3", "steer", 2)]
        assert stage.port.wanted("cancel") == [("q3",)]
        assert stage.bench.prompt.has_focus
        assert stage.bench.prompt.text == "and this is half typed"


async def test_a_moved_message_is_shown_in_its_new_place() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await stage.play(pilot, ev.Queued("follow_up", 2, "and tell Bob"), rid="q3")
        await stage.play(pilot, ev.Queued("follow_up", 1, "and tell Bob"), rid="q3")
        assert [w.request_id for w in stage.bench.view.queue] == ["q1", "q3", "q2"]
        await stage.play(pilot, ev.Queued("steer", 1, "and tell Bob"), rid="q3")
        assert [w.request_id for w in stage.bench.view.queue] == ["q3", "q1", "q2"]


async def test_a_click_drops_a_message_and_another_changes_its_label() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.queued(stage, pilot)
        await pilot.click("#queue", offset=(118, 0))
        await pilot.click("#queue", offset=(3, 1))
        await pilot.pause()
        assert stage.port.wanted("cancel") == [("q1",)]
        assert stage.port.wanted("move") == [("q2", "steer", 2)]


async def test_alt_y_edits_while_nothing_asks_and_answers_when_something_does() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        prompt = stage.bench.prompt
        prompt.put("one two")
        await pilot.press("ctrl+w", "left", "right", "ctrl+u", "ctrl+y", "alt+y")
        assert prompt.text == "two"
        assert stage.port.wanted("answer") == []


def unstored(turns: int) -> ev.RunFinished:
    """A run that ended because the disk was full."""
    error = ev.ErrorInfo("not_stored", "The disk is full.", "Nothing was sent.", None, "full")
    return msgspec.structs.replace(fd.done(status="error", error=error), turns=turns)


async def test_a_message_that_could_not_be_stored_is_in_the_prompt_again_beside_the_draft() -> None:
    """With its labels, and with words."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started())
        prompt = stage.bench.prompt
        prompt.insert_pasted("x\n" * 50)
        await pilot.press("enter")
        await pilot.pause()
        await stage.play(pilot, fd.run("x\n" * 50), rid="s1")
        prompt.put("meanwhile")
        await stage.play(pilot, unstored(turns=0), rid="s1")
        assert prompt.text == "meanwhile\n[pasted 50 lines]"
        assert prompt.draft.whole == "meanwhile\n" + "x\n" * 50
        shown = " ".join(screen_text(stage.app).split())
        assert "The disk is full. Nothing was sent. Your message is in the prompt again." in shown
        assert "/retry" not in shown


async def test_a_message_sent_again_by_retry_that_could_not_be_stored_is_in_the_prompt() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started(), fd.run("why?"), unstored(turns=0), rid="elsewhere")
        assert stage.bench.prompt.text == "why?"


async def test_a_run_that_could_not_be_stored_later_on_keeps_its_message() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started(), fd.run("why?"), fd.turn(), unstored(1), rid="s1")
        assert stage.bench.prompt.text == ""
        assert "/retry sends it again." in screen_text(stage.app)
