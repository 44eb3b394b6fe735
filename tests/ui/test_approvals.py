"""The approval bar: seen whole, answered on purpose, never by accident."""

from __future__ import annotations

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.ui.lines import Change, LineItem
from alloy_tui.ui.previewing import preview
from alloy_tui.ui.widgets.approval_bar import ARMING_S
from alloy_tui.ui.widgets.line_view import LineView
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


def shown(items: list[LineItem]) -> str:
    """All the words of a preview."""
    return "\n".join(item.diff if isinstance(item, Change) else item[1] for item in items)


async def test_a_letter_answers_the_approval_on_show_and_the_prompt_keeps_the_focus() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press("y")
        await stage.port.until("answer")
        assert stage.port.wanted("answer") == [("a1", "once", None)]
        assert stage.bench.prompt.has_focus
        assert stage.bench.prompt.text == ""


@pytest.mark.parametrize(
    ("key", "decision"), [("s", "session"), ("a", "always"), ("n", "deny"), ("alt+y", "once")]
)
async def test_every_key_gives_its_answer(key: str, decision: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press(key, "enter")
        await pilot.pause()
        assert stage.port.wanted("answer") == [("a1", decision, None)]


async def test_a_letter_within_the_arming_time_is_text_and_no_answer() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        await stage.play(pilot, fd.ask("a1", "1", "bash", command="rm -rf /"))
        stage.monotonic_s += ARMING_S - 0.01
        await pilot.press("y", "alt+y")
        await pilot.pause()
        assert stage.port.wanted("answer") == []
        assert stage.bench.prompt.text == "y"


async def test_the_next_approval_arms_anew_after_the_first_was_answered() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press("y", "enter")
        await stage.play(pilot, ev.ApprovalAnswered("a1", "once", "user"))
        await pilot.press("alt+y")
        await pilot.pause()
        assert stage.port.wanted("answer") == [("a1", "once", None)]
        stage.monotonic_s += ARMING_S + 0.01
        await pilot.press("alt+y")
        await pilot.pause()
        assert stage.port.wanted("answer")[1:] == [("a2", "once", None)]


async def test_letters_of_a_message_being_typed_never_answer() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        await stage.type(pilot, "ma")
        await stage.play(pilot, fd.ask("a1", "1", "bash", command="ls"))
        stage.monotonic_s += 5
        await stage.type(pilot, "yes any")
        assert stage.bench.prompt.text == "mayes any"
        assert stage.port.wanted("answer") == []


async def test_the_first_letter_of_a_message_is_never_an_answer() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await stage.type(pilot, "also check refunds")
        stage.bench.prompt.settle_letter()
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("answer") == []
        assert stage.port.wanted("submit") == [("also check refunds", "steer")]


async def test_a_letter_typed_for_one_approval_never_answers_the_next_one() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press("y")
        await stage.play(pilot, ev.ApprovalAnswered("a1", "deny", "policy"))
        stage.bench.prompt.settle_letter()
        await pilot.pause()
        assert stage.port.wanted("answer") == []


async def test_a_letter_right_after_the_prompt_was_emptied_by_hand_is_not_an_answer() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press("x", "backspace", "y")
        assert stage.bench.prompt.text == "y"
        assert stage.port.wanted("answer") == []


async def test_alt_answers_whatever_stands_in_the_prompt_and_leaves_it_there() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await stage.type(pilot, "half typed")
        assert "Alt+n deny" in screen_text(stage.app)
        await pilot.press("alt+n")
        await pilot.pause()
        assert stage.port.wanted("answer") == [("a1", "deny", None)]
        assert stage.bench.prompt.text == "half typed"


async def test_a_denial_with_a_reason_borrows_the_prompt_and_gives_the_draft_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await stage.type(pilot, "my draft")
        await pilot.press("alt+e")
        await pilot.pause()
        assert stage.bench.prompt.text == ""
        await stage.type(pilot, "never force")
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("answer") == [("a1", "deny", "never force")]
        assert stage.port.wanted("submit") == []
        assert stage.bench.prompt.text == "my draft"


async def test_escape_leaves_the_reason_and_neither_denies_nor_cancels() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press("e", "enter")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert stage.port.wanted("answer") == []
        assert stage.port.wanted("cancel") == []


async def test_a_reason_whose_approval_is_gone_gives_the_draft_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await stage.type(pilot, "draft")
        await pilot.press("alt+e")
        await pilot.pause()
        await stage.play(pilot, fd.done(status="cancelled"))
        assert stage.bench.prompt.text == "draft"
        assert stage.bench.prompt.reason_for is None


async def test_a_click_on_an_answer_gives_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.click("#approval-keys", offset=(4, 0))
        await pilot.pause()
        assert stage.port.wanted("answer") == [("a1", "once", None)]


async def test_the_bar_says_who_what_why_and_how_many_wait() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        shown = screen_text(stage.app)
        for words in (
            "bash wants to run",
            "git push --force origin main",
            "not covered by a rule",
            "1 of 2 waiting",
            "always “git push”",
            "2 need you",
        ):
            assert words in shown


async def test_the_bar_goes_only_when_the_engine_says_so() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await pilot.press("y", "enter")
        await pilot.pause()
        assert stage.bench.composer.approval.display
        await stage.play(
            pilot,
            ev.ApprovalAnswered("a1", "once", "user"),
            ev.ApprovalAnswered("a2", "deny", "policy"),
        )
        assert not stage.bench.composer.approval.display


async def test_all_of_a_long_command_can_be_read_by_keys_alone() -> None:
    """D opens, the keys scroll, d or Esc goes back to the prompt; nothing is answered by that."""
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        command = "\n".join(f"echo line {n}" for n in range(60))
        await stage.play(pilot, fd.started(), fd.run("x"), fd.turn())
        await stage.play(pilot, fd.ask("a1", "1", "bash", command=command))
        await stage.wait(pilot, 1)
        bar = stage.bench.composer.approval
        await pilot.pause()
        small = bar.lines.size.height
        assert f"details, {60 - small} more rows" in screen_text(stage.app)
        for way in ("alt+d", "d"):
            await stage.wait(pilot, 1)
            await pilot.press(way)
            if way == "d":
                await stage.wait(pilot, 1)
                stage.bench.prompt.settle_letter()
            await pilot.pause()
            await pilot.pause()
            assert bar.lines.has_focus
            assert bar.lines.size.height > small
            await pilot.press("pagedown", "pagedown", "end")
            await pilot.pause()
            assert "echo line 59" in screen_text(stage.app)
            await pilot.press("escape" if way == "d" else "d")
            await pilot.pause()
            assert stage.app.focused is stage.bench.prompt
            assert not bar.details
        assert stage.port.wanted("answer") == []
        await pilot.press("alt+d", "alt+n")
        await pilot.pause()
        assert len(stage.port.wanted("answer")) == 1


async def test_d_alone_is_a_letter_when_there_is_nothing_more_to_see() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        await stage.wait(pilot, 1)
        await pilot.press("d")
        assert stage.bench.prompt.text == "d"
        assert stage.bench.composer.approval.offered == ""


def test_a_preview_spells_out_hidden_characters_and_counts_them() -> None:
    request = fd.ask("a1", "1", "bash", command="ls \u202e\u200b\x1b[31m")
    items, hidden = preview(request)
    text = shown(items)
    assert hidden == 3
    assert "\u202e" not in text
    assert "\\u{202e}" in text
    assert "\\x1b" in text


def test_a_preview_of_an_edit_is_its_diff_and_of_a_command_all_of_it() -> None:
    edit = fd.ask("a1", "1", "edit", path="a.py", old_string="x = 1", new_string="x = 2")
    change = preview(edit)[0][-1]
    assert isinstance(change, Change)
    assert change.diff.split("\n")[1:] == ["-x = 1", "+x = 2"]
    command = "\n".join(f"echo {n}" for n in range(50))
    items, _ = preview(fd.ask("a1", "1", "bash", command=command))
    assert shown(items).split("\n")[-1] == "echo 49"


async def test_every_replacement_of_one_call_is_drawn_with_its_own_words_marked() -> None:
    """A new piece before a changed one, and a line too long to be drawn: nothing is left out."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started(), fd.run("x"), fd.turn())
        edits = [
            {"old_string": "", "new_string": "brand = new"},
            {"old_string": "total = 1", "new_string": "total = 22"},
        ]
        await stage.play(pilot, fd.ask("a1", "1", "edit", path="a.py", edits=edits))
        await pilot.pause()
        view = stage.bench.query_one("#approval-what", LineView)
        assert view.drawn
        shown_now = screen_text(stage.app)
        assert "+brand = new" in shown_now
        assert "-total = 1" in shown_now
        strip = view.render_line(view.row_count - 1)
        looks = {seg.text.strip(): seg.style and seg.style.bgcolor for seg in strip}
        assert looks["22"] != looks["total"]
        long = "y" * 5000 + "END"
        await stage.play(pilot, ev.ApprovalAnswered("a1", "deny", "user"))
        await stage.play(pilot, fd.ask("a2", "2", "write", path="a.py", content=f"x\n{long}"))
        await pilot.pause()
        assert not view.drawn
        assert view.text.endswith("END")


def test_no_argument_of_an_unknown_tool_is_left_out_of_its_preview() -> None:
    items, _ = preview(fd.ask("a1", "1", "deploy", target="prod", flags=["--now"], depth=3))
    text = shown(items)
    assert all(word in text for word in ("prod", "--now", "depth: 3"))
