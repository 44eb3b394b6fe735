"""Nothing can be done by one road alone: the palette reaches all, every click has a key."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot

from alloy_tui.ui.app import AlloyApp
from alloy_tui.ui.commands import COMMANDS
from alloy_tui.ui.keymap import ACTIONS, READING_KEYS, Keymap
from alloy_tui.ui.palette import CommandPaletteRows
from alloy_tui.ui.screens.workbench import Workbench
from alloy_tui.ui.transcript import Transcript
from alloy_tui.ui.transcript.deeds import DEEDS, KEYS
from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

UI = Path(__file__).resolve().parents[2] / "alloy_tui" / "ui"
_NAMES = {key.name for key in ACTIONS}
_BY_ACTION = {key.action.partition("(")[0] for key in ACTIONS}

# What stands behind several rows, or differs only in what it is told.
_CARRIERS = {
    "command": "every command has a row of its own",
    "tree_filter": "tree-filter goes through them",
    "find_in_pane": "find, while the pane is read",
    "show_panel": "every panel has a row of its own",
}


def _actions_of(kind: type[object]) -> set[str]:
    """Names of the actions that our own classes give to `kind`."""
    ours = [c for c in kind.__mro__ if c.__module__.startswith("alloy_tui.")]
    return {
        name.removeprefix("action_")
        for c in ours
        for name, value in vars(c).items()
        if name.startswith("action_") and inspect.isfunction(value)
    }


@pytest.mark.parametrize("kind", [AlloyApp, Workbench])
def test_every_action_of_the_screen_is_in_the_table_of_keys(kind: type[object]) -> None:
    assert _actions_of(kind) - _BY_ACTION <= set(_CARRIERS)


def test_every_deed_of_the_conversation_is_in_the_table_of_keys() -> None:
    """Its actions are those behind the rows; scrolling by pages is the screen's."""
    assert Keymap().reading() == KEYS
    assert {key.name.removeprefix("read-") for key in READING_KEYS} == set(DEEDS)
    behind = {action.partition("(")[0] for action in DEEDS.values()}
    assert _actions_of(Transcript) - behind == {"page", "end_search"}


async def _row(provider: CommandPaletteRows, words: str) -> None:
    run = next(run for row, run in provider.rows() if row == words)
    outcome = run()
    if inspect.isawaitable(outcome):
        await outcome


async def _back(stage: Stage, pilot: Pilot[Any]) -> None:
    """Close whatever opened, until the main screen is on top again."""
    await pilot.pause()
    while stage.app.screen is not stage.bench:
        stage.app.pop_screen()
        await pilot.pause()


async def test_every_row_of_the_palette_can_be_chosen_in_any_state() -> None:
    """With nothing said yet and with calls, a question and a queue, none of them fails."""
    leaving = {"leave", "quit", "suspend", "editor"}
    for scene in (None, scenes.edited, scenes.approval, scenes.queued):
        stage = Stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await stage.play(pilot, fd.started())
            if scene is not None:
                await scene(stage, pilot)
            provider = CommandPaletteRows(stage.bench)
            out = {f"{k.words} ({stage.app.keymap.label(k)})" for k in ACTIONS if k.name in leaving}
            rows = [words for words, _ in provider.rows()]
            assert len(rows) == len(set(rows))
            for words in rows:
                if words not in out and not words.startswith("quit:"):
                    await _row(provider, words)
                    await _back(stage, pilot)
            assert stage.app.is_running


async def test_what_the_palette_does_to_a_card_is_done_to_the_last_in_view() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await scenes.two_tools(stage, pilot)
        provider = CommandPaletteRows(stage.bench)
        before = screen_text(stage.app).count("▾")
        await _row(provider, "fold or unfold all cards of the turn (T)")
        await pilot.pause()
        assert screen_text(stage.app).count("▾") == before + 3
        assert isinstance(stage.app.focused, Transcript)
        await pilot.press("t")
        await pilot.pause()
        assert screen_text(stage.app).count("▾") == before


