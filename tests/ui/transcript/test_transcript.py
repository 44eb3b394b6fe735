"""What a user does to the transcript, and what it does while text comes in."""

from __future__ import annotations

import pytest
from textual.app import App

from alloy_tui.ui.transcript import (
    AgentBlock,
    BlockActivated,
    BlockToggled,
    MarkerBlock,
    NoticeBlock,
    ThinkingBlock,
    ToolBlock,
    UserBlock,
)
from tests.ui.transcript.stage import Stage, row_with, screen_of

pytestmark = pytest.mark.anyio

ANSWER = "Some **words** of an answer that is long enough to wrap on narrow screens.\n\n- a\n- b\n"


def fill(app: Stage, turns: int) -> None:
    for number in range(turns):
        app.transcript.add(UserBlock(f"question {number}"), AgentBlock(f"{ANSWER}\nend {number}"))


async def test_blocks_look_as_drawn():
    """Labels, cards, live output, diffs and the mark of an incomplete answer."""
    app = Stage()
    async with app.run_test(size=(80, 40)) as pilot:
        t = app.transcript
        t.add(UserBlock("Why?\n  indented", note="14:02"))
        thought = t.add(ThinkingBlock())
        t.append_text(thought, "hm")
        t.finish(thought, duration_ms=4200)
        t.add(ToolBlock("edit", "a.py", "done", "+1 −1", diff="@@ -3 +3 @@\n-old\n+new\n"))
        card = t.add(ToolBlock("bash", "pytest -q", "running", duration_ms=72_000))
        t.append_output(card, "one\n")
        t.append_output(card, "two\n")
        answer = t.add(AgentBlock())
        t.append_text(answer, "Be")
        t.append_text(answer, "cause")
        t.finish(answer, "cancelled")
        t.add(NoticeBlock("It broke.", "error"), MarkerBlock("compaction"))
        await pilot.pause()
        rows = [row.strip() for row in screen_of(t) if row.strip()]
    assert rows[0].split() == ["you", "14:02"]
    assert rows[1:3] == ["Why?", "indented"]
    assert rows[3:5] == ["alloy", "▸ thought for 4 s"]
    assert rows[5:8] == ["▾ edit  a.py  +1 −1", "3 │-old", "3 │+new"]
    assert rows[8:11] == ["▸ bash  pytest -q  running 1 m 12", "one", "two"]
    assert rows[11:14] == ["Because", "incomplete: cancelled", "It broke."]
    assert rows[14].startswith("── compaction ──")


async def test_the_end_is_followed_while_text_comes():
    """New text stays in view, and nothing is unseen."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 20)
        answer = app.transcript.add(AgentBlock())
        for word in range(200):
            app.transcript.append_text(answer, f"word{word} ")
        await pilot.pause()
        assert "word199" in " ".join(screen_of(app.transcript))
        assert app.transcript.follow
        assert app.follows() == []


async def test_the_view_stays_still_while_one_reads_above():
    """Scrolled up, no row moves while blocks come and grow; unseen ones are counted."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 30)
        answer = app.transcript.add(AgentBlock())
        await pilot.pause()
        app.transcript.focus()
        await pilot.press("pageup")
        await pilot.pause()
        before = screen_of(app.transcript)
        for word in range(300):
            app.transcript.append_text(answer, f"word{word} ")
        app.transcript.add(UserBlock("new"))
        await pilot.pause()
        assert screen_of(app.transcript) == before
        assert not app.transcript.follow
        assert app.follows()[0] == (False, 0)
        assert app.follows()[-1] == (False, 2)
        app.transcript.scroll_to_end()
        await pilot.pause()
        assert app.follows()[-1] == (True, 0)
        assert "new" in screen_of(app.transcript)[-1]


async def test_scrolling_up_line_by_line_misses_no_row():
    """Estimates are corrected without a jump: each step shows exactly one more row above."""
    app = Stage()
    async with app.run_test(size=(40, 10)) as pilot:
        fill(app, 30)
        await pilot.pause()
        app.transcript.follow = False
        seen = screen_of(app.transcript)
        for _ in range(100):
            app.transcript.scroll_relative(y=-1, animate=False)
            now = screen_of(app.transcript)
            assert now[1:] == seen[:-1]
            seen = now


