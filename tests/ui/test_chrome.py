"""Bars, welcome, endings and /retry: what a newcomer reads."""

from __future__ import annotations

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.runtime.port import ModelChoice
from alloy_tui.ui.panes.chat_words import ending
from alloy_tui.ui.wording import model_label, rule_label, shorten_middle
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

LOOKING = ModelChoice(model="", kind="remote", found=(), reason="", how_to_change="")


async def test_what_the_engine_finds_takes_the_place_of_looking_for_a_model() -> None:
    stage = Stage(choice=LOOKING)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "Looking for a model" in screen_text(stage.app)
        stage.port.choose(scenes.FIRST_RUN, cwd="/home/ada/src/other")
        await stage.play(pilot, fd.started(scenes.FIRST_RUN.model))
        shown = screen_text(stage.app)
        assert "Looking for a model" not in shown
        for words in (*scenes.FIRST_RUN.found, scenes.FIRST_RUN.model, "To change it:", "other"):
            assert words in shown


async def test_a_demo_that_was_fallen_back_on_is_labelled_once_it_is_known() -> None:
    stage = Stage(choice=LOOKING)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "DEMO" not in screen_text(stage.app)
        stage.port.choose(scenes.DEMO)
        await stage.play(pilot, fd.started(scenes.DEMO.model))
        assert "DEMO" in screen_text(stage.app)


async def test_the_first_run_fits_the_smallest_screen() -> None:
    stage = Stage(choice=scenes.FIRST_RUN)
    async with stage.app.run_test(size=(60, 15)) as pilot:
        await pilot.pause()
        shown = screen_text(stage.app)
        assert "Chosen: local/smollm2-135m" in shown
        assert "To change it:" in shown


async def test_a_start_that_fails_is_not_starting_for_ever() -> None:
    stage = Stage(choice=LOOKING)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await stage.play(pilot, ev.Notice("error", "There is no service named “nope”."))
        assert "failed: no model" in screen_text(stage.app)
        await stage.play(pilot, fd.started("local/x"))
        assert "ready" in screen_text(stage.app)


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("scripted//home/ada/scripts/tour.json", "scripted/tour.json"),
        ("anthropic/claude-sonnet-5", "anthropic/claude-sonnet-5"),
        ("openrouter/meta/llama-4", "openrouter/meta/llama-4"),
        ("local", "local"),
        ("", ""),
    ],
)
def test_a_models_label_is_short_and_says_which(model: str, label: str) -> None:
    assert model_label(model) == label


@pytest.mark.parametrize("limit", [1, 2, 5, 12, 100])
def test_shortening_keeps_both_ends_and_never_gets_longer(limit: int) -> None:
    text = "/home/ada/src/shop/checkout.py"
    short = shorten_middle(text, limit)
    assert len(short) <= max(limit, 1)
    if limit >= 12:
        assert short.endswith("py")


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ("/home/ada/src/shop/**", "./**"),
        ("/home/ada/src/shop", "."),
        ("/home/ada/src/shopping/**", "/home/ada/src/shopping/**"),
        ("git push", "git push"),
    ],
)
def test_a_rule_is_seen_from_the_working_folder(rule: str, label: str) -> None:
    assert rule_label(rule, "/home/ada/src/shop") == label


async def test_a_long_rule_leaves_every_answer_in_sight_at_60_columns() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        await scenes.asked(stage, pilot)
        rule = "/somewhere/else/altogether/" + "deep/" * 20 + "**"
        await stage.play(pilot, fd.ask("a1", "1", "edit", rule=rule, path="x", content="y"))
        await stage.wait(pilot, 1)
        shown = screen_text(stage.app)
        for words in ("once", "this session", "always “", "deny", "deny and say why", "❯"):
            assert words in shown


async def test_below_80_columns_the_status_line_keeps_state_model_and_cost() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        await scenes.streaming(stage, pilot)
        row = screen_text(stage.app).split("\n")[-1]
        assert "writing" in row
        assert "claude-sonnet-5" in row
        assert "$0.12" in row
        assert "context" not in row


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("auth", "Check the key"),
        ("quota", "Add credit"),
        ("not_found", "/model lists"),
        ("network", "/retry"),
        ("stream_cut", "/retry"),
        ("context_overflow", "/reset"),
    ],
)
def test_a_failure_says_what_to_do_about_it(kind: str, words: str) -> None:
    said = ending(fd.done(status="error", error=ev.ErrorInfo(kind=kind, message="It failed.")))
    assert said is not None
    assert said[0] == "error"
    assert said[1].startswith("It failed.")
    assert words in said[1]


def test_the_services_own_hint_goes_before_ours() -> None:
    error = ev.ErrorInfo(kind="auth", message="No.", hint="Log in again.")
    said = ending(fd.done(status="error", error=error))
    assert said is not None
    words = "No. Log in again. Another key is entered in /model, with ^K. /retry sends it again."
    assert said[1] == words


async def test_retry_sends_the_last_message_again_and_only_at_rest() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started())
        await pilot.press("alt+r")
        assert stage.port.wanted("submit") == []
        await scenes.asked(stage, pilot)
        await pilot.press("alt+r")
        assert stage.port.wanted("submit") == []
        await stage.play(pilot, fd.done(status="error"))
        await pilot.press("alt+r")
        await pilot.pause()
        assert [call[0] for call in stage.port.wanted("submit")] == [scenes.QUESTION]


async def test_the_whole_name_of_a_model_is_its_tooltip() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.play(pilot, fd.started("scripted//home/ada/tour.json"))
        assert "scripted/tour.json" in screen_text(stage.app)
        assert str(stage.bench.status.tooltip) == "scripted//home/ada/tour.json"


async def test_the_run_ends_but_the_words_of_the_last_answer_can_be_copied() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        stage.bench.copy_answer()
        await stage.play(pilot, fd.started(), fd.run("x"), fd.turn(), fd.done("42"))
        stage.bench.copy_answer()
        await stage.app.workers.wait_for_complete()
        assert stage.app.clipboard == "42"
