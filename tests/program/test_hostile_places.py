"""Hostile names and words that come from the machine itself, or from the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.conftest import ALLOY
from tests.program.hostile import Payload, assert_harmless, needs_corpus, payloads
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.corpus, needs_corpus]


def short() -> list[Payload]:
    return [p for p in payloads() if len(p.data) < 60]


def test_names_of_files_to_mention(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """The list under `@` shows every name, and one of them goes into the prompt and out."""
    for payload in short():
        (project / payload.file_name).write_text("x")
    with open_program(scripted([{"text": "END-OF-ANSWER"}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("@QZ")
        terminal.wait_until(lambda: terminal.text().count("QZ") > 3, "the names")
        for _ in range(len(short())):
            terminal.type("\x1b[B")
            terminal.pump(0.02)
        terminal.drain()
        terminal.type("\t and this\r")
        terminal.wait_for("END-OF-ANSWER")
        terminal.type("/history\r")
        terminal.drain()
        terminal.escape()
        terminal.drain()
        terminal.type("/quit\r")
        terminal.wait_exit()
        assert_harmless(terminal)


def test_pastes(open_program: Callable[..., Terminal], scripted: Callable[..., str]) -> None:
    """Every text of the corpus, pasted with brackets: shown, sent, and in the history."""
    with open_program(scripted([{"text": "END-OF-ANSWER"}])) as terminal:
        terminal.wait_for("scripted")
        for payload in payloads():
            # A terminal removes the end mark from what it pastes, and nothing else.
            terminal.type(b"\x1b[200~" + payload.data + b"\x1b[201~\n")
            terminal.pump(0.02)
        terminal.drain()
        terminal.type("\r")
        terminal.wait_for("END-OF-ANSWER")
        terminal.type("\x1b[A")
        terminal.drain()
        terminal.type("\x15\x15")
        terminal.type("\x12QZ")  # what was typed before
        terminal.drain()
        terminal.escape()
        terminal.drain()
        terminal.type("\x03\x03")
        terminal.wait_exit()
        assert_harmless(terminal)


@pytest.mark.parametrize("third", range(3))
def test_the_folder_and_the_environment(
    project: Path, scripted: Callable[..., str], third: int
) -> None:
    """Working folder, user, terminal program and editor may be called anything."""
    part = short()[third::3]
    names = "".join(p.file_name for p in part).encode("utf-8", "surrogateescape")
    folder = project
    for at in range(0, len(names), 120):
        folder = folder / names[at : at + 120].decode("utf-8", "surrogateescape")
    folder.mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_bytes(b"ref: refs/heads/" + names[:200] + b"\n")
    words = b" ".join(p.data.replace(b"\0", b"") for p in part).decode("utf-8", "surrogateescape")
    variables = ("TERM_PROGRAM", "TERM_PROGRAM_VERSION", "USER", "LOGNAME", "HOSTNAME", "EDITOR")
    environment = dict.fromkeys(variables, words)
    argv = [ALLOY, "--model", scripted([{"text": "END-OF-ANSWER"}])]
    with Terminal(argv, cwd=folder, environment=environment) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hello\r")
        terminal.wait_for("END-OF-ANSWER")
        terminal.type("/settings\r")
        terminal.drain()
        terminal.escape()
        terminal.drain()
        terminal.type("/quit\r")
        terminal.wait_exit()
        assert_harmless(terminal)