# Each thing a mouse does, by the file that hears of it, and the action or the key that does the
# same. A name in the table of keys, a command as "/name", or keys of that file's own or of
# another, as "file:key".
MOUSE: list[tuple[str, str, tuple[str, ...]]] = [
    ("transcript/widget.py", "a click on a header folds", ("read-fold",)),
    ("transcript/widget.py", "Shift and a click folds the turn", ("read-fold-turn",)),
    ("transcript/widget.py", "a double click opens a card", ("read-open",)),
    ("transcript/widget.py", "the arrows turn branches", ("branch-before", "branch-after")),
    ("transcript/copying.py", "a drag selects", ("read-block-before", "read-copy")),
    ("transcript/view.py", "the pointer underlines", ("read-card-before",)),
    ("panes/chat.py", "the wheel reads back and on", ("page-up", "page-down")),
    ("panes/side.py", "the edge is dragged", ("wider", "narrower")),
    ("panes/find_line.py", "the count goes on", ("enter",)),
    ("panes/tree_view.py", "a double click goes there", ("tree-open",)),
    ("panes/tree_view.py", "the marks fold", ("tree-fold",)),
    ("widgets/row_window.py", "a double click looks closer", ("team-attach",)),
    ("panes/team/agents.py", "a pointer keeps the lines in place", ("team-select",)),
    ("panes/team/gantt.py", "a drag scrubs", ("team-back", "team-on")),
    ("panes/live.py", "a column is pointed at", ("screens/live_agents.py:tab",)),
    ("screens/live_agents.py", "a click goes on typing", ("tab",)),
    ("screens/compare.py", "a side is pointed at", ("left", "right")),
    ("widgets/jump_pill.py", "the pill jumps down", ("to-end",)),
    ("widgets/completion.py", "a row is taken", ("complete",)),
    ("widgets/drag_select.py", "a drag selects in the pane", ("copy-pane",)),
    ("widgets/chrome.py", "a link does what it says", ("palette",)),
    ("widgets/queue_view.py", "a row is edited, dropped, relabelled", ("queue", "take-back")),
    ("screens/page.py", "a click outside closes", ("escape",)),
    ("screens/settings.py", "a click outside closes", ("escape",)),
    ("screens/settings.py", "a click on a row turns it", ("right",)),
    ("screens/sessions.py", "a click outside closes", ("escape",)),
    ("screens/choice.py", "a click outside closes", ("escape",)),
    ("screens/rewind.py", "a click outside closes", ("escape",)),
    ("screens/ask.py", "a click outside closes", ("escape",)),
    ("screens/model_picker.py", "a click outside closes", ("escape",)),
]
_HEARS = re.compile(r"_?on_(click|mouse_\w+)")


@pytest.mark.parametrize(("file", "does", "instead"), MOUSE, ids=[row[1] for row in MOUSE])
def test_what_the_mouse_does_a_key_does_too(file: str, does: str, instead: tuple[str, ...]) -> None:
    del does
    keymap = Keymap()
    for name in instead:
        if name in _NAMES:
            assert keymap.keys_of(name), name
        else:
            where, _, key = name.rpartition(":")
            assert key in _keys_named_in(UI / (where or file)), f"{file} takes no {name}"


def _keys_named_in(path: Path) -> set[str]:
    """The keys of the bindings of a file; Enter is a list's or a line's own."""
    own: set[str] = (
        {"enter"} if "Input" in path.read_text() or "OptionList" in path.read_text() else set()
    )
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Binding":
            first = node.args[0]
            if isinstance(first, ast.Constant):
                own |= set(str(first.value).split(","))
    return own


def test_whoever_hears_the_mouse_is_in_that_list() -> None:
    hearing: set[str] = set()
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _HEARS.fullmatch(
                node.name
            ):
                hearing.add(path.relative_to(UI).as_posix())
    assert hearing
    assert hearing <= {file for file, _, _ in MOUSE}


def test_every_key_of_a_part_of_the_screen_is_heard_somewhere() -> None:
    """A binding of the main screen stands in the table: no key is hidden from the help."""
    listed = {one for key in ACTIONS for one in key.keys.split(",")}
    for kind in (AlloyApp, Workbench):
        for c in kind.__mro__:
            if issubclass(c, DOMNode) and c.__module__.startswith("alloy_tui."):
                for binding in c.__dict__.get("BINDINGS", []):
                    assert isinstance(binding, Binding)
                    assert set(binding.key.split(",")) <= listed


def test_commands_and_keys_have_words() -> None:
    assert all(key.words for key in ACTIONS)
    assert all(command.summary for command in COMMANDS)
