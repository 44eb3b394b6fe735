"""The tool pane: its five tabs, searching in it, all of a long output, and its width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from alloy_tui.domain import events as ev
from alloy_tui.ui.panes import side
from alloy_tui.ui.panes.side import LEAST_CHAT, LEAST_SIDE, SideArea, SidePanel, Splitter
from alloy_tui.ui.panes.tool_faces import output_lines, progress_of, raw_lines, timing_lines
from alloy_tui.ui.tool_view import ToolRecord
from tests.support import feed as fd
from tests.support import scenes
from tests.support.feed import Feed
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


def record_of(*events: ev.EngineEvent, printed: str = "", at: tuple[int, ...] = ()) -> ToolRecord:
    record = ToolRecord("1", "bash")
    feed = Feed()
    for number, event in enumerate(events):
        if at:
            feed.at(at[number])
        if printed and isinstance(event, ev.ToolFinished):
            record.take_output(printed)
        record.take(event, feed.now_ms)
    return record


RAN = fd.tool_started("1", "bash", "make", command="make")


@pytest.mark.parametrize(
    "printed", ["one\ntwo\n", "one  \ntwo", "\x1b[31mone\x1b[0m\ntwo\n", "one\r\ntwo\r\n"]
)
def test_output_that_the_model_was_given_too_is_shown_once(printed: str) -> None:
    record = record_of(RAN, fd.tool_done("1", "bash", "one\ntwo\nexit code: 0"), printed=printed)
    assert [text for _, text in output_lines(record)] == ["one", "two", "exit code: 0"]


def test_a_result_that_was_not_shortened_stands_for_what_was_painted_over() -> None:
    done = fd.tool_done("1", "bash", "100 %\nexit code: 0", details={"truncated": False})
    record = record_of(RAN, done, printed="10 %\r50 %\r100 %\n")
    assert [text for _, text in output_lines(record)] == ["100 %", "exit code: 0"]


def test_of_a_shortened_result_only_its_end_is_shown_and_raw_has_the_rest() -> None:
    given = "1\n[… 90 of 100 characters left out …]\n100\nexit code: 1"
    printed = "\n".join(str(n) for n in range(1, 101))
    record = record_of(RAN, fd.tool_done("1", "bash", given, is_error=True), printed=printed)
    lines = [text for _, text in output_lines(record)]
    assert lines[:100] == printed.split("\n")
    assert lines[100:] == [
        "",
        "exit code: 1",
        "The model was given 4 lines of its own: Raw has them.",
    ]
    assert "[… 90 of 100 characters left out …]" in [text for _, text in raw_lines(record)]


def test_timing_tells_waiting_from_working() -> None:
    record = record_of(
        ev.ToolCallReady("1", "bash", {"command": "make"}),
        fd.ask("a1", "1", "bash", command="make"),
        RAN,
        fd.tool_done("1", "bash", "ok", ms=1500),
        at=(1000, 2000, 65_000, 66_500),
    )
    text = "\n".join(line for _, line in timing_lines(record, 0))
    assert "waited for you        1 m 03" in text
    assert "took                  1 s" in text


def test_a_call_that_never_ran_says_so() -> None:
    denied = fd.tool_done("1", "bash", "Denied.", is_error=True, started=False)
    record = record_of(fd.ask("a1", "1", "bash", command="make"), denied)
    assert ("plain", f"{'begun':<22}never") in timing_lines(record, 0)


@pytest.mark.parametrize(
    ("details", "state"),
    [({"denied": "user"}, "denied"), ({"skipped": "halted"}, "cancelled"), (None, "cancelled")],
)
def test_why_a_call_did_not_run_is_the_engines_word(
    details: dict[str, Any] | None, state: str
) -> None:
    ended = fd.tool_done("1", "bash", "no", is_error=True, started=False, details=details)
    assert record_of(ev.ToolCallReady("1", "bash", {}), ended).state == state


@pytest.mark.parametrize(
    ("printed", "share"),
    [
        ("....  [ 38%]\n", "38 %"),
        ("10 %\n50 %\n", "50 %"),
        ("99.5%", "99 %"),
        ("no\n", ""),
        ("900 %", ""),
    ],
)
def test_a_share_of_a_hundred_at_the_end_of_the_output_is_progress(
    printed: str, share: str
) -> None:
    record = record_of(RAN)
    record.take_output(printed)
    assert progress_of(record) == share


async def test_every_tab_has_its_key_and_its_click() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        pane = stage.bench.work.tool_pane
        for key, words in (
            ("alt+1", "Edited src/checkout.py."),
            ("alt+2", "old_string: a"),
            ("alt+3", "return round(sum(xs), 2)"),
            ("alt+4", "Result, as the model was given it"),
            ("alt+5", "took"),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert words in pane.lines.text
        for number, name in enumerate(("Output", "Args", "Diff", "Raw", "Timing")):
            head = screen_text(stage.app).split("\n")[1]
            await pilot.click(offset=(head.index(name) + 1, 1))
            await pilot.pause()
            assert pane.tab == number


async def two_calls(stage: Stage, pilot: Pilot[Any]) -> None:
    await scenes.two_tools(stage, pilot)
    out = "".join(f"row {n} of the output\n" for n in range(200))
    await stage.play(pilot, ev.ToolOutput("2", out))


async def test_searching_marks_counts_and_goes_to_every_place() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await two_calls(stage, pilot)
        pane = stage.bench.work.tool_pane
        pane.lines.focus()
        await pilot.press("slash")
        await stage.type(pilot, "row 19")
        await pilot.pause()
        # 19 and 190 to 199.
        assert pane.lines.found[1] == 11
        assert "of 11" in screen_text(stage.app)
        first = pane.lines.found[0]
        await pilot.press("enter")
        assert pane.lines.found[0] == first % 11 + 1
        await pilot.press("shift+enter")
        assert pane.lines.found[0] == first
        await pilot.press("escape")
        await pilot.pause()
        assert pane.lines.found == (0, 0)
        assert pane.lines.has_focus
        assert stage.bench.prompt.text == ""


async def test_n_goes_on_once_the_lines_are_read_and_what_is_not_there_is_said() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await two_calls(stage, pilot)
        pane = stage.bench.work.tool_pane
        await pilot.press("f6", "f6", "ctrl+f")
        await stage.type(pilot, "row 5")
        pane.lines.focus()
        at = pane.lines.found[0]
        await pilot.press("n")
        assert pane.lines.found[0] != at
        await pilot.press("N")
        assert pane.lines.found[0] == at
        pane.find.open()
        await stage.type(pilot, "zzz")
        await pilot.pause()
        assert "nothing" in screen_text(stage.app)


async def test_matches_in_output_that_comes_later_are_counted_too() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await two_calls(stage, pilot)
        pane = stage.bench.work.tool_pane
        pane.find.open()
        await stage.type(pilot, "needle")
        await stage.play(pilot, ev.ToolOutput("2", "a needle\nand a Needle\n"))
        assert pane.lines.found[1] == 2


async def test_all_of_a_long_output_opens_from_its_file_and_is_sanitised(tmp_path: Path) -> None:
    whole = tmp_path / "whole.txt"
    whole.write_text("".join(f"line {n}\n" for n in range(5000)) + "\x1b]0;owned\x07end\n")
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        details = {"spill_path": str(whole), "truncated": True}
        await stage.play(pilot, fd.tool_done("2", "bash", "short", details=details))
        assert "open all" in screen_text(stage.app)
        await pilot.press("alt+o")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        text = stage.bench.work.tool_pane.lines.text
        assert "line 4999\nend" in text
        assert "line 0\n" in text
        assert "all of it" in text.split("\n")[0]


async def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        details = {"spill_path": str(tmp_path / "gone"), "truncated": True}
        await stage.play(pilot, fd.tool_done("2", "bash", "short", details=details))
        await pilot.press("alt+o")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        assert "cannot be read" in stage.bench.work.tool_pane.lines.text


async def test_the_edge_moves_by_mouse_and_by_key_and_leaves_room_for_both_sides() -> None:
    moved: list[object] = []

    def hook(message: object) -> None:
        if isinstance(message, Splitter.Moved):
            moved.append(message)

    stage = Stage()
    async with stage.app.run_test(size=(120, 40), message_hook=hook) as pilot:
        await scenes.two_tools(stage, pilot)
        area = stage.bench.query_one(SideArea)
        edge = stage.bench.query_one(Splitter)
        before = area.size.width
        await pilot.press("alt+h")
        await pilot.pause()
        assert area.size.width == before + 4
        await pilot.press("alt+l")
        await pilot.pause()
        assert area.size.width == before
        await pilot.mouse_down(edge, offset=(0, 10))
        await pilot.hover(offset=(50, 10))
        await pilot.mouse_up(offset=(50, 10))
        await pilot.pause()
        assert moved
        assert area.region.x == 50
        await pilot.mouse_down(edge, offset=(0, 10))
        await pilot.hover(offset=(2, 10))
        await pilot.mouse_up(offset=(118, 10))
        await pilot.pause()
        assert area.size.width in {120 - LEAST_CHAT, LEAST_SIDE}
        assert not edge.dragged


async def test_a_chosen_width_comes_back_after_a_narrow_screen() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        await pilot.press("alt+h")
        await pilot.pause()
        area = stage.bench.query_one(SideArea)
        width = area.size.width
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not area.display
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert area.size.width == width


async def test_the_pane_takes_the_whole_width_and_gives_it_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        area = stage.bench.query_one(SideArea)
        before = area.size.width
        await pilot.press("alt+m")
        await pilot.pause()
        assert area.size.width == 120
        assert scenes.QUESTION not in screen_text(stage.app)
        await pilot.press("alt+m")
        await pilot.pause()
        assert area.size.width == before
        await pilot.press("alt+m", "escape")
        await pilot.pause()
        assert scenes.QUESTION in screen_text(stage.app)
        assert stage.port.wanted("cancel") == []


async def test_a_panel_of_the_seam_opens_in_the_same_place_and_tool_output_comes_back() -> None:
    panel = SidePanel("trial", "the session as a tree", lambda: Static("roots", id="trial"))
    side.register(panel)
    try:
        stage = Stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await scenes.two_tools(stage, pilot)
            stage.bench.action_show_panel("trial")
            await pilot.pause()
            assert "roots" in screen_text(stage.app)
            assert not stage.bench.work.tool_pane.display
            await pilot.press("alt+2")
            await pilot.pause()
            assert "roots" not in screen_text(stage.app)
            assert stage.bench.work.tool_pane.display
            stage.bench.action_show_panel("trial")
            stage.bench.action_show_panel("trial")
            await pilot.pause()
            assert not stage.bench.work.side.display
    finally:
        del side.SIDE_PANELS["trial"]


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_on_a_small_screen_the_pane_covers_and_every_tab_is_in_reach(
    size: tuple[int, int],
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await scenes.two_tools(stage, pilot)
        await pilot.press("ctrl+o")
        await pilot.pause()
        shown = screen_text(stage.app)
        assert all(name in shown for name in ("Output", "Args", "Diff", "Raw", "Timing"))
        assert "assert 10.01" in shown
        await pilot.press("alt+5")
        await pilot.pause()
        assert "and goes on" in screen_text(stage.app)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.bench.prompt.has_focus
