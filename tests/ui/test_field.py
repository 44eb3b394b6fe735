"""What is pasted or put into a one-line field is one line, whole, and harmless."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult

from alloy_tui.ui.field import LONGEST, SEARCHED, Field, one_line
from tests.program.hostile import needs_corpus, payloads

pytestmark = pytest.mark.anyio
UI = Path(__file__).resolve().parents[2] / "alloy_tui" / "ui"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
Put = Callable[[Field, str], Awaitable[object]]


class _Page(App[None]):
    def __init__(self, field: Field | None = None) -> None:
        super().__init__()
        self._field = field or Field()

    def compose(self) -> ComposeResult:
        yield self._field


async def _pasted(field: Field, text: str) -> None:
    field.post_message(events.Paste(text))


async def _pasted_by_key(field: Field, text: str) -> None:
    field.app.copy_to_clipboard(text)
    field.action_paste()


async def _named(field: Field, text: str) -> None:
    field.value = text


@pytest.mark.parametrize("put", [_pasted, _pasted_by_key, _named])
async def test_every_line_of_a_paste_is_kept_side_by_side(put: Put) -> None:
    page = _Page()
    async with page.run_test() as pilot:
        field = page.query_one(Field)
        await put(field, "first\n  second\tthird\r\n\x1b]52;c;UFdORUQ=\x07fourth\n")
        await pilot.pause()
        assert field.value == "first   second third fourth"


async def test_a_paste_takes_the_place_of_what_is_selected_and_the_cursor_stands_behind() -> None:
    page = _Page()
    async with page.run_test() as pilot:
        field = page.query_one(Field)
        field.value = "to nobody at all"
        field.selection = field.selection.__class__(3, 9)
        await _pasted(field, "\x1b[31mone\x1b[0m")
        await pilot.pause()
        assert field.value == "to one at all"
        assert field.cursor_position == len("to one")


async def test_of_a_paste_that_is_too_long_the_beginning_fits_and_that_is_said_once() -> None:
    page = _Page()
    async with page.run_test(notifications=True) as pilot:
        field = page.query_one(Field)
        field.value = "to , soon"
        field.cursor_position = len("to ")
        for _ in range(2):
            await _pasted(field, "word " * 200_000)
            await pilot.pause()
        await pilot.press("x")
        assert len(field.value) == LONGEST
        assert field.value.startswith("to word word")
        assert field.value.endswith(", soon")
        told = [notice.message for notice in page._notifications]
        assert told == ["20,000 characters fit here. What is more was left out."]


async def test_a_line_to_search_with_is_shorter_and_takes_more_once_there_is_room() -> None:
    page = _Page(Field(longest=SEARCHED))
    async with page.run_test(notifications=True) as pilot:
        field = page.query_one(Field)
        field.value = "x" * 5_000
        assert len(field.value) == SEARCHED
        await pilot.press("end", "backspace", "y", "z")
        assert field.value[-2:] == "xy"
        assert len(page._notifications) == 1


@pytest.mark.corpus
@needs_corpus
@pytest.mark.parametrize("put", [_pasted, _pasted_by_key, _named])
async def test_no_hostile_text_is_held_or_shown_armed(put: Put) -> None:
    page = _Page()
    async with page.run_test() as pilot:
        field = page.query_one(Field)
        for case in payloads():
            field.clear()
            await put(field, case.text)
            await pilot.pause()
            assert field.value == one_line(case.text)
            shown = field.render_line(0).text
            assert not _CONTROL.search(field.value + shown), case.name


def test_no_other_one_line_input_is_made_in_the_program() -> None:
    made = [
        f"{path.relative_to(UI)}:{number}"
        for path in UI.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(Masked)?Input\(", line) and not line.startswith("class Field(")
    ]
    assert made == []
