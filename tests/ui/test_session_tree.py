"""The session's tree beside the conversation, and what its keys and clicks do."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from alloy_tui.domain import events as ev
from alloy_tui.runtime.branch_values import FileChange, RewindPreview
from alloy_tui.runtime.path_values import SessionState
from alloy_tui.ui.panes.session_tree import SessionTreePane
from alloy_tui.ui.screens.compare import CompareScreen
from alloy_tui.ui.screens.rewind import RewindDialog
from tests.support import feed as fd
from tests.support import stored
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio


async def shop(stage: Stage, pilot: Pilot[Any]) -> SessionTreePane:
    """The sketch's tree is on show, and the conversation stands at its node 4."""
    tree = stage.port.tree
    tree.nodes, tree.state = stored.shop_tree(), SessionState(id="s", leaf="4")
    tree.path = [stored.said("1", "why"), stored.answered("2", "Because.")]
    await stage.play(pilot, fd.started(), ev.SessionOpened("s", "shop"))
    await pilot.press("ctrl+t")
    await pilot.pause()
    await pilot.pause()
    pane = stage.bench.work.side.panel
    assert isinstance(pane, SessionTreePane)
    return pane


def chosen(pane: SessionTreePane) -> str:
    """The node that the cursor is on."""
    return pane.rows.row.node.id if pane.rows.row is not None else ""


async def test_the_key_opens_and_closes_the_tree_with_the_cursor_where_one_stands() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        assert pane.display
        assert chosen(pane) == "3"
        shown = screen_text(stage.app)
        assert "├─● fix inner round" in shown
        assert "← here" in shown
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert not stage.bench.work.side.display


async def test_what_is_typed_right_after_closing_the_tree_is_for_the_prompt() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shop(stage, pilot)
        for key, character in (("ctrl+t", None), ("x", "x"), ("y", "y")):
            stage.app.post_message(events.Key(key, character))
        await pilot.pause()
        assert stage.bench.prompt.text == "xy"
        assert stage.port.wanted("prune") == []


async def test_enter_goes_over_to_another_branch_and_back_on_the_own_one() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        stage.port.tree.previews["3"] = RewindPreview("3", "fix inner round", 2)
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert stage.port.wanted("switch") == [("7",)]
        await pilot.press("up", "up", "enter")
        await pilot.pause()
        await pilot.pause()
        assert chosen(pane) == "3"
        assert stage.port.wanted("rewind") == [("3", "conversation", {})]


async def test_letters_act_on_the_row_and_never_reach_the_prompt() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shop(stage, pilot)
        await pilot.press("x", "y", "b")
        await pilot.pause()
        assert stage.port.wanted("prune") == [("3", True)]
        assert stage.port.wanted("branch") == [("4",)]
        assert stage.bench.prompt.text == ""


async def test_labels_and_notes_are_typed_in_a_line_of_the_pane() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        await pilot.press("l")
        await pilot.pause()
        assert pane.query_one(Input).value == "works"
        await pilot.press("end", "exclamation_mark", "enter")
        await pilot.pause()
        await pilot.press("n", "h", "m", "enter")
        await pilot.pause()
        assert stage.port.wanted("label") == [("3", "works!")]
        assert stage.port.wanted("note") == [("3", "hm")]
        assert pane.rows.has_focus


async def test_search_narrows_as_one_types_and_esc_ends_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        await pilot.press("slash")
        await pilot.pause()
        await stage.type(pilot, "decimal")
        await pilot.pause()
        assert [row.node.id for row in pane.rows.layout_of_tree.rows] == ["7"]
        await pilot.press("escape")
        await pilot.pause()
        assert len(pane.rows.layout_of_tree) == 5
        assert stage.bench.work.side.display


async def test_filters_and_folds_change_the_rows() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        await pilot.press("space")
        await pilot.pause()
        assert "▸ 1 more" in screen_text(stage.app)
        await pilot.press("space", "f")
        await pilot.pause()
        assert len(pane.rows.layout_of_tree) == 10
        y = next(n for n, row in enumerate(screen_text(stage.app).split("\n")) if "labelled" in row)
        x = screen_text(stage.app).split("\n")[y].index("labelled")
        await pilot.click(offset=(x + 1, y))
        await pilot.pause()
        assert [row.node.id for row in pane.rows.layout_of_tree.rows] == ["1", "3", "9"]


async def test_a_double_click_does_what_enter_does() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        await pilot.click(pane.rows, offset=(6, 3), times=2)
        await pilot.pause()
        assert stage.port.wanted("switch") == [("7",)]


async def test_the_mouse_chooses_folds_and_scrolls() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        pane = await shop(stage, pilot)
        rows = pane.rows.layout_of_tree
        place, row = next((n, row) for n, row in enumerate(rows.rows) if rows.foldable(row))
        line = screen_text(stage.app).split("\n")[pane.rows.region.y + place]
        glyph = min(at for at in map(line.find, "●○") if at >= 0) - pane.rows.region.x
        await pilot.click(pane.rows, offset=(glyph + 4, place))
        assert chosen(pane) == row.node.id
        many = len(pane.rows.layout_of_tree)
        await pilot.click(pane.rows, offset=(glyph, place))
        await pilot.pause()
        assert len(pane.rows.layout_of_tree) < many
        line = screen_text(stage.app).split("\n")[pane.rows.region.y + place]
        more = line.index("▸") + 2 - pane.rows.region.x
        await pilot.click(pane.rows, offset=(more, place))
        await pilot.pause()
        assert len(pane.rows.layout_of_tree) == many
        assert stage.port.wanted("switch") == []


