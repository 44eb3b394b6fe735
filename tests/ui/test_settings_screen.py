"""Themes and settings: live, kept, and refused in words when they cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from textual.color import Color
from textual.widgets import OptionList

from alloy_tui.domain.errors import ConfigError
from alloy_tui.ui.preferences import STATUS, Preferences, checked
from alloy_tui.ui.screens.settings import SettingsScreen
from alloy_tui.ui.themes import PARTS, THEMES, UserTheme, themes_with
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

MINE = UserTheme("mine", "light", {"live": "#ff0000", "background": "#101010"})


@pytest.mark.parametrize("word", [*THEMES, "mine"])
async def test_every_theme_can_be_switched_to_live_and_is_kept(word: str) -> None:
    kept: list[tuple[str, object]] = []
    start = "light" if word == "dark" else "dark"
    stage = Stage(theme=start, user_themes=[MINE], on_preference=lambda n, v: kept.append((n, v)))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        stage.app.use_theme(word)
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        assert stage.app.theme == f"alloy-{word}"
        assert kept == [("theme", word)]
        assert scenes.QUESTION in screen_text(stage.app)


async def test_the_theme_without_colours_lets_none_through() -> None:
    stage = Stage(theme="no-colour")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.approval(stage, pilot)
        strips = stage.app.screen._compositor.render_strips(stage.app.size)
        styles = [s.style for strip in strips for s in strip if s.style and s.text.strip()]
        coloured = [s for s in styles if s.color and not s.color.is_default]
        assert styles
        assert not coloured
        assert not [s for s in styles if s.bgcolor and not s.bgcolor.is_default]
        assert any(s.reverse for s in styles), "the cursor must be seen without colours"


def luminance(colour: str) -> float:
    parts = (part / 255 for part in Color.parse(colour).rgb)
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("word", list(THEMES))
def test_text_can_be_read_in_every_theme(word: str) -> None:
    """Contrast after WCAG: 4.5 for text, 3 for what may be overlooked; 7 where it is promised."""
    theme = THEMES[word]
    grounds = (theme.background or "", theme.surface or "", theme.panel or "")
    colours = (theme.foreground, theme.primary, theme.warning, theme.error, theme.success)
    least = 7.0 if word == "high-contrast" else 4.5
    for ground in grounds:
        for colour in colours:
            assert contrast(ground, colour or "") >= least, (ground, colour)
        assert contrast(ground, theme.variables["text-muted"]) >= 3.0, ground


@pytest.mark.parametrize(
    ("theme", "words"),
    [
        (UserTheme("Mine!"), "small letters"),
        (UserTheme("dark"), "one of Alloy's own"),
        (UserTheme("x", "nope"), "base is one of"),
        (UserTheme("x", "dark", {"lvie": "#fff"}), "there is no colour lvie"),
        (UserTheme("x", "dark", {"live": "sort of red"}), "live is no colour"),
    ],
)
def test_a_faulty_theme_is_told_and_the_rest_of_it_still_holds(
    theme: UserTheme, words: str
) -> None:
    known, problems = themes_with([theme, MINE])
    assert words in problems[0]
    assert "mine" in known
    assert known["mine"].primary == "#FF0000"
    assert ("x" in known) == (theme.word == "x" and theme.base == "dark")


def test_a_theme_of_the_users_may_set_every_part() -> None:
    whole = UserTheme("whole", "dark", dict.fromkeys(PARTS, "#123456"))
    _, problems = themes_with([whole])
    assert problems == []


def test_preferences_that_cannot_be_fall_back_and_are_told() -> None:
    wrong = Preferences(theme="nope", notify="loud", status=("state", "weather", "state"))
    got, problems = checked(wrong, list(THEMES))
    assert (got.theme, got.notify, got.status) == ("dark", "bell", ("state",))
    assert len(problems) == 3


async def test_settings_change_at_once_and_each_change_is_kept() -> None:
    kept: list[tuple[str, object]] = []
    stage = Stage(on_preference=lambda n, v: kept.append((n, v)))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started())
        await pilot.press("f4")
        await pilot.pause()
        assert isinstance(stage.app.screen, SettingsScreen)
        await pilot.press("right", "down", "right", "down", "space", "down", "enter")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        assert sorted(kept, key=str) == sorted(
            [
                ("theme", "light"),
                ("approvals", "edits"),
                ("notify", "desktop"),
                ("reduced_motion", True),
            ],
            key=str,
        )
        assert stage.app.theme == "alloy-light"
        assert stage.port.wanted("mode") == [("edits",)]
        assert stage.app.attention.how == "desktop"
        assert stage.app.animation_level == "none"
        await pilot.press("escape")
        await pilot.pause()
        assert stage.bench.prompt.has_focus


async def test_fields_of_the_status_line_come_go_and_move() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.streaming(stage, pilot)
        await pilot.press("f4")
        await pilot.pause()
        rows = stage.app.screen.query_one(OptionList)
        rows.highlighted = 4 + STATUS.index("cost")
        await pilot.press("space")
        await pilot.pause()
        assert "cost" not in stage.app.preferences.status
        assert "$0.12" not in screen_text(stage.app)
        # It went below, with the cursor; back it comes at the end, and moves up.
        await pilot.press("space", "shift+up")
        await pilot.pause()
        assert stage.app.preferences.status[-2] == "cost"
        await pilot.press("left")
        await pilot.pause()
        rows.highlighted = 4
        await pilot.press("space")
        assert "state" in stage.app.preferences.status


async def test_a_click_changes_a_setting_too() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f4")
        await pilot.pause()
        await pilot.click(OptionList, offset=(4, 0))
        await pilot.pause()
        assert stage.app.preferences.theme == "light"


async def test_a_choice_that_cannot_be_kept_holds_and_says_so() -> None:
    def full(name: str, value: object) -> None:
        raise ConfigError("the disk is full.")

    stage = Stage(on_preference=full)
    async with stage.app.run_test(size=(120, 40), notifications=True) as pilot:
        stage.app.use_theme("light")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.pause()
        assert stage.app.theme == "alloy-light"
        words = " ".join(screen_text(stage.app).replace("▌", "").split())
        assert "could not be kept: the disk is full" in words


@pytest.mark.parametrize(
    ("fields", "shown", "hidden"),
    [
        (("state", "gap", "cost"), ["$0.12"], ["context", "^P"]),
        (("folder", "approvals", "state"), ["shop", "approvals: ask"], ["$0.12"]),
        (("state", "turn", "cache"), ["turn 1"], ["cache"]),
    ],
)
async def test_the_status_line_shows_what_was_chosen_in_that_order(
    fields: tuple[str, ...], shown: list[str], hidden: list[str]
) -> None:
    stage = Stage(preferences=Preferences(status=fields), theme=None)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.streaming(stage, pilot)
        row = screen_text(stage.app).split("\n")[-1]
        assert all(words in row for words in shown)
        assert not any(words in row for words in hidden)


async def test_with_reduced_motion_the_times_move_seldom_and_nothing_is_animated() -> None:
    calm: dict[str, Any] = {"preferences": Preferences(reduced_motion=True), "theme": None}
    stage = Stage(**calm)
    async with stage.app.run_test() as pilot:
        await scenes.asked(stage, pilot)
        assert stage.app.animation_level == "none"
        assert stage.bench._ticker._interval == 10