async def test_home_end_and_pages():
    """Keys reach both ends and page through all that is between."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 20)
        app.transcript.focus()
        await pilot.press("home")
        assert screen_of(app.transcript)[1].strip() == "question 0"
        found: set[str] = set()
        for _ in range(200):
            found.update(row.strip() for row in screen_of(app.transcript))
            if app.transcript.follow:
                break
            await pilot.press("pagedown")
        assert {f"question {n}" for n in range(20)} <= found
        await pilot.press("home", "end")
        assert app.transcript.follow


async def test_the_wheel_scrolls_and_leaves_the_end():
    """One notch up stops following; back at the end it is followed again."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 10)
        await pilot.pause()
        app.transcript._on_mouse_scroll_up(_wheel(app))
        await pilot.pause()
        assert not app.transcript.follow
        for _ in range(3):
            app.transcript._on_mouse_scroll_down(_wheel(app))
        await pilot.pause()
        assert app.transcript.follow


def _wheel(app: App[None]):
    from textual.events import MouseScrollUp

    return MouseScrollUp(app, 1, 1, 0, 0, 0, False, False, False)


async def test_a_click_on_a_header_unfolds_and_folds():
    """The header stays under the pointer; the body appears below it."""
    app = Stage()
    async with app.run_test(size=(60, 16)) as pilot:
        fill(app, 5)
        card = app.transcript.add(ToolBlock("read", "x.py", "done", result="one\ntwo\nthree"))
        app.transcript.add(AgentBlock(ANSWER))
        await pilot.pause()
        row = row_with(app.transcript, "▸ read")
        await pilot.click("#transcript", offset=(5, row))
        await pilot.pause()
        assert "▾ read" in screen_of(app.transcript)[row]
        assert screen_of(app.transcript)[row + 1].strip() == "one"
        await pilot.pause(0.6)  # longer than a double click
        # Another cell: on the same one at once it would be a double click.
        await pilot.click("#transcript", offset=(7, row))
        await pilot.pause()
        toggles = [(m.block_id, m.expanded) for m in app.heard if isinstance(m, BlockToggled)]
        assert toggles == [(card, True), (card, False)]


async def test_a_double_click_opens_and_leaves_the_fold_alone():
    """`BlockActivated` names the block; nothing is selected."""
    app = Stage()
    async with app.run_test(size=(60, 16)) as pilot:
        card = app.transcript.add(ToolBlock("read", "x.py", "done", result="one"))
        await pilot.pause()
        row = row_with(app.transcript, "▸ read")
        await pilot.click("#transcript", offset=(5, row), times=2)
        await pilot.pause()
        assert "▸ read" in screen_of(app.transcript)[row]
        assert [m.block_id for m in app.heard if isinstance(m, BlockActivated)] == [card]
        assert not app.screen.selections


async def test_shift_click_unfolds_the_turn():
    """All cards of one turn, none of another."""
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        t = app.transcript
        t.add(UserBlock("a"), ToolBlock("old", "x", "done", result="r0"), UserBlock("b"))
        t.add(ThinkingBlock("deep", duration_ms=1), ToolBlock("new", "x", "done", result="r1"))
        await pilot.pause()
        await pilot.click("#transcript", offset=(5, row_with(t, "▸ new")), shift=True)
        await pilot.pause()
        shown = "\n".join(screen_of(t))
        assert "▾ new" in shown
        assert "▾ thought" in shown
        assert "▸ old" in shown


async def test_keys_select_fold_and_open_cards():
    """Up and down go from card to card, Enter folds, o opens."""
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        t = app.transcript
        first = t.add(ToolBlock("one", "x", "done", result="r1"))
        t.add(AgentBlock(ANSWER))
        second = t.add(ToolBlock("two", "x", "done", result="r2"))
        t.focus()
        await pilot.press("up")
        assert t.selected == second
        await pilot.press("up")
        assert t.selected == first
        await pilot.press("enter")
        assert "r1" in "\n".join(screen_of(t))
        await pilot.press("down", "o")
        await pilot.pause()
        assert [m.block_id for m in app.heard if isinstance(m, BlockActivated)] == [second]


