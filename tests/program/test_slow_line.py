"""At the end of a slow or stopped line: frames are left out, keys are not, and the end comes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program.modes import assert_left_clean
from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

RATE_BYTES, STEP_S = 2000, 0.05
ANSWER = "\n\n".join(f"paragraph {number} with a few words of its own" for number in range(400))


def bash(command: str) -> dict[str, Any]:
    return {"tool_calls": [{"name": "bash", "arguments": {"command": command}}]}


# Two requests that leave a file behind when they are through. The first call ends when the shell
# command has run that is typed behind the message: then the message is surely on its way.
WAITING = "touch first; until [ -e typed ]; do sleep 0.02; done"
REPLIES = [
    {"text": ANSWER, "chunk": 40, "chunk_delay_ms": 2, **bash(WAITING)},
    {"expect": "typed on a slow line", "text": "Read.", **bash("touch second")},
    {"text": "LAST-WORD"},
]
TYPED = "typed on a slow line\r!touch typed\r"


def resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def trickle(terminal: Terminal, until: Callable[[], bool], limit_s: float = 90) -> None:
    """Read 2 kB a second until the condition holds."""
    end = time.monotonic() + limit_s
    while not until():
        assert time.monotonic() < end, f"never came\n{terminal.text()}"
        next_s = time.monotonic() + STEP_S
        terminal.pump(STEP_S, int(RATE_BYTES * STEP_S))
        while (rest_s := next_s - time.monotonic()) > 0 and not until():
            time.sleep(min(rest_s, 0.01))  # the rate is what is simulated


def test_two_kilobytes_a_second(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """Streaming goes on, keys count, memory does not grow with what is not shown, /quit ends."""
    with open_program(scripted(REPLIES), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        before_kb = resident_kb(terminal.process.pid)
        terminal.type("go\r")
        trickle(terminal, (project / "first").exists)
        terminal.type(TYPED)
        trickle(terminal, (project / "second").exists)
        assert resident_kb(terminal.process.pid) - before_kb < 40_000
        before_quit = len(terminal.record)
        terminal.type("/quit\r")
        trickle(terminal, lambda: terminal.process.poll() is not None)
        # The kernel holds some kilobytes that were written before; the frames behind them are gone.
        terminal.drain()
        assert len(terminal.record) - before_quit < RATE_BYTES * 20
        assert terminal.process.returncode == 0
        assert_left_clean(terminal)


def test_a_reader_that_stops_and_goes_on(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """While nobody reads, the agent works on; afterwards the screen is whole."""
    with open_program(scripted(REPLIES), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        wait_for_file(project / "first")
        terminal.type(TYPED)
        wait_for_file(project / "second")
        terminal.wait_for("LAST-WORD")
        terminal.wait_for("typed on a slow line")
        terminal.type("and now")
        terminal.wait_for("❯ and now")
        terminal.type("\x15/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


@pytest.mark.parametrize("how", ["quit", "SIGTERM"])
def test_nobody_reads_any_more(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path, how: str
) -> None:
    """The program ends although its terminal takes nothing; its last words are in the line."""
    with open_program(scripted(REPLIES), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        wait_for_file(project / "first")
        if how == "quit":
            terminal.type("/quit\r")
        else:
            os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.process.wait(60)
        terminal.drain()
        assert_left_clean(terminal)


def wait_for_file(path: Path, limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.02)  # nothing may be read meanwhile: that is the test
