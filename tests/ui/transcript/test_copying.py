"""What keys and clicks copy: words, lines, blocks, code as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.widgets import Static

from alloy_tui.ui.markdown.cells import wrap
from alloy_tui.ui.markdown.listings import listing_of
from alloy_tui.ui.markdown.rows import row_of
from alloy_tui.ui.transcript import AgentBlock, BlockActivated, ToolBlock, UserBlock
from alloy_tui.ui.transcript.selecting import character_at
from tests.support.pointer import drag_to, until
from tests.ui.transcript.stage import Stage, row_with, screen_of
from tests.ui.transcript.test_selection import drag

pytestmark = pytest.mark.anyio

LONG = "a line of many words that does not fit the width of the screen and goes on and on"


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch):
    """Only the terminal's own route."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX", "WSL_DISTRO_NAME", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("TERM", "xterm")


class Edged(Stage):
    """A line above the conversation, and one below it."""

    def compose(self):
        yield Static("above", id="above")
        yield from super().compose()
        yield Static("below", id="below")


async def pressed(pilot, key: str) -> str:
    """What the key put on the clipboard."""
    await pilot.press(key)
    await pilot.app.workers.wait_for_complete()
    return pilot.app.clipboard


async def test_soft_wraps_are_not_copied():
    """A line that was cut to fit comes out whole; marks and numbers stay behind."""
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        t = app.transcript
        t.add(UserBlock(LONG), AgentBlock(f"> {LONG}\n\n1. {LONG}"))
        await pilot.pause()
        await drag(pilot, (2, row_with(t, "a line of")), (39, 19))
        t.focus()
        copied = await pressed(pilot, "y")
        assert copied.split("\n") == [LONG, "", "alloy", LONG, "", f"1. {LONG}"]
        assert not app.screen.selections


async def test_double_and_triple_clicks_take_words_and_lines():
    """Paths are one word; the third click takes the line across its rows; cards open."""
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        t = app.transcript
        t.add(UserBlock(f"see src/cart.py:12 and {LONG}"), ToolBlock("bash", "ls", "done"))
        await pilot.pause()
        spot = {"offset": (9, row_with(t, "src/cart.py"))}
        await pilot.click("#transcript", times=2, **spot)
        assert app.screen.get_selected_text() == "src/cart.py:12"
        await pilot.click("#transcript", times=3, **spot)
        assert app.screen.get_selected_text() == f"see src/cart.py:12 and {LONG}"
        await pilot.click("#transcript", times=2, offset=(5, row_with(t, "bash")))
        await pilot.pause()
        assert any(isinstance(m, BlockActivated) for m in app.heard)


async def test_a_block_and_its_code():
    """Shift+Up selects any block; y copies it, c the code in it with its tabs."""
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        t = app.transcript
        text = "do\n\n```make\nall:\n\tcc x.c\n```\n\nor\n\n```sh\ncc x.c\n```\nthen"
        t.add(AgentBlock(text), UserBlock("thanks"))
        t.focus()
        await pilot.pause()
        await pilot.press("shift+up", "shift+up")
        assert await pressed(pilot, "y") == text
        assert await pressed(pilot, "c") == "all:\n\tcc x.c"
        await pilot.hover("#transcript", offset=(4, row_with(t, "  cc x.c")))
        row = next(y for y in range(19, 0, -1) if "cc x.c" in t.render_line(y).text)
        await pilot.hover("#transcript", offset=(4, row))
        assert await pressed(pilot, "c") == "cc x.c"


async def test_a_drag_that_scrolls_takes_in_what_passes():
    """The selection reaches to the pointer, whatever scrolled below it."""
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        t = app.transcript
        t.add(*[UserBlock(f"message {n}") for n in range(60)])
        await pilot.pause()
        await pilot.mouse_down("#transcript", offset=(5, 12))
        await drag_to(pilot, t, (4, 8))
        first = app.screen.get_selected_text() or ""
        t.action_home()
        await drag_to(pilot, t, (5, 8))
        await pilot.mouse_up("#transcript", offset=(5, 8))
        chosen = app.screen.get_selected_text() or ""
        assert chosen.endswith(first[-20:])
        assert chosen.count("message") > 40


@pytest.mark.parametrize("down", [True, False], ids=["below", "above"])
async def test_a_drag_beyond_the_edge_scrolls_to_the_end_and_takes_only_what_it_passed(down):
    """The pointer rests over another widget meanwhile; at the end the pace is no matter."""
    app = Edged()
    async with app.run_test(size=(40, 20)) as pilot:
        t = app.transcript
        t.add(*[UserBlock(f"message {n:02}") for n in range(60)])
        await pilot.pause()
        t._move_to(80)
        await pilot.pause()
        shown = screen_of(t)
        row = next(y for y, words in enumerate(shown) if "message" in words and y > 4)
        begun = shown[row].strip()
        await pilot.mouse_down("#transcript", offset=(2, row))
        await drag_to(pilot, t, (4, row + 1))
        edge = ("#below", (30, 0)) if down else ("#above", (3, 0))
        await drag_to(pilot, *edge)
        way = t.max_scroll_y if down else 0
        await until(pilot, lambda: t.scroll_offset.y == way)
        chosen = app.screen.get_selected_text() or ""
        assert list(app.screen.selections) == [t]
        numbers = [int(n) for n in re.findall(r"message (\d\d)", chosen)]
        at = int(begun[-2:])
        assert numbers == (list(range(at, 60)) if down else list(range(at)))
        await pilot.mouse_up(edge[0], offset=edge[1])
        assert app.mouse_captured is None
        assert app.screen.get_selected_text() == chosen
        # The button is up: nothing scrolls any more.
        t._move_to(40)
        await drag_to(pilot, *edge)
        assert t.scroll_offset.y == 40


async def test_a_pointer_beside_the_view_selects_no_more_than_is_in_sight():
    """To the composer and back again: what was in between is not taken."""
    app = Edged()
    async with app.run_test(size=(40, 20)) as pilot:
        t = app.transcript
        t.add(*[UserBlock(f"message {n:02}") for n in range(3)])
        await pilot.pause()
        await pilot.mouse_down("#transcript", offset=(2, row_with(t, "message 01")))
        await drag_to(pilot, "#below", (3, 0))
        taken = (app.screen.get_selected_text() or "").split()
        assert " ".join(taken) == "message 01 message 02"
        await drag_to(pilot, t, (8, row_with(t, "message 01")))
        assert app.screen.get_selected_text() == "message"


@given(st.text("ab 漢👍🏽é\u0301\u200d", max_size=30))
@settings(max_examples=150, deadline=None)
def test_every_cell_has_its_character(text):
    """Each cell of a row belongs to a character, and they rise from left to right."""
    row = row_of(wrap([(text, Style.null())], 40)[0], 40, Style())
    places = [character_at(row, x) for x in range(40)]
    assert places == sorted(places)
    assert all(0 <= place <= len(row.text) for place in places)


def test_code_is_found_by_its_number():
    """Fenced and indented code count alike; numbers without code give nothing."""
    text = "```\none\n```\n\n    two\n\n- ~~~py\n  three\n  ~~~\n"
    assert [listing_of(text, n) for n in range(5)] == ["", "one", "two", "three", ""]