@pytest.mark.parametrize("width", [60, 200])
async def test_a_resize_keeps_the_place(width):
    """From 120 columns to others, the words at the top stay at the top."""
    app = Stage()
    async with app.run_test(size=(120, 12)) as pilot:
        fill(app, 60)
        app.transcript.focus()
        await pilot.press("home", *["pagedown"] * 4)
        await pilot.pause()
        index = app.transcript.document.at(app.transcript.scroll_offset.y)[0]
        await pilot.resize_terminal(width, 12)
        await pilot.pause()
        assert app.transcript.document.at(app.transcript.scroll_offset.y)[0] == index
        screen_of(app.transcript)


async def test_a_resize_while_following_stays_at_the_end():
    """The newest text is in view at any width."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 20)
        for size in ((200, 30), (20, 6), (3, 3), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            screen_of(app.transcript)
        assert "end 19" in "\n".join(screen_of(app.transcript))


async def test_a_theme_changes_the_colours():
    """Rows are drawn anew in the colours of the new theme."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 2)
        await pilot.pause()
        before = app.transcript.render_lines(app.transcript.size.region)
        app.theme = "textual-light"
        await pilot.pause()
        await pilot.pause()
        after = app.transcript.render_lines(app.transcript.size.region)
        assert [row.text for row in after] == [row.text for row in before]
        assert [list(row) for row in after] != [list(row) for row in before]


async def test_frames_hand_out_the_same_rows():
    """Nothing is drawn anew for a frame in which nothing changed."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 3)
        await pilot.pause()
        region = app.transcript.size.region
        one, two = app.transcript.render_lines(region), app.transcript.render_lines(region)
        assert all(a is b for a, b in zip(one, two, strict=True))


async def test_memory_is_bounded_by_rows():
    """However far one pages, about two thousand rows are held."""
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        fill(app, 600)
        await pilot.pause()
        for _ in range(150):
            app.transcript.action_page(-1)
            screen_of(app.transcript)
        assert app.transcript.document.held_rows < 2200
        held = sum(len(b.rows or ()) for b in app.transcript.document.blocks)
        assert held == app.transcript.document.held_rows


async def test_find_marks_and_names_blocks():
    """Matches are found in sources, whatever the case, and shown where they are in view."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        fill(app, 20)
        found = app.transcript.find_text("QUESTION 7")
        assert len(found) == 1
        assert app.transcript.text_of(found[0]) == "question 7"
        app.transcript.follow = False
        app.transcript.show_block(found[0])
        await pilot.pause()
        row = row_with(app.transcript, "question 7")
        styles = {s.style for s in app.transcript.render_lines(app.transcript.size.region)[row]}
        app.transcript.find_text("")
        plain = {s.style for s in app.transcript.render_lines(app.transcript.size.region)[row]}
        assert len(styles) > len(plain)


async def test_clear_forgets_and_old_ids_do_nothing():
    """After a reset the screen is empty and late events are ignored."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        answer = app.transcript.add(AgentBlock("x"))
        app.transcript.clear()
        app.transcript.append_text(answer, "late")
        app.transcript.finish(answer)
        app.transcript.toggle(answer)
        await pilot.pause()
        assert not "".join(screen_of(app.transcript)).strip()
        assert app.transcript.add(UserBlock("new")) > answer


async def test_blocks_added_before_the_screen_is_ready_are_shown():
    """Text may come before the first layout."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        from alloy_tui.ui.transcript import Transcript

        late = Transcript(id="late")
        answer = late.add(AgentBlock("early "))
        late.append_text(answer, "bird")
        await app.mount(late)
        await pilot.pause()
        assert "early bird" in "\n".join(screen_of(late))


async def test_no_colour_filter_applies():
    """Line filters of the app reach every row."""
    from textual.filter import Monochrome

    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        app._filters.append(Monochrome())
        fill(app, 2)
        app.transcript.restyle()
        await pilot.pause()
        for row in app.transcript.render_lines(app.transcript.size.region):
            for segment in row:
                color = segment.style.color if segment.style else None
                assert color is None or len(set(color.get_truecolor())) == 1
