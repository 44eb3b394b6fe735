"""What keys and clicks copy: words, lines, blocks, code as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.geometry import Offset

from alloy_tui.ui.markdown.cells import wrap
from alloy_tui.ui.markdown.listings import listing_of
from alloy_tui.ui.markdown.rows import row_of
from alloy_tui.ui.transcript import AgentBlock, BlockActivated, ToolBlock, UserBlock
from alloy_tui.ui.transcript.selecting import character_at
from tests.ui.transcript.stage import Stage, row_with
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
        await pilot.hover("#transcript", offset=(4, 8))
        first = app.screen.get_selected_text() or ""
        t.action_home()
        app.screen.selections = dict(app.screen.selections)
        await pilot.pause()
        await pilot.mouse_up("#transcript", offset=(4, 8))
        chosen = app.screen.get_selected_text() or ""
        assert chosen.endswith(first[-20:])
        assert chosen.count("message") > 40
        assert app.screen.selections[t].start != Offset(0, 0)


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
