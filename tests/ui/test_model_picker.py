"""The model picker: order, search, favourites, keys that are never shown, lists of services."""

from __future__ import annotations

import pytest
from textual.widgets import Input, OptionList

from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.model_port import ModelList, ModelRow
from alloy_tui.ui import model_rows
from alloy_tui.ui.screens.model_picker import ModelPicker
from tests.support.fake_models import ROWS, row
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

KEY = "sk-a-key-of-nobody"


def names(query: str, rows: tuple[ModelRow, ...] = ROWS) -> list[str]:
    return [e if isinstance(e, str) else e.name for e in model_rows.arranged(rows, query)]


def test_recent_ones_and_favourites_come_first_and_services_without_a_key_last() -> None:
    assert names("") == [
        "Lately",
        "anthropic/claude-sonnet-5",
        "scripted/tour",
        "Favourites",
        "anthropic/claude-opus-5",
        "OpenAI: not set up",
        "openai/gpt-6",
        "Groq: not set up",
        "groq/llama-4-8b",
        "Azure OpenAI: not set up",
        "azure/",
    ]


def test_search_finds_names_labels_aliases_and_services() -> None:
    assert names("opus")[0] == "anthropic/claude-opus-5"
    assert names("Llama 4")[0] == "groq/llama-4-8b"
    assert names("sonnet")[0] == "anthropic/claude-sonnet-5"
    assert names("azure") == ["azure/"]
    assert names("clop")[0] == "anthropic/claude-opus-5"
    assert names("zzz") == []


def test_of_equals_the_one_that_can_answer_comes_first() -> None:
    rows = (row("a/m", "A", missing="A_KEY"), row("b/m", "B"))
    assert names("m", rows) == ["b/m", "a/m"]


def test_figures_are_told_with_units_and_unknown_ones_not_at_all() -> None:
    assert model_rows.price_words(0.05) == "$0.05"
    assert model_rows.price_words(0.8) == "$0.80"
    assert model_rows.price_words(0.075) == "$0.075"
    assert model_rows.price_words(3.0) == "$3"
    assert model_rows.prices(row("a/b", "A")) == ""
    assert model_rows.prices(row("a/b", "A", None, (0.0, 0.0))) == "free"
    assert model_rows.prices(row("a/b", "A", None, (1.0, None))) == "$1 / ?"
    assert model_rows.window_words(1_050_000) == "1.05M"
    assert model_rows.window_words(999_999) == "1M"
    assert model_rows.window_words(131_072) == "131k"


def test_every_row_has_the_width_that_it_is_made_for() -> None:
    hostile = row("a/" + "永" * 40 + "\x1b[31m", "A", 8_000_000, (0.123, 1000.0), missing="X" * 90)
    for width in (24, 40, 61, 62, 80, 91, 92, 130):
        for each in (*ROWS, hostile):
            for now in (True, False):
                words = model_rows.row_words(each, width, now=now)
                assert words.cell_length <= width, (width, each.name)
                assert "\x1b" not in words.plain


async def opened(stage: Stage, pilot) -> ModelPicker:
    await pilot.press("ctrl+l")
    await pilot.pause()
    picker = stage.app.screen
    assert isinstance(picker, ModelPicker)
    return picker


async def test_a_favourite_is_made_and_stays_under_the_cursor() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        await stage.type(pilot, "gpt")
        await pilot.press("ctrl+f")
        await pilot.pause()
        assert stage.port.wanted("set_favourite") == [("openai/gpt-6", True)]
        assert picker.chosen is not None
        assert picker.chosen.name == "openai/gpt-6"


async def test_in_the_list_letters_are_keys_and_in_the_line_they_are_letters() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        await pilot.press("f", "k", "r")
        assert picker.query_one(Input).value == "fkr"
        assert not stage.port.wanted("set_favourite")
        picker.query_one(Input).value = ""
        await pilot.pause()
        await pilot.press("tab", "f", "r")
        await pilot.pause()
        assert stage.port.wanted("set_favourite") == [("anthropic/claude-sonnet-5", True)]
        assert (True,) in stage.port.wanted("models")


async def test_a_key_is_entered_masked_kept_and_never_on_the_screen() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        await stage.type(pilot, "gpt")
        await pilot.press("enter")  # it cannot answer: its key is asked for
        await pilot.pause()
        field = picker.query_one(Input)
        assert field.password
        assert "The key of OpenAI" in screen_text(stage.app)
        for letter in KEY:
            await pilot.press("minus" if letter == "-" else letter)
            assert KEY[:4] not in screen_text(stage.app)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert stage.port.wanted("set_key") == [("openai", Secret(KEY))]
        assert not field.password
        assert field.value == "gpt"
        shown = screen_text(stage.app)
        assert KEY[:4] not in shown
        assert "is kept in the key file" in shown
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("set_model") == [("openai/gpt-6",)]


async def test_escape_gives_a_half_typed_key_up_and_then_leaves() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        await stage.type(pilot, "gpt")
        await pilot.press("ctrl+k", "s", "e", "c", "escape")
        await pilot.pause()
        assert picker.query_one(Input).value == "gpt"
        assert not picker.query_one(Input).password
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.port.wanted("set_key")
        assert not isinstance(stage.app.screen, ModelPicker)


async def test_services_are_asked_in_the_background_and_what_they_lack_is_told() -> None:
    stage = Stage()
    held = stage.port.providers.held = []
    stage.port.providers.lists = (row("anthropic/brand-new", "Anthropic", listed=True),)
    stage.port.providers.problems = ("Groq: no answer.",)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        await pilot.press("ctrl+r", "ctrl+r")
        await pilot.pause()
        assert len(held) == 1
        assert "Asking the services" in screen_text(stage.app)
        await stage.type(pilot, "brand")
        held[0](stage.port.providers.answer(live=True))
        await pilot.pause()
        await pilot.pause()
        assert picker.chosen is not None
        assert picker.chosen.name == "anthropic/brand-new"
        assert "Groq: no answer." in screen_text(stage.app)


async def test_a_full_name_that_no_list_has_is_offered_as_it_was_typed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        picker.query_one(Input).value = "anthropic/claude-opus"
        await pilot.pause()
        assert picker.query_one(OptionList).option_count == 2
        await pilot.press("down", "enter")
        await pilot.pause()
        assert stage.port.wanted("set_model") == [("anthropic/claude-opus",)]


async def test_a_click_takes_a_model() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        picker = await opened(stage, pilot)
        await pilot.click(picker.query_one(OptionList), offset=(6, 1))
        await pilot.pause()
        assert stage.port.wanted("set_model") == [("anthropic/claude-sonnet-5",)]


async def test_an_engine_that_cannot_say_leaves_an_open_picker() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        picker = await opened(stage, pilot)
        stage.port.providers.held = held = []
        await pilot.press("ctrl+r")
        held[0](None)
        await pilot.pause()
        assert picker.chosen is not None
        assert isinstance(stage.port.providers.answer(live=False), ModelList)
