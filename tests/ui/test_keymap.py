"""Keys: rebinding, conflicts, and that nothing can be done by one road alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.commands import COMMANDS
from alloy_tui.ui.keymap import (
    ACTIONS,
    PROMPT_KEYS,
    READING_KEYS,
    SECTIONS,
    TREE_KEYS,
    UNBOUND,
    Key,
    Keymap,
    shown,
)
from alloy_tui.ui.palette import CommandPaletteRows
from alloy_tui.ui.panes.side import SIDE_PANELS
from alloy_tui.ui.team_keys import TEAM_KEYS
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text, words_on

pytestmark = pytest.mark.anyio


def place_of(name: str) -> str:
    """Where the keys of an action act: in the tree, in the conversation, or everywhere."""
    return next((place for place in ("tree-", "read-", "team-") if name.startswith(place)), "")


UI = Path(__file__).resolve().parents[2] / "alloy_tui" / "ui"


def test_a_key_of_the_users_takes_the_place_of_ours() -> None:
    keymap = Keymap({"output": "ctrl+n"})
    assert keymap.keys_of("output") == "ctrl+n"
    assert keymap.overrides() == {"output": "ctrl+n"}
    assert keymap.problems == []


def test_a_key_that_another_action_had_goes_over_and_the_loss_is_told() -> None:
    keymap = Keymap({"output": "ctrl+l"})
    assert keymap.keys_of("output") == "ctrl+l"
    assert keymap.keys_of("model") == ""
    assert keymap.problems == ["Ctrl+L is now output; model lost it."]


def test_two_wishes_for_one_key_leave_the_second_as_it_was() -> None:
    keymap = Keymap({"output": "f9", "model": "f9"})
    assert keymap.keys_of("output") == "f9"
    assert keymap.keys_of("model") == "ctrl+l"
    assert "F9 was given to output already" in keymap.problems[0]


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        ("outptu", "f9", "there is no such action. Did you mean output?"),
        ("output", "x", "types a character"),
        ("output", "shift+x", "types a character"),
        ("output", "enter", "belongs to the prompt"),
        ("output", "up", "belongs to the prompt"),
        ("stash", "escape", "belongs to the prompt"),
        ("stash", "s", "types a character"),
        ("output", "crtl+x", "is no key such as"),
        ("output", "ctrl+wurst", "is no key such as"),
        ("read-copy", "ctrl+o", "Ctrl+O is output everywhere."),
        ("tree-label", "alt+m", "Alt+M is maximise everywhere."),
    ],
)
def test_what_cannot_be_is_told_and_left_as_it_was(name: str, keys: str, words: str) -> None:
    keymap = Keymap({name: keys})
    assert words in " ".join(keymap.problems)
    assert keymap.overrides() == {}


def test_a_key_of_one_part_of_the_screen_that_is_taken_by_another_is_told() -> None:
    keymap = Keymap({"output": "shift+up", "read-fold-turn": "c", "tree-label": "n"})
    assert keymap.problems == [
        "Shift+↑ is now output; read-block-before lost it.",
        "C is now read-fold-turn; read-copy-code lost it.",
        "N is now tree-label; tree-note lost it.",
    ]
    assert keymap.reading()["c"] == "fold-turn"
    assert "shift+up" not in keymap.reading()
    # A capital is another key than its letter.
    assert keymap.reading()["n"] == "hit-after"
    assert Keymap({"read-hit-before": "P"}).reading()["P"] == "hit-before"


def test_a_key_of_the_prompt_goes_over_too_and_that_is_told() -> None:
    keymap = Keymap({"output": "ctrl+k"})
    assert keymap.overrides() == {"output": "ctrl+k"}
    assert keymap.problems == ["Ctrl+K is now output; cut-to-end lost it."]
    keys = keymap.prompt_keys()
    assert keys.deed("ctrl+k") == UNBOUND
    assert keys.deed("ctrl+u") == "ctrl+u"


def test_an_action_may_be_left_without_a_key() -> None:
    keymap = Keymap({"leave": ""})
    assert keymap.keys_of("leave") == ""
    assert keymap.problems == []
    row = next(key for key in ACTIONS if key.name == "leave")
    assert keymap.label(row) == "no key"


_KEYS = st.sampled_from(
    [
        "f7",
        "f8",
        "ctrl+s",
        "alt+enter",
        "tab",
        "ctrl+n",
        "ctrl+l",
        "ctrl+o",
        "alt+x",
        "pageup",
        "enter",
        "q",
    ]
)


@given(st.dictionaries(st.sampled_from([key.name for key in ACTIONS]), _KEYS))
def test_whatever_is_wanted_no_key_stands_for_two_actions(wanted: dict[str, str]) -> None:
    keymap = Keymap(wanted)
    for place in ("tree-", "read-", "team-", ""):
        names = [name for name in keymap.names if place_of(name) == place]
        given = [one for name in names for one in keymap.keys_of(name).split(",") if one]
        assert len(given) == len(set(given))


def test_no_two_rows_of_the_table_share_a_name_or_a_key() -> None:
    names = [key.name for key in ACTIONS]
    assert len(names) == len(set(names))
    # What a key does in the tree or the conversation has nothing to do with what it does elsewhere.
    elsewhere = [key for key in ACTIONS if not place_of(key.name)]
    for rows in (TREE_KEYS, READING_KEYS, TEAM_KEYS, elsewhere):
        keys = [one for key in rows for one in key.keys.split(",")]
        assert len(keys) == len(set(keys))


def test_keys_are_written_as_people_read_them() -> None:
    assert shown("ctrl+p") == "Ctrl+P"
    assert shown("alt+comma,pageup") == "Alt+, or PgUp"
    assert shown("shift+up") == "Shift+↑"


async def test_a_rebound_key_works_and_the_old_one_does_nothing_any_more() -> None:
    stage = Stage(keys={"output": "ctrl+n"})
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert not stage.bench.work.side.display
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert stage.bench.work.side.display


async def test_keys_of_the_conversation_move_and_the_old_ones_are_typed() -> None:
    stage = Stage(keys={"read-fold": "space", "read-copy": "z"})
    async with stage.app.run_test(size=(120, 40), notifications=True) as pilot:
        await scenes.edited(stage, pilot)
        transcript = stage.bench.work.chat.transcript
        transcript.focus()
        await pilot.press("up")
        assert transcript.selected is not None
        seen = screen_text(stage.app)
        await pilot.press("space")
        await pilot.pause()
        assert screen_text(stage.app) != seen
        await pilot.press("z")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        assert "the block" in " ".join(screen_text(stage.app).split())
        await pilot.press("y")
        assert stage.bench.prompt.text == "y"


async def test_esc_stops_and_closes_whatever_else_stops_too() -> None:
    stage = Stage(keys={"stop": "ctrl+x"})
    async with stage.app.run_test(size=(120, 40)) as pilot:
        for key in ("ctrl+x", "escape"):
            await scenes.asked(stage, pilot)
            await pilot.press(key)
            await pilot.pause()
            assert stage.port.wanted("cancel")
            stage.port.asked.clear()


async def test_swapped_keys_do_what_the_other_did() -> None:
    stage = Stage(keys={"output": "f1", "help": "ctrl+o"})
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.asked(stage, pilot)
        await pilot.press("f1")
        await pilot.pause()
        assert stage.bench.work.side.display
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert "Help" in screen_text(stage.app)


async def test_enter_and_the_new_line_may_be_swapped() -> None:
    keys = {"send": "ctrl+j,alt+x", "newline": "enter"}
    stage = Stage(keys=keys)
    assert stage.app.keymap.problems == ["Ctrl+J is now send; newline lost it."]
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started())
        await pilot.press("a", "enter", "b", "shift+enter")
        assert stage.bench.prompt.text == "a\nb"
        await pilot.press("alt+x")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("a\nb", "prompt")]
        await pilot.press("c", "ctrl+j")
        await pilot.pause()
        assert stage.port.wanted("submit")[-1] == ("c", "prompt")


async def test_editing_keys_move_and_their_words_with_them() -> None:
    stage = Stage(
        keys={"stash": "ctrl+n", "search-history": "f9", "cut-to-start": "", "undo": "f8"}
    )
    async with stage.app.run_test(size=(120, 60), notifications=True) as pilot:
        prompt = stage.bench.prompt
        await stage.type(pilot, "put by")
        await pilot.press("ctrl+u", "ctrl+s")
        assert prompt.text == "put by"
        await pilot.press("ctrl+n")
        await pilot.pause()
        await pilot.pause()
        assert prompt.text == ""
        assert "Ctrl+N in the empty prompt brings it back" in words_on(stage.app)
        await pilot.press("ctrl+n")
        assert prompt.text == "put by"
        await pilot.press("f9")
        assert prompt.picker is not None
        await pilot.press("escape", "x", "f8")
        assert prompt.text == "put by"
        await pilot.press("f1")
        await pilot.pause()
        text = stage.app.screen.query_one("LineView").text
        assert f"{'Ctrl+N':<25} put the text aside" in text
        assert f"{'no key':<25} cut to the beginning" in text


@pytest.mark.parametrize(
    "row", [key for key in PROMPT_KEYS if key.action], ids=lambda key: key.name
)
async def test_every_deed_of_the_prompt_is_done_by_the_palette_too(row: Key) -> None:
    """Its row runs the same code as its key, with the focus back in the prompt."""
    texts: list[tuple[object, ...]] = []
    for by_key in (True, False):
        stage = Stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await stage.play(pilot, fd.started())
            prompt = stage.bench.prompt
            for text in ("first words", "some more"):
                prompt.put(text)
            prompt.move_cursor((0, 5))
            if row.name == "complete":
                prompt.put("/us")
                await pilot.pause()
            if by_key:
                await pilot.press(row.keys.partition(",")[0])
            else:
                stage.bench.work.chat.transcript.focus()
                await stage.app.run_action(row.action, default_namespace=stage.bench)
            await pilot.pause()
            assert stage.app.focused is prompt
            asked = stage.port.wanted("submit")
            texts.append((prompt.text, prompt.cursor_location, asked, type(prompt.picker)))
    assert texts[0] == texts[1]


async def test_a_bad_line_in_the_table_of_keys_is_told_on_the_screen() -> None:
    stage = Stage(keys={"nope": "f9"})
    async with stage.app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert "keys.nope: there is no such action" in " ".join(screen_text(stage.app).split())


async def test_help_prints_the_keys_as_they_are_now() -> None:
    stage = Stage(keys={"output": "ctrl+n"})
    async with stage.app.run_test(size=(120, 60)) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        row = next(key for key in ACTIONS if key.name == "output")
        assert stage.app.keymap.label(row) == "Ctrl+N"
        assert f"{'Ctrl+N':<25} {row.words}" in stage.app.screen.query_one("LineView").text


async def test_the_palette_reaches_every_command_and_every_action() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        provider = CommandPaletteRows(stage.app.screen)
        words = [row for row, _ in provider.rows()]
        for command in COMMANDS:
            assert any(row.startswith(command.name) for row in words), command
        for key in ACTIONS:
            assert any(key.words in row for row in words), key
        for panel in SIDE_PANELS:
            assert any(row.startswith(panel) for row in words)
        hits = [hit async for hit in provider.discover()]
        assert len(hits) == len(words)


@pytest.mark.parametrize(
    ("typed", "reached"),
    [
        ("the settings", "Settings"),
        ("what it printed", "Output"),
        ("tokens and cost", "So far"),
    ],
)
async def test_choosing_a_row_of_the_palette_does_what_its_key_does(
    typed: str, reached: str
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started())
        await pilot.press("ctrl+p")
        await pilot.pause()
        await stage.type(pilot, typed)
        await stage.app.workers.wait_for_complete()
        await pilot.press("enter", "enter")
        await pilot.pause()
        await pilot.pause()
        assert reached in screen_text(stage.app)


_LINK = re.compile(r"link\([^\n]*?f?\"(?:screen|app)\.([a-z_]+)(\([^\"]*\))?\"", re.DOTALL)


def test_every_click_has_a_key() -> None:
    """What a link in a bar does is done by a row of the table, or by a command of the prompt."""
    by_key = {key.action.partition("(")[0] for key in ACTIONS}
    clicks = {
        m[1]
        for path in UI.rglob("*.py")
        for m in _LINK.finditer(path.read_text())
        if "widgets/queue_view" not in str(path)
        # “Enter opens” is a list's own key, and says so.
        and 'link("Enter ' not in m[0]
        # A page of its own has keys of its own.
        and not re.search(rf'Binding\((?:"[^"]*"|str\([^)]*\)), f?"{m[1]}\b', path.read_text())
    }
    assert clicks
    # The pane's own “find” is Ctrl+F or / while it has the focus.
    assert clicks - {"find_in_pane"} <= by_key


def test_every_action_is_in_a_section_of_the_help() -> None:
    listed = {key for _, keys in SECTIONS for key in keys}
    assert set(ACTIONS) <= listed
