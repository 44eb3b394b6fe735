"""Conversation and tool pane: what is on show follows the events and the user."""

from __future__ import annotations

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.ui.messages import EngineEvents, TokensArrived
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


async def test_a_flood_of_tokens_reaches_the_screen_as_few_messages() -> None:
    seen: list[object] = []
    stage = Stage()

    def hook(message: object) -> None:
        if isinstance(message, TokensArrived | EngineEvents):
            seen.append(message)

    async with stage.app.run_test(size=(80, 24), message_hook=hook) as pilot:
        await scenes.asked(stage, pilot)
        seen.clear()
        await stage.play(pilot, *[ev.TextDelta(f"w{n} ") for n in range(300)])
        tokens = [m for m in seen if isinstance(m, TokensArrived)]
        assert len(tokens) == 1
        assert tokens[0].text.startswith("w0 w1 ")
        assert "w299" in screen_text(stage.app)


async def test_the_side_pane_opens_with_the_first_call_and_shows_its_output_as_it_comes() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        assert not stage.bench.work.tool_pane.display
        await scenes.two_tools(stage, pilot)
        pane = stage.bench.work.tool_pane
        assert pane.display
        assert "assert 10.01" in pane.lines.text
        assert "running pytest 12 s" in screen_text(stage.app)


async def test_a_pane_that_the_user_closed_stays_closed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        await pilot.press("ctrl+o")
        await stage.play(
            pilot, *fd.call("9", "bash", command="ls"), fd.tool_started("9", "bash", "ls")
        )
        assert not stage.bench.work.tool_pane.display


async def test_a_click_on_a_tool_call_unfolds_it_and_turns_the_pane_to_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        rows = screen_text(stage.app).split("\n")
        y = next(n for n, row in enumerate(rows) if "read  src/checkout.py" in row)
        await pilot.click(offset=(8, y))
        await pilot.pause()
        pane = stage.bench.work.tool_pane
        assert pane.key is not None
        assert pane.key[2] == "1"
        assert pane.lines.text == "def total"
        assert "▾ read" in screen_text(stage.app)


async def test_a_picked_call_stays_on_show_until_the_next_run() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        await pilot.press("ctrl+up")
        pane = stage.bench.work.tool_pane
        assert pane.key is not None
        assert pane.key[2] == "1"
        more = [*fd.call("3", "bash", command="ls"), fd.tool_started("3", "bash", "ls")]
        await stage.play(pilot, *more)
        assert pane.key[2] == "1"
        await stage.play(pilot, fd.done(), fd.run("next"), fd.turn(), *more)
        assert pane.key[2] == "3"


async def test_tabs_show_arguments_and_diff_and_the_keys_reach_them() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        pane = stage.bench.work.tool_pane
        assert "-    return round(sum(round" in screen_text(stage.app)
        await pilot.press("alt+2")
        await pilot.pause()
        assert "old_string: a" in pane.lines.text
        await pilot.click("#tool-tabs", offset=(2, 0))
        await pilot.pause()
        assert pane.lines.text == "Edited src/checkout.py."


async def test_calls_with_the_same_id_in_two_turns_are_two_calls() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        for text in ("first", "second"):
            await stage.play(
                pilot,
                *fd.call("call_0", "bash", command=text),
                fd.tool_started("call_0", "bash", text, command=text),
                fd.tool_done("call_0", "bash", f"{text} result"),
                fd.turn(),
            )
        assert len(stage.bench.work.records) == 2
        shown = screen_text(stage.app)
        assert "bash  first" in shown
        assert "bash  second" in shown


async def test_below_100_columns_the_pane_covers_the_conversation_and_escape_uncovers_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await scenes.two_tools(stage, pilot)
        assert not stage.bench.work.tool_pane.display
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert scenes.QUESTION not in screen_text(stage.app)
        await pilot.press("escape")
        await pilot.pause()
        assert scenes.QUESTION in screen_text(stage.app)
        assert stage.port.wanted("cancel") == []


async def test_a_pane_that_opened_by_itself_goes_when_the_screen_gets_narrow() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        pane = stage.bench.work.tool_pane
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not pane.display
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert pane.display


async def test_foreign_text_is_no_markup_and_no_escape_sequence() -> None:
    stage = Stage()
    evil = "[red]x[/red] [@click=app.exit]go[/] \x1b]0;owned\x07\u202e"
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(
            pilot,
            fd.started(evil),
            fd.run(evil, evil),
            fd.turn(evil),
            ev.TextDelta(evil),
            *fd.call("1", evil, command=evil, path=evil),
            fd.tool_started("1", evil, evil, command=evil),
            ev.ToolOutput("1", evil),
            fd.ask("a1", "2", evil, rule=evil, command=evil),
            ev.Notice("error", evil),
            ev.RetryScheduled(1, 4, 5.0, ev.ErrorInfo(kind=evil, message=evil)),
        )
        await stage.play(pilot, ev.Queued("steer", 1, evil), rid="q1")
        shown = screen_text(stage.app)
        assert "[red]x[/red]" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "owned" not in shown.replace("\\x1b]0;owned\\x07", "")


async def test_an_answer_that_was_cut_says_so_and_keeps_its_text() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await scenes.cancelled(stage, pilot)
        shown = screen_text(stage.app)
        assert "is applied before the" in shown
        assert "incomplete: stopped by you" in shown


async def test_a_queued_request_that_is_cancelled_does_not_end_the_running_answer() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await scenes.asked(stage, pilot)
        await stage.play(pilot, ev.TextDelta("one "))
        await stage.play(pilot, ev.Queued("prompt", 1, "x"), rid="q1")
        running = stage.feed.request_id, stage.feed.turn
        await stage.play(pilot, fd.done(status="cancelled"), rid="q1")
        stage.feed.request_id, stage.feed.turn = running
        await stage.play(pilot, ev.TextDelta("sentence"))
        assert "one sentence" in screen_text(stage.app)
        assert stage.bench.view.busy


async def test_a_reset_clears_the_conversation_and_the_pane() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        await stage.play(pilot, ev.HistoryReset())
        assert scenes.QUESTION not in screen_text(stage.app)
        assert len(stage.bench.work.records) == 0
        assert stage.bench.work.tool_pane.key is None


@pytest.mark.parametrize("scene", [scenes.approval, scenes.queued, scenes.edited])
async def test_every_width_from_60_to_200_holds_the_screen(scene: scenes.Scene) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(200, 50)) as pilot:
        await scene(stage, pilot)
        for width, height in ((120, 40), (100, 30), (99, 24), (79, 20), (60, 15), (200, 50)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            rows = screen_text(stage.app).split("\n")
            assert len(rows) == height
            assert stage.bench.status.region.bottom == height
            assert stage.bench.prompt.region.height >= 1
            assert stage.bench.prompt.region.right <= width
            assert "❯" in screen_text(stage.app)
