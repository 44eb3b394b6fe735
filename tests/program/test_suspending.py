"""Stopped and continued, the program gives the terminal to the shell and takes it back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.modes import assert_in_use, assert_left_clean
from tests.support.processes import state
from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

REPLY = [{"text": "Said before the stop."}, {"text": "Said after it."}]


def stop(terminal: Terminal, number: signal.Signals) -> None:
    os.kill(terminal.process.pid, number)
    terminal.wait_until(lambda: state(terminal.process.pid) == "T", "the program to stop")


def go_on(terminal: Terminal) -> None:
    os.kill(terminal.process.pid, signal.SIGCONT)
    terminal.wait_until(lambda: state(terminal.process.pid) != "T", "the program to go on")


def test_the_shell_gets_its_terminal_and_the_screen_comes_back(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """SIGTSTP leaves every mode, SIGCONT enters them again and paints everything anew."""
    with open_program(scripted(REPLY)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("Said before the stop.")
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        for _ in range(3):
            stop(terminal, signal.SIGTSTP)
            terminal.drain()
            assert_left_clean(terminal)
            terminal.screen.reset()
            go_on(terminal)
            terminal.wait_for("Said before the stop.")
            terminal.wait_for("half a thought")
            assert_in_use(terminal)
        terminal.type(" and the rest\r")
        terminal.wait_for("Said after it.")
        assert "half a thought and the rest" in terminal.text()
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


def test_a_stop_that_cannot_be_noticed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """After SIGSTOP and SIGCONT the screen is painted anew, and the end is as clean as ever."""
    with open_program(scripted(REPLY)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("Said before the stop.")
        stop(terminal, signal.SIGSTOP)
        terminal.drain()
        terminal.screen.reset()
        go_on(terminal)
        terminal.wait_for("Said before the stop.")
        assert_in_use(terminal)
        terminal.type("more\r")
        terminal.wait_for("Said after it.")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


def test_stopped_in_mid_answer_it_goes_on_where_it_was(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """An answer that was streaming when the program was stopped is whole in the end."""
    long = {"text": "word " * 100 + "LAST-WORD", "chunk": 5, "chunk_delay_ms": 10}
    with open_program(scripted([long])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("word word")
        stop(terminal, signal.SIGTSTP)
        go_on(terminal)
        terminal.wait_for("LAST-WORD")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)
