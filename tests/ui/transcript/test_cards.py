"""Blocks that fold: what they show folded, unfolded and while they work."""

from __future__ import annotations

import pytest

from alloy_tui.ui.transcript import ThinkingBlock, ToolBlock, UserBlock
from tests.ui.transcript.stage import Stage, screen_of

pytestmark = pytest.mark.anyio


async def test_thinking_unfolds_while_it_grows():
    """Folded it costs a row; unfolded its newest words are shown."""
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        t = app.transcript
        thought = t.add(ThinkingBlock())
        t.set_title(thought, "thinking 3 s")
        t.append_text(thought, "first")
        assert "▸ thinking 3 s" in "\n".join(screen_of(t))
        t.toggle(thought)
        t.append_text(thought, " second")
        await pilot.pause()
        assert "first second" in "\n".join(screen_of(t))


async def test_live_output_is_bounded_and_counted():
    """A folded running card shows the last rows; unfolded, the result is cut with a count."""
    app = Stage()
    async with app.run_test(size=(60, 30)) as pilot:
        t = app.transcript
        card = t.add(ToolBlock("bash", "make", "running"))
        for number in range(1000):
            t.append_output(card, f"line {number}\n")
        await pilot.pause()
        shown = [row.strip() for row in screen_of(t) if row.strip()]
        assert shown[-5:] == [f"line {n}" for n in range(995, 1000)]
        assert len(shown) == 7
        t.update_tool(card, state="done", result="\n".join(f"out {n}" for n in range(1000)))
        assert "out" not in "\n".join(screen_of(t))
        t.toggle(card)
        t.scroll_to_end()
        assert "800 more lines" in screen_of(t)[-1]


async def test_a_failed_call_says_so():
    """The header names the failure and the last rows of the error are shown folded."""
    app = Stage()
    async with app.run_test(size=(60, 30)):
        t = app.transcript
        card = t.add(ToolBlock("bash", "make", "running"))
        t.update_tool(card, is_error=True, result="a\nb\nc\nd\nboom")
        shown = "\n".join(screen_of(t))
        assert "failed" in shown
        assert "boom" in shown
        assert "\n    a\n" not in shown


async def test_a_long_paste_of_the_user_is_folded():
    """Forty rows are shown, the rest is one click away."""
    app = Stage()
    async with app.run_test(size=(60, 50)) as pilot:
        t = app.transcript
        block = t.add(UserBlock("\n".join(f"row {n}" for n in range(300))))
        await pilot.pause()
        assert "300 lines in all" in screen_of(t)[-5] + "".join(screen_of(t))
        t.toggle(block)
        t.scroll_to_end()
        assert "row 299" in "\n".join(screen_of(t))
