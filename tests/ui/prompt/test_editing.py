"""Editing in the prompt: pastes, labels, kill ring, undo, words, the user's own editor."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from alloy_tui.ui.prompt import editor
from alloy_tui.ui.prompt.editor import EditorError
from alloy_tui.ui.widgets.prompt import Prompt
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

LONG = "\n".join(f"line {n}" for n in range(213))


async def paste(pilot: Pilot[Any], prompt: Prompt, text: str) -> None:
    prompt.post_message(events.Paste(text))
    await pilot.pause()


async def test_a_large_paste_is_a_label_and_goes_whole() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await pilot.press("a", "space")
        await paste(pilot, stage.bench.prompt, LONG)
        assert stage.bench.prompt.text == "a [pasted 213 lines]"
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [(f"a {LONG}", "prompt")]
        await pilot.press("up")
        assert stage.bench.prompt.text == "a [pasted 213 lines]"
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("submit")[1] == (f"a {LONG}", "prompt")


async def test_carriage_returns_of_a_paste_are_lines_and_its_controls_are_gone() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await paste(pilot, stage.bench.prompt, "a\r\nb\rc\x1b[31m\x00d")
        assert stage.bench.prompt.text == "a\nb\ncd"
        assert stage.port.wanted("submit") == []


async def test_a_label_is_one_step_and_goes_in_one_piece() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        prompt = stage.bench.prompt
        await pilot.press("a")
        await paste(pilot, prompt, LONG)
        await pilot.press("b", "left", "left")
        assert prompt.cursor_location == (0, 1)
        await pilot.press("right")
        assert prompt.cursor_location == (0, 1 + len("[pasted 213 lines]"))
        prompt.move_cursor((0, 5))  # as a click may
        await pilot.press("x")
        assert prompt.text == "a[pasted 213 lines]xb"
        await pilot.press("left", "backspace")
        assert prompt.text == "axb"
        await pilot.press("alt+z")
        assert prompt.text == "a[pasted 213 lines]xb"


async def test_alt_p_opens_the_label_to_be_edited() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await paste(pilot, stage.bench.prompt, LONG)
        await pilot.press("alt+p")
        assert stage.bench.prompt.text == LONG
        await pilot.press("alt+z")
        assert stage.bench.prompt.text == "[pasted 213 lines]"


async def test_a_dropped_image_is_attached(tmp_path: Path) -> None:
    shot = tmp_path / "my shot.png"
    shot.write_bytes(b"x")
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await paste(pilot, stage.bench.prompt, f"'{shot}'")
        assert stage.bench.prompt.text == "[image: my shot.png] "
        await pilot.press("w", "enter")
        await pilot.pause()
        assert stage.port.wanted("submit") == [("[image: my shot.png] w", "prompt", str(shot))]


async def test_what_is_cut_comes_back_and_alt_y_brings_what_was_cut_before() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        prompt = stage.bench.prompt
        prompt.put("one two three")
        await pilot.press("ctrl+w", "ctrl+w", "left", "right", "ctrl+u")
        assert prompt.text == ""
        await pilot.press("ctrl+y")
        assert prompt.text == "one "
        await pilot.press("alt+y")
        assert prompt.text == "two three"
        await pilot.press("home", "ctrl+k", "ctrl+y", "ctrl+y")
        assert prompt.text == "two threetwo three"


async def test_words_are_walked_and_cut_forwards() -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        prompt = stage.bench.prompt
        prompt.put("one two three")
        await pilot.press("alt+b", "alt+b")
        assert prompt.cursor_location == (0, 4)
        await pilot.press("alt+d")
        assert prompt.text == "one  three"
        await pilot.press("home", "alt+f", "end")
        assert prompt.cursor_location == (0, 10)


KEYS = ("a", "b", "space", "ctrl+j", "left", "right", "up", "home", "end", "backspace", "delete")
KEYS += ("ctrl+k", "ctrl+u", "ctrl+w", "alt+d", "ctrl+y", "alt+y", "alt+p", "paste")


@pytest.mark.parametrize("seed", range(4))
async def test_any_editing_can_be_undone_to_nothing_and_done_again(seed: int) -> None:
    draw = random.Random(seed)
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        prompt = stage.bench.prompt
        for _ in range(40):
            key = draw.choice(KEYS)
            if key == "paste":
                prompt.insert_pasted(draw.choice(("x", LONG, "y\nz")))
            else:
                await pilot.press(key)
        after = prompt.text
        for _ in range(100):
            prompt.edit_with("alt+z")
        await pilot.pause()
        assert prompt.text == ""
        for _ in range(100):
            prompt.edit_with("alt+shift+z")
        await pilot.pause()
        assert prompt.text == after


async def test_the_editor_needs_a_terminal_and_says_so() -> None:
    stage = Stage()
    async with stage.app.run_test(notifications=True) as pilot:
        await pilot.press("a", "ctrl+g")
        await pilot.pause()
        await pilot.pause()
        assert "needs a terminal" in screen_text(stage.app)
        assert stage.bench.prompt.text == "a"


def command(code: str, tmp_path: Path) -> dict[str, str]:
    script = tmp_path / "an editor.py"
    script.write_text(f"import os, sys, pathlib\nfile = pathlib.Path(sys.argv[1])\n{code}\n")
    return {"EDITOR": f"{sys.executable} '{script}'", "PATH": "/usr/bin:/bin"}


def test_the_editors_text_comes_back_clean(tmp_path: Path) -> None:
    code = "assert file.read_text() == 'a\\nb\\n'; file.write_bytes(b'c\\r\\nd\\x1b[31m\\xff\\n')"
    assert editor.edit("a\nb", command(code, tmp_path)) == "c\nd\ufffd"


def test_the_editors_file_is_private_and_goes_afterwards(tmp_path: Path) -> None:
    note = tmp_path / "note"
    code = f"pathlib.Path({str(note)!r}).write_text(f'{{file.stat().st_mode & 0o777:o}} {{file}}')"
    assert editor.edit("a", command(code, tmp_path)) == "a"
    mode, _, path = note.read_text().partition(" ")
    assert mode == "600"
    assert not Path(path).exists()


def test_an_editor_that_fails_leaves_the_prompt_and_is_told(tmp_path: Path) -> None:
    with pytest.raises(EditorError, match="ended with code 3"):
        editor.edit("a", command("file.write_text('lost'); sys.exit(3)", tmp_path))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"VISUAL": "no-such-editor -w", "PATH": "/usr/bin"}, r"no-such-editor of \$VISUAL"),
        ({"EDITOR": "'unclosed", "PATH": "/usr/bin"}, r"\$EDITOR is no command"),
        ({"PATH": "/nowhere"}, "set EDITOR"),
    ],
)
def test_a_missing_editor_is_told_in_words(environment: dict[str, str], words: str) -> None:
    with pytest.raises(EditorError, match=words):
        editor.editor_command(environment)
