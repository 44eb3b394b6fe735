"""However the program ends, it leaves the terminal usable and nothing running."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program.modes import assert_left_clean
from tests.support.processes import alive, command_line, descendants
from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def test_quit_leaves_the_terminal_as_it_was(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    with open_program(scripted([{"text": "Hello there."}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("Hello there.")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


def test_the_last_line_says_how_to_go_on_and_doing_so_goes_on(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """On the normal screen, after everything; where nothing was said there is nothing to say."""
    model = scripted([{"text": "Hello there."}])
    with open_program(model) as terminal:
        terminal.wait_for("scripted")
        terminal.type("how are you\r")
        terminal.wait_for("Hello there.")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        after = terminal.record.rpartition(b"\x1b[?1049l")[2].decode()
    line = re.search(r"Go on with this session: alloy --resume (\w+)\r\n", after)
    assert line, after
    assert len(after[line.end() :].strip("\r\n").splitlines()) <= 1
    with open_program(model, "--resume", line[1]) as terminal:
        terminal.wait_for("Hello there.")
        assert "how are you" in terminal.text()
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
    with open_program(model) as terminal:
        terminal.wait_for("scripted")
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
        assert b"--resume" not in terminal.record


@pytest.mark.parametrize(
    "page",
    ["/settings\r", "/help\r", "/model\r", "/resume\r", "/usage\r", "/team\r", "/tree\r", "\x10"],
)
def test_who_leaves_right_after_opening_a_page_leaves(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], page: str
) -> None:
    with open_program(scripted([{"text": "Hello there."}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type(f"{page}\x11")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1]
)
def test_a_signal_in_mid_answer_leaves_the_terminal_as_it_was(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], number: signal.Signals
) -> None:
    long = {"text": "word " * 400, "chunk": 5, "chunk_delay_ms": 20}
    with open_program(scripted([long])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("word word")
        children = descendants(terminal.process.pid)
        os.kill(terminal.process.pid, number)
        assert terminal.wait_exit() in {0, 128 + number, -number}
        assert_left_clean(terminal)
        terminal.wait_until(lambda: not alive(children), "the children to end")


def test_kill_nine_leaves_no_child_behind(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """A command that runs when the program is killed outright dies with it, daemons included."""
    command = "setsid sleep 4242 & (sleep 4243; touch late) & echo started; sleep 4244"
    call: dict[str, Any] = {"tool_calls": [{"name": "bash", "arguments": {"command": command}}]}
    with open_program(scripted([call]), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")

        def sleeping() -> set[int]:
            return {p for p in descendants(terminal.process.pid) if "sleep 42" in command_line(p)}

        terminal.wait_until(lambda: len(sleeping()) >= 3, "the commands to start")
        family = descendants(terminal.process.pid)
        os.kill(terminal.process.pid, signal.SIGKILL)
        terminal.wait_until(lambda: not alive(family), f"all of {family} to end")
    assert not (project / "late").exists()
