"""Views of lines: diffs drawn in them, and what is selected and copied from them."""

from __future__ import annotations

import pytest
from textual.geometry import Offset
from textual.selection import Selection

from tests.support import scenes
from tests.support.pointer import drag_to, until
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


async def test_a_diff_in_the_pane_has_its_words_marked_and_turns_side_by_side() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(200, 50)) as pilot:
        await scenes.edited(stage, pilot)
        lines = stage.bench.work.tool_pane.lines
        assert lines.drawn
        strips = [lines.render_line(y) for y in range(lines.row_count)]
        removed = next(strip for strip in strips if strip.text.lstrip().startswith("41 │-"))
        grounds = {segment.style.bgcolor for segment in removed if segment.style}
        assert len(grounds) >= 2  # the line's and that of the words that went
        below = lines.row_count
        await pilot.press("alt+m")
        await pilot.pause()
        assert "side by side" in screen_text(stage.app)
        await pilot.press("f7")
        await pilot.pause()
        assert lines.row_count < below
        row = next(r for r in screen_text(stage.app).split("\n") if "round(sum(round" in r)
        assert row.count("return round") == 2
        lines.focus()
        await pilot.press("s")
        await pilot.pause()
        assert lines.row_count >= below


async def test_what_is_dragged_over_in_the_pane_is_copied_without_its_marks() -> None:
    """Also past what was in sight when the drag began; wrapped lines come back whole."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        lines = stage.bench.work.tool_pane.lines
        wide = "word " * 40
        lines.set_lines([("plain", f"row {n}") for n in range(100)] + [("plain", wide.strip())])
        lines.scroll_home(animate=False, immediate=True)
        await pilot.pause()
        await pilot.mouse_down("#tool-lines", offset=(1, 0))
        await drag_to(pilot, "#tool-lines", (4, 5))
        await drag_to(pilot, "#status", (110, 0))
        await until(pilot, lambda: lines.scroll_offset.y == lines.max_scroll_y)
        await pilot.mouse_up("#status", offset=(110, 0))
        await pilot.pause()
        taken = stage.bench.get_selected_text()
        assert taken is not None
        assert taken.startswith("row 0\nrow 1\n")
        assert "row 99\nword word" in taken
        assert "\n" not in taken.partition("row 99\n")[2]


async def test_a_selection_keeps_the_colours_of_the_words() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.edited(stage, pilot)
        lines = stage.bench.work.tool_pane.lines
        lines.set_lines([("error", "it failed")])
        await pilot.pause()
        before = next(iter(lines.render_line(0)))
        stage.bench.selections = {lines: Selection(Offset(0, 0), Offset(2, 0))}
        await pilot.pause()
        after = next(iter(lines.render_line(0)))
        assert after.text == "it"
        assert after.style is not None
        assert before.style is not None
        assert after.style.color == before.style.color
        assert after.style.bgcolor != before.style.bgcolor
