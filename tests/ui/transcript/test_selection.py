"""Selected words stay selected, and come out as they are shown."""

from __future__ import annotations

import pytest
from textual.geometry import Offset
from textual.selection import SELECT_ALL, Selection

from alloy_tui.ui.transcript import AgentBlock, ToolBlock, UserBlock
from tests.support.pointer import drag_to
from tests.ui.transcript.stage import Stage, row_with, screen_of

pytestmark = pytest.mark.anyio


async def drag(pilot, start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down("#transcript", offset=start)
    await drag_to(pilot, "#transcript", end)
    await pilot.mouse_up("#transcript", offset=end)
    await pilot.pause()


async def test_the_mouse_selects_across_blocks():
    """A drag copies what lies between, without gutters and padding."""
    app = Stage()
    async with app.run_test(size=(60, 16)) as pilot:
        t = app.transcript
        t.add(UserBlock("first question"), AgentBlock("the **answer**\n\n```\n  code\n```\n"))
        await pilot.pause()
        await drag(pilot, (8, row_with(t, "first")), (7, row_with(t, "code")))
        assert app.screen.get_selected_text() == "question\n\nalloy\nthe answer\n\n  code"


async def test_a_drag_over_a_header_does_not_fold_it():
    """Selecting is not clicking."""
    app = Stage()
    async with app.run_test(size=(60, 16)) as pilot:
        app.transcript.add(ToolBlock("read", "x.py", "done", result="one"))
        await pilot.pause()
        row = row_with(app.transcript, "▸ read")
        await drag(pilot, (4, row), (9, row))
        assert "▸ read" in screen_of(app.transcript)[row]
        assert (app.screen.get_selected_text() or "").rstrip() == "read"


async def test_a_selection_stays_on_its_words():
    """Blocks above that grow or are measured do not move it."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        t = app.transcript
        above = t.add(AgentBlock("above"))
        for number in range(20):
            t.add(AgentBlock(f"words {number} " * 30))
        t.add(UserBlock("keep these words"))
        await pilot.pause()
        row = row_with(t, "keep")
        await drag(pilot, (2, row), (11, row))
        chosen = app.screen.get_selected_text()
        assert chosen == "keep these"
        t.append_text(above, "\n\nmore and more" * 10)
        t.action_home()
        t.action_end()
        await pilot.pause()
        assert app.screen.get_selected_text() == chosen


async def test_all_can_be_selected():
    """Everything, laid out or not."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        for number in range(300):
            app.transcript.add(UserBlock(f"message {number}"))
        await pilot.pause()
        text, _ = app.transcript.get_selection(SELECT_ALL) or ("", "")
        assert all(f"message {n}" in text for n in range(300))


async def test_a_new_width_ends_the_selection():
    """Rows that no longer exist cannot be selected."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.transcript.add(UserBlock("some words"))
        await pilot.pause()
        app.screen.selections = {app.transcript: Selection(Offset(0, 0), Offset(5, 1))}
        await pilot.resize_terminal(100, 12)
        await pilot.pause()
        assert not app.screen.selections


async def test_selected_cells_are_painted():
    """The selection's colours reach the words, not the gutter."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.transcript.add(UserBlock("漢字 words"))
        await pilot.pause()
        row = row_with(app.transcript, "words")
        await drag(pilot, (2, row), (4, row))
        strip = app.transcript.render_lines(app.transcript.size.region)[row]
        backgrounds = [s.style.bgcolor for s in strip if s.style]
        assert len(set(backgrounds)) == 2
        assert strip.cell_length == app.transcript.scrollable_content_region.width
