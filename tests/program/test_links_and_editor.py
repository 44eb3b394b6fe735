"""Links as the terminal's own, and somebody else's editor on our terminal."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

from tests.program.conftest import ALLOY
from tests.program.modes import assert_in_use, assert_left_clean
from tests.support.terminal import Terminal

_LINKED = re.compile(rb"\x1b\]8;([^;\x07\x1b]*);([^\x07\x1b]*)(?:\x07|\x1b\\)")
ANSWER = (
    "Read [the guide](https://example.org/guide?a=1) or https://example.org/plain, "
    "not [this](javascript:alert(1)) nor [that](file:///etc/passwd). LAST-WORD"
)


def test_links_are_the_terminals_own_and_each_is_closed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Only those of a known kind lead somewhere; the words of the others stay words."""
    with open_program(scripted([{"text": ANSWER, "chunk": 6}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("LAST-WORD")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        links = [address for _, address in _LINKED.findall(terminal.record)]
        assert {a for a in links if a} == {
            b"https://example.org/guide?a=1",
            b"https://example.org/plain",
        }
        # An open link would make one of all that is written after it.
        opened = False
        for address in links:
            assert not (opened and address), "a link begins inside another"
            opened = bool(address)
        assert not opened
        assert_left_clean(terminal)


def _drafted(terminal: Terminal) -> str:
    """The prompt with its lines joined."""
    lines = terminal.text().rpartition("──\n")[2].split("\n")[:-1]
    return " ".join(" ".join(lines).split())


def test_the_editor_gets_the_terminal_and_the_prompt_its_text(
    project: Path, scripted: Callable[..., str]
) -> None:
    """On the normal screen with its modes, and with what was typed; then all is as it was."""
    editor = project.parent / "editor"
    editor.write_text('#!/bin/sh\ncat "$1"; echo EDITING\nread go\nprintf "and more" >> "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    argv = [ALLOY, "--model", scripted([{"text": "Hello."}])]
    with Terminal(argv, cwd=project, environment={"VISUAL": str(editor)}) as terminal:
        terminal.wait_for("scripted")
        terminal.type("a draft ")
        terminal.wait_for("❯ a draft")
        terminal.type("\x07")
        terminal.wait_for("EDITING")
        assert "a draft" in terminal.text()
        assert_left_clean(terminal)
        terminal.type("go\n")
        terminal.wait_until(lambda: _drafted(terminal) == "❯ a draft and more", "the text")
        assert_in_use(terminal)
        terminal.type("\r")
        terminal.wait_for("Hello.")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)
