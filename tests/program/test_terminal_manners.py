"""What a pilot cannot see: going to the shell and back, the title, a terminal that is gone."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.conftest import ALLOY
from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def on_alternate_screen(terminal: Terminal) -> bool:
    return terminal.record.rfind(b"\x1b[?1049h") > terminal.record.rfind(b"\x1b[?1049l")


@pytest.mark.parametrize("way", ["key", "signal"])
def test_the_shell_gets_its_terminal_while_we_are_stopped_and_we_get_it_back(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], way: str
) -> None:
    with open_program(scripted([{"text": "Hello there."}, {"text": "Back again."}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("Hello there.")
        pid = terminal.process.pid
        if way == "key":
            terminal.type("\x1a")
        else:
            os.kill(pid, signal.SIGTSTP)
        terminal.wait_until(lambda: state_of(pid) == "T", "the program to stop")
        while terminal.pump(0) and on_alternate_screen(terminal):
            pass
        assert not on_alternate_screen(terminal)
        assert terminal.modes_restored()
        for mode in (b"1000", b"1003", b"1006", b"1004", b"2004"):
            assert terminal.record.rfind(b"\x1b[?%sl" % mode) > terminal.record.rfind(
                b"\x1b[?%sh" % mode
            ), mode
        assert terminal.record.rfind(b"\x1b[23;0t") > terminal.record.rfind(b"\x1b]2;")
        os.kill(pid, signal.SIGCONT)
        terminal.wait_until(lambda: on_alternate_screen(terminal), "the screen to come back")
        terminal.type("and now\r")
        terminal.wait_for("Back again.")
        assert "Hello there." in terminal.text()
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
        assert terminal.modes_restored()


def test_the_title_tells_the_state_and_is_given_back(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    asks = {"tool_calls": [{"name": "bash", "arguments": {"command": "true"}}]}
    with open_program(scripted([{"text": "Hello there."}, asks])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_until(lambda: b"\x1b]2;done" in terminal.record, "the title")
        terminal.type("go\r")
        terminal.wait_until(lambda: b"\x1b]2;needs you" in terminal.record, "the title")
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
        first = terminal.record.find(b"\x1b[22;0t")
        assert 0 <= first < terminal.record.find(b"\x1b]2;")
        assert terminal.record.rfind(b"\x1b[23;0t") > terminal.record.rfind(b"\x1b]2;")


def test_a_question_rings_only_when_the_window_has_lost_the_focus(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    asks = {"tool_calls": [{"name": "bash", "arguments": {"command": "true"}}]}
    with open_program(scripted([asks])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("\x1b[Ogo\r")
        # A key gives the focus back; the terminal takes it away again.
        terminal.type("\x1b[O")
        terminal.wait_for("bash wants to run")
        terminal.wait_until(lambda: _rings(terminal.record) == 1, "the bell")
        terminal.type("\x11")
        terminal.wait_exit()


def test_a_question_notifies_the_desktop_where_that_was_chosen(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """By OSC 9, once, and only while nobody looks; what would run is not in it."""
    argv = [ALLOY, "config", "set", "notify", "desktop"]
    subprocess.run(argv, cwd=project, check=True, capture_output=True)
    asks = {"tool_calls": [{"name": "bash", "arguments": {"command": "true"}}]}
    with open_program(scripted([asks, {"text": "Told."}, {"text": "Over."}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.type("\x1b[O")
        terminal.wait_for("bash wants to run")
        terminal.wait_until(lambda: len(_NOTES.findall(terminal.record)) == 1, "the notification")
        assert _rings(terminal.record) == 0
        terminal.type("\x1b[I")
        terminal.wait_until(lambda: _answered(terminal), "the answer")
        terminal.type("and?\r")
        terminal.wait_for("Over.")
        assert len(_NOTES.findall(terminal.record)) == 1
        terminal.type("\x11")
        terminal.wait_exit()


_NOTES = re.compile(rb"\x1b\]9;[^\x07\x1b]*(?:\x07|\x1b\\)")


def _answered(terminal: Terminal) -> bool:
    """An answer counts once the question has been on the screen for a moment."""
    if "Told." not in terminal.text():
        terminal.type("\x1bn")
        terminal.drain()
    return "Told." in terminal.text()


def _rings(record: bytes) -> int:
    """Bells that end no escape sequence."""
    return len(re.findall(rb"\x07", re.sub(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)", b"", record)))


def test_a_terminal_that_is_gone_ends_the_program_though_no_signal_says_so(
    scripted: Callable[..., str], tmp_path: Path
) -> None:
    """Without a controlling terminal there is no SIGHUP; the program must not spin for ever."""
    master, slave = pty.openpty()
    argv = [sys.executable, "-m", "alloy_tui", "--model", scripted([{"text": "x"}])]
    program = subprocess.Popen(
        argv,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(slave)
    try:
        seen = b""
        while b"commands" not in seen:
            seen += os.read(master, 65536)
        os.close(master)
        assert program.wait(20) is not None
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.kill()
        program.wait()
