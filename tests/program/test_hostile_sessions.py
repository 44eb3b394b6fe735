"""Stored sessions full of hostile words: titles, search results, trees, labels, notes, queues."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.conftest import ALLOY
from tests.program.hostile import assert_harmless, needs_corpus, payloads
from tests.program.hostile_sessions import session_file
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.corpus, needs_corpus]


@pytest.fixture
def remembered(tmp_path: Path, project: Path) -> Path:
    """A session for every text of the corpus, in the store of this home."""
    folder = tmp_path / "exported"
    folder.mkdir()
    short = [p for p in payloads() if len(p.data) < 300]
    files = [str(session_file(p, n, folder)) for n, p in enumerate(short)]
    argv = [ALLOY, "sessions", "import", *files]
    done = subprocess.run(argv, cwd=project, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--limit", "100"),
        ("search", "QZa", "--limit", "100"),
        ("show",),
        ("tree",),
    ],
    ids=lambda words: words[0],
)
def test_sessions_on_the_command_line(remembered: Path, words: tuple[str, ...]) -> None:
    with Terminal([ALLOY, "sessions", *words], cwd=remembered, columns=200) as terminal:
        assert terminal.wait_exit(60) == 0
        assert terminal.record.count(b"QZ") > 0
        assert_harmless(terminal)


def test_sessions_on_the_screen(remembered: Path, scripted: Callable[..., str]) -> None:
    """The picker and its look inside, search results, the tree, a comparison, and one opened."""
    argv = [ALLOY, "--model", scripted([{"text": "END-OF-ANSWER"}]), "--resume"]
    with Terminal(argv, cwd=remembered) as terminal:
        terminal.wait_for("Tab looks in all folders")
        terminal.type("\t")
        terminal.wait_for("QZ")
        for _ in range(70):
            terminal.type("\x1b[B")
            terminal.pump(0.02)
        terminal.drain()
        terminal.type("QZa")
        terminal.drain()
        terminal.type("\r")
        terminal.wait_for("This session was held in")
        terminal.type("\x14")
        terminal.wait_for("d compare")
        terminal.type("f")
        terminal.drain()
        terminal.type("c")
        terminal.wait_for("◆ QZ")
        terminal.type("\x1b[A\x1b[A")
        terminal.drain()
        terminal.type("d")
        terminal.wait_for("grafts from it")
        terminal.drain()
        terminal.escape()
        terminal.wait_gone("grafts from it")
        terminal.type("\x14")
        terminal.wait_gone("d compare")
        for command in ("/rewind", "/graft", "/history", "/usage", "/search QZa"):
            terminal.type(f"{command}\r")
            terminal.drain()
            terminal.escape()
            terminal.drain()
        terminal.type("\x03\x03")
        terminal.wait_exit()
        assert terminal.record.count(b"QZ") > 50
        assert_harmless(terminal)


def test_what_waits_in_the_queue(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Messages that wait are shown, chosen, relabelled and taken back."""
    slow = {"text": "word " * 4000, "chunk": 5, "chunk_delay_ms": 50}
    with open_program(scripted([slow])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("word word")
        for number, payload in enumerate(p for p in payloads() if len(p.data) < 300):
            # Through the clipboard's brackets, as far as they let it, and as it is.
            terminal.type(b"\x1b[200~" + payload.data + b"\x1b[201~")
            terminal.type("\x1b\r" if number % 2 else "\r")
            terminal.pump(0.02)
        terminal.wait_for("more")
        terminal.type("\x1b[1;3B")  # the queue takes the keys
        for key in ("\x1b[A", "\t", "\x1b[A", "\x1b[1;2A", "\x1b[3~"):
            terminal.type(key)
            terminal.drain()
        for _ in range(5):  # out of the queue, then stop: all of them come back
            terminal.escape()
            terminal.drain()
        terminal.wait_for("stopped by you")
        terminal.type("\x11")
        terminal.wait_exit()
        assert_harmless(terminal)


def test_everything_as_plain_lines(project: Path, scripted: Callable[..., str]) -> None:
    """`--plain` in a terminal: text, thoughts, calls, questions and their answers."""
    everything = "\n".join(p.text for p in payloads() if len(p.data) < 300)
    (project / "hostile.txt").write_bytes(b"\n".join(p.data for p in payloads()))
    command = "echo " + everything.replace("\0", "")
    bash = {"name": "bash", "arguments": {"command": command}}
    calls = [
        {"tool_calls": [{"name": "read", "arguments": {"file_path": "hostile.txt"}}]},
        {"tool_calls": [bash]},
        {"text": everything, "thinking": everything, "chunk": 7},
        {"text": "END-OF-LINES"},
    ]
    argv = [ALLOY, "--plain", "--model", scripted(calls)]
    with Terminal(argv, cwd=project) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\n")
        terminal.wait_for("hidden characters are spelt out")
        terminal.drain()
        terminal.type("n\n")
        terminal.wait_for("Done in")
        terminal.type("more\n")
        terminal.wait_for("END-OF-LINES")
        terminal.type("/history\n/usage\n/quit\n")
        terminal.wait_exit()
        assert_harmless(terminal)
