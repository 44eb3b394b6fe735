"""Title, bell and notification: said once, clean, and only while nobody looks."""

from __future__ import annotations

import re

import pytest
from textual import events

from alloy_tui.domain import events as ev
from alloy_tui.runtime.agent_view import AgentView, PendingApproval
from alloy_tui.ui.attention import Attention, call_of, title_of
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio


def watched(stage: Stage, how: str = "both") -> list[str]:
    """What the stage's app writes to its terminal from now on."""
    sent: list[str] = []
    stage.app.attention = Attention(sent.append, "/home/ada/src/shop")
    stage.app.attention.how = how
    return sent


async def test_the_title_says_the_state_first_and_is_written_only_when_it_changes() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        sent = watched(stage)
        await stage.play(pilot, fd.started())
        await scenes.asked(stage, pilot)
        await stage.play(pilot, *[ev.TextDelta("x")] * 50)
        await stage.play(pilot, fd.done("x"))
        titles = [s for s in sent if s.startswith("\x1b]2;")]
        assert titles == [
            "\x1b]2;shop · alloy\x1b\\",
            "\x1b]2;working · shop · alloy\x1b\\",
            "\x1b]2;done · shop · alloy\x1b\\",
        ]


async def test_a_question_calls_only_while_nobody_looks() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        sent = watched(stage)
        await scenes.asked(stage, pilot)
        await stage.play(pilot, fd.ask("a1", "1", "bash", command="ls"))
        assert "\x07" not in sent
        await stage.play(pilot, ev.ApprovalAnswered("a1", "once", "user"))
        stage.app.post_message(events.AppBlur())
        await pilot.pause()
        await stage.play(pilot, fd.ask("a2", "2", "bash", command="ls"))
        assert sent.count("\x07") == 1
        assert "\x1b]9;Alloy needs you: bash wants to run\x1b\\" in sent
        stage.app.post_message(events.AppFocus())
        await pilot.pause()
        await stage.play(pilot, ev.ApprovalAnswered("a2", "once", "user"), fd.done("x"))
        assert sent.count("\x07") == 1


@pytest.mark.parametrize(
    ("how", "bells", "notes"), [("off", 0, 0), ("bell", 1, 0), ("desktop", 0, 1), ("both", 1, 1)]
)
async def test_the_way_of_calling_is_the_one_that_was_chosen(
    how: str, bells: int, notes: int
) -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        sent = watched(stage, how)
        stage.app.attention.focused = False
        await scenes.asked(stage, pilot)
        await stage.play(pilot, fd.done("x"))
        assert sent.count("\x07") == bells
        assert len([s for s in sent if s.startswith("\x1b]9;")]) == notes


def test_what_others_wrote_cannot_get_out_of_a_title_or_a_notification() -> None:
    sent: list[str] = []
    attention = Attention(sent.append, "/tmp/evil\x1b]0;owned\x07\u202e;4;1")
    attention.follow(AgentView())
    attention.call("x\x07\x1b\\\x9c;y")
    for sequence in sent:
        inner = sequence.removeprefix("\x1b]2;").removeprefix("\x1b]9;").removesuffix("\x1b\\")
        assert not re.search("[\x00-\x06\x08-\x1f\x7f-\x9f\u202e;]", inner), repr(sequence)
    assert "owned" not in title_of(AgentView(), "/tmp/a\x1b]0;owned\x07b")


def test_the_terminal_gets_its_own_title_back() -> None:
    sent: list[str] = []
    attention = Attention(sent.append, "/x")
    attention.begin()
    attention.end()
    assert sent == ["\x1b[22;0t", "\x1b[23;0t"]


async def test_a_budget_that_is_used_up_is_no_tool_that_wants_to_run() -> None:
    """Whoever is called back reads what it is about."""
    pending = PendingApproval(ev.ApprovalRequested("1", "c", "budget", {}, ""), "agent", "r", 0)
    view = AgentView(state="waiting_approval", approvals=(pending,))
    assert call_of(view) == "Alloy needs you: the next request would go beyond the budget"
