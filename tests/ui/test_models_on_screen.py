"""Thinking level, fallback, countdown, cost and cut answers, as the screen tells of them."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from alloy_tui.domain import events as ev
from alloy_tui.domain.provider import TokenCount
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.model_port import SpentSum, SpentView
from alloy_tui.runtime.port import UsageView
from alloy_tui.ui.panes.chat_words import ending
from alloy_tui.ui.screens.reports import usage_lines
from tests.support import feed as fd
from tests.support import scenes
from tests.support.fake_models import spent_view
from tests.support.stage import Stage, screen_text, words_on

pytestmark = pytest.mark.anyio

SLOW = ev.ErrorInfo(kind="rate_limited", message="too many requests", status=429)
CUT = ev.ErrorInfo(kind="stream_cut", message="The connection broke.")
USED = TokenUsage(input=600, output=100, cache_read=9_400)


def row(stage: Stage, number: int) -> str:
    return screen_text(stage.app).split("\n")[number]


async def test_shift_tab_goes_through_the_levels_that_the_model_knows() -> None:
    stage = Stage()
    stage.port.providers.efforts = ("low", "high")
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await stage.play(pilot, fd.started(scenes.SONNET))
        for _ in range(3):
            await pilot.press("shift+tab")
            await pilot.pause()
        assert stage.port.wanted("set_effort") == [("low",), ("high",), (None,)]
        assert stage.bench.prompt.has_focus


async def test_the_level_stands_beside_the_model_and_goes_with_one_that_does_not_think() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await stage.play(pilot, fd.started(scenes.SONNET))
        stage.bench.action_command("effort")
        await pilot.pause()
        stage.port.providers.effort = "high"
        await stage.play(pilot, ev.AgentConfigured(("effort",)))
        assert f"{scenes.SONNET} · high" in row(stage, 0)
        stage.port.providers.efforts = ()
        await stage.play(pilot, ev.ModelChanged(scenes.SONNET, "openai/gpt-3"))
        assert "high" not in row(stage, 0)


async def test_a_level_may_be_named_and_a_wrong_one_is_answered_with_the_right_ones() -> None:
    stage = Stage()
    async with stage.app.run_test(notifications=True, size=(120, 30)) as pilot:
        await stage.play(pilot, fd.started(scenes.SONNET))
        await stage.type(pilot, "/effort high")
        await pilot.press("escape", "enter")
        await pilot.pause()
        assert stage.port.wanted("set_effort") == [("high",)]
        await stage.type(pilot, "/effort huge")
        await pilot.press("escape", "enter")
        await pilot.pause()
        await pilot.pause()
        assert len(stage.port.wanted("set_effort")) == 1
        assert "none, low, medium, high" in words_on(stage.app)


async def test_a_model_that_does_not_think_is_not_told_how_hard_to() -> None:
    stage = Stage()
    stage.port.providers.efforts = ()
    async with stage.app.run_test(notifications=True, size=(120, 30)) as pilot:
        await pilot.press("shift+tab")
        await pilot.pause()
        await pilot.pause()
        assert not stage.port.wanted("set_effort")
        assert "does not think" in screen_text(stage.app)


async def test_a_retry_counts_down_in_the_status_bar() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await scenes.asked(stage, pilot)
        await stage.play(pilot, ev.RetryScheduled(1, 4, 8.0, SLOW), at=4000)
        assert "rate-limited, again in 8 s" in row(stage, -1)
        await stage.wait(pilot, 3)
        assert "rate-limited, again in 5 s" in row(stage, -1)
        await stage.wait(pilot, 6)
        assert "rate-limited, asking again" in row(stage, -1)


async def test_a_model_that_stands_in_is_shown_with_the_one_it_stands_in_for() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await scenes.asked(stage, pilot)
        await stage.play(pilot, ev.FallbackUsed(scenes.SONNET, "openai/gpt-6", SLOW))
        assert f"openai/gpt-6 for {scenes.SONNET}" in row(stage, 0)
        await stage.play(pilot, fd.done("yes"), fd.run("again", scenes.SONNET))
        assert " for " not in row(stage, 0)


async def test_the_share_of_the_cache_and_a_lower_bound_of_the_cost_are_in_the_status_bar() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 30)) as pilot:
        await scenes.asked(stage, pilot)
        used = ev.UsageUpdated(USED, {scenes.SONNET: USED}, 0.12, 10_000, 100_000)
        await stage.play(pilot, used)
        assert "$0.12   context 10 %   cache 94 %" in row(stage, -1)
        partly = TokenUsage(input=600, output=100, partial=True)
        await stage.play(pilot, ev.UsageUpdated(partly, {}, 0.12))
        assert "≥ $0.12" in row(stage, -1)
        await stage.play(pilot, ev.UsageUpdated(USED, {}, None))
        assert "cost unknown" in row(stage, -1)


async def cut(stage: Stage, pilot) -> None:
    await scenes.asked(stage, pilot)
    await stage.play(
        pilot,
        ev.TextDelta("The first half of"),
        fd.turn_done("", incomplete="stream_cut"),
        ev.RetryScheduled(1, 2, 1.0, CUT, discarded=17),
    )


async def test_an_answer_that_is_asked_for_again_is_marked_as_left_out() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await cut(stage, pilot)
        await stage.play(
            pilot, fd.turn(), ev.TextDelta("A whole answer."), fd.turn_done(), fd.done("A whole")
        )
        shown = screen_text(stage.app)
        assert "The first half of" in shown
        assert "incomplete: the connection broke, left out; it is asked for again" in shown
        assert shown.count("left out;") == 1 + shown.count("thought  incomplete")


async def test_what_was_left_out_counts_after_all_when_nothing_better_came() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await cut(stage, pilot)
        await stage.play(
            pilot,
            fd.turn(),
            fd.turn_done("", incomplete="error"),
            fd.done("The first half of", status="error", error=CUT),
        )
        shown = screen_text(stage.app)
        assert "incomplete: the connection broke" in shown
        assert "left out;" not in shown


def page_of(spent: SpentView, width: int) -> str:
    view = UsageView(spent.session.usage, {}, spent.session.cost, 62_000, 200_000)
    return "\n".join(text for _, text in usage_lines(view, spent, width))


def test_the_usage_page_tells_models_turns_the_day_and_limits() -> None:
    page = page_of(spent_view(), 76)
    assert "claude-sonnet-5" in page
    assert "$0.0421" in page
    assert "≥ $0.24" in page
    assert "unknown" in page
    assert "86 % of what was sent came from the cache." in page
    assert "14 requests" in page
    assert "$0.24 of $2.00" in page
    assert "96 %" in page
    assert "lower bounds" in page


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        (TokenCount(63_000, "exact"), "63.0k tokens of 200k, 32 %, counted by the service"),
        (TokenCount(70_000), "62.0k tokens of 200k, 31 %"),  # what an answer said is better
        (None, "62.0k tokens of 200k, 31 %"),
    ],
)
def test_the_usage_page_tells_how_full_the_window_is_and_who_says_so(
    counted: TokenCount | None, words: str
) -> None:
    page = page_of(msgspec.structs.replace(spent_view(), context=counted), 76)
    assert words in page


def test_the_usage_page_tells_this_life_of_a_session_apart() -> None:
    """Where it is all of the session there is nothing to tell."""
    spent = spent_view()
    assert "since this start" not in page_of(spent, 76)
    view = UsageView(spent.session.usage, {}, spent.session.cost, None, None)
    life = SpentSum(1, TokenUsage(input=1200, output=34), 0.05)
    spent = msgspec.structs.replace(spent, life=life, team=SpentSum(3, life.usage, 0.25))
    lines = [text for _, text in usage_lines(view, spent, 76)]
    (line,) = [text for text in lines if "since this start" in text]
    assert "$0.05" in line
    assert "≥" not in line
    (team,) = [text for text in lines if "its team" in text]
    assert "$0.25" in team
    assert lines.index(line) < next(n for n, text in enumerate(lines) if "Today" in text)


def test_no_line_of_the_usage_page_is_wider_than_the_page() -> None:
    for width in (48, 52, 65, 66, 76, 110):
        for line in page_of(spent_view(), width).split("\n"):
            assert cell_len(line) <= max(width, 80 if "bounds" in line else 0), (width, line)


def test_the_usage_page_of_a_session_without_requests_has_nothing_unknown_in_it() -> None:
    empty = SpentView(SpentSum(cost=0.0), {}, (), SpentSum(cost=0.0))
    assert "unknown" not in page_of(empty, 76)


async def test_the_usage_page_shows_what_the_store_knows() -> None:
    stage = Stage()
    stage.port.providers.figures = spent_view()
    async with stage.app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        await pilot.press("f2")
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(stage.app)
        assert "This session" in shown
        assert "$0.24 of $2.00" in shown


def test_every_part_of_an_error_is_a_sentence_and_says_what_to_do_next() -> None:
    error = ev.ErrorInfo("auth", "The service refused the key", hint="Check it.", status=401)
    said = ending(fd.done(status="error", error=error))
    assert said is not None
    assert said[1] == (
        "The service refused the key. Check it. Another key is entered in /model, with ^K. "
        "/retry sends it again."
    )