async def test_two_rows_are_marked_and_compared() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shop(stage, pilot)
        await pilot.press("c", "down", "down", "d")
        await pilot.pause()
        assert stage.port.wanted("compare") == [("3", "8")]
        assert isinstance(stage.app.screen, CompareScreen)


async def test_a_graft_asks_what_to_bring() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shop(stage, pilot)
        await pilot.press("down", "down", "g")
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert stage.port.wanted("graft") == [("8", "summary")]


async def test_other_keys_can_be_given_to_the_tree() -> None:
    stage = Stage(keys={"tree-branch": "e"})
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shop(stage, pilot)
        await pilot.press("e")
        await pilot.pause()
        assert stage.port.wanted("branch") == [("4",)]
        assert not stage.app.keymap.problems


async def test_the_tree_follows_what_is_stored() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shop(stage, pilot)
        tree = stage.port.tree
        tree.nodes = [*stored.shop_tree(), stored.node("11", "4", "what about tax?")]
        tree.state = SessionState(id="s", leaf="11")
        await stage.play(pilot, ev.SessionSaved("s", ("11",)))
        await pilot.pause()
        await pilot.pause()
        assert "what about tax?  ← here" in screen_text(stage.app)


async def test_going_back_over_changed_files_asks_first() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shop(stage, pilot)
        files = (
            FileChange("src/checkout.py", "changed", 2, 1),
            FileChange("notes.md", "changed", 9, 0, True, ("keep", "overwrite", "merge")),
            FileChange("big.bin", "changed", why_not="it was too large to be kept"),
        )
        preview = RewindPreview("3", "fix inner round", 4, files, ("A shell changed more.",))
        stage.port.tree.previews["3"] = preview
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        dialog = stage.app.screen
        assert isinstance(dialog, RewindDialog)
        assert dialog.wish.scope == "conversation"
        shown = screen_text(stage.app)
        words_on_show = (
            "4 messages leave the path",
            "+2 −1",
            "keep what is there",
            "A shell changed",
            "Esc leaves all as it is",
        )
        for words in words_on_show:
            assert words in shown, words
        await pilot.press("right", "right", "down", "space", "enter")
        await pilot.pause()
        assert stage.port.wanted("rewind") == [("3", "both", {"notes.md": "overwrite"})]


async def test_where_no_message_leaves_the_files_are_what_goes_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shop(stage, pilot)
        files = (FileChange("字" * 12 + ".py", "added", 1, 0), FileChange("a.py", "changed", 1, 1))
        stage.port.tree.previews["3"] = RewindPreview("3", "", 0, files)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        lines = screen_text(stage.app).split("\n")
        ends = [cell_len(line[: line.index("+1 ")]) for line in lines if "+1 " in line]
        assert len(set(ends)) == 1
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("rewind") == [("3", "files", {})]


async def test_taking_back_a_going_back_over_files_asks_for_their_share() -> None:
    """What the move had is offered first; files that others changed are kept unless one says so."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shop(stage, pilot)
        changed = FileChange("notes.md", "changed", 9, 0, True, ("keep", "overwrite", "merge"))
        stage.port.tree.previews["redo"] = RewindPreview(
            "4", "", 4, (changed,), again=True, scope="both"
        )
        stage.bench.redo()
        await pilot.pause()
        await pilot.pause()
        dialog = stage.app.screen
        assert isinstance(dialog, RewindDialog)
        assert dialog.wish.scope == "both"
        assert "4 messages come back." in screen_text(stage.app)
        await pilot.press("space", "enter")
        await pilot.pause()
        assert stage.port.wanted("redo") == [("both", {"notes.md": "overwrite"})]


async def test_the_status_line_says_which_branch_this_is_and_leads_to_the_tree() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.play(pilot, fd.started())
        assert "branch" not in screen_text(stage.app).split("\n")[-1]
        stage.port.tree.state = SessionState(id="s", leaf="4", branch=(2, 3))
        await stage.play(pilot, ev.LeafMoved("3", "4"))
        await pilot.pause()
        await pilot.pause()
        line = screen_text(stage.app).split("\n")[-1]
        assert "branch ‹2/3›" in line
        await pilot.click(offset=(line.index("branch ‹2/3›") + 2, 39))
        await pilot.pause()
        await pilot.pause()
        assert stage.bench.work.side.current == "tree"
        stage.port.tree.state = SessionState(id="s", leaf="3", branch=(1, 3))
        await stage.play(pilot, ev.LeafMoved("4", "3"))
        await pilot.pause()
        await pilot.pause()
        assert "branch ‹1/3›" in screen_text(stage.app).split("\n")[-1]


async def test_a_message_gone_back_over_comes_into_the_prompt_and_the_draft_is_kept() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shop(stage, pilot)
        stage.bench.prompt.put("half a thought")
        stage.port.tree.previews["3"] = RewindPreview("3", "fix inner round", 4)
        stage.bench.rewind_to("3")
        await pilot.pause()
        assert stage.port.wanted("rewind") == [("3", "conversation", {})]
        assert stage.bench.prompt.text == "half a thought"
        await stage.play(pilot, ev.LeafMoved("4", "2"))
        await pilot.pause()
        assert stage.bench.prompt.text == "fix inner round"
        stage.bench.prompt.text = ""
        stage.bench.prompt.focus()
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert stage.bench.prompt.text == "half a thought"


async def test_esc_twice_in_the_empty_prompt_offers_the_earlier_messages() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shop(stage, pilot)
        await pilot.press("ctrl+t")
        stage.bench.prompt.focus()
        await pilot.press("escape", "escape")
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(stage.app)
        assert "Go back to before" in shown
        assert shown.index("fix inner round") < shown.index("why does checkout round twice?")
        await pilot.press("down", "enter")
        await pilot.pause()
        assert stage.port.wanted("preview") == [("1",)]
