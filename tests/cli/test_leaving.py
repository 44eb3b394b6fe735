"""Whatever ends the program, nothing that it started goes on."""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from alloy_tui.runtime.local_server import find_installed
from tests.cli.support import model, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= {int(child)} | descendants(int(child))
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_running_command_does_not_outlive_the_program(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A bash call with a background child ends with the program, kill -9 included."""
    child = start(
        "run", "-p", "x", "--approve", "all", "--json", "--model", model("sleeps"), cwd=tmp_path
    )
    try:
        assert child.stdout
        while "tool_started" not in child.stdout.readline():
            pass
        below: set[int] = set()
        while sum("sleep" in _name(pid) for pid in below) < 2:
            below = descendants(child.pid)
        watches = [os.pidfd_open(pid) for pid in below]
        child.send_signal(number)
        child.communicate(timeout=20)
        for watch in watches:
            ended, _, _ = select.select([watch], [], [], 10)
            os.close(watch)
            assert ended
    finally:
        child.kill()
        child.wait()


@pytest.mark.realmodel
@pytest.mark.skipif(find_installed() is None, reason="the extra local is missing")
def test_the_local_models_server_does_not_outlive_a_killed_program() -> None:
    """SIGKILL in the middle of a real answer leaves no process."""
    child = start("run", "-p", "Tell a long story.", "--json", "--model", "local/smollm2-135m")
    try:
        assert child.stdout
        while "_delta" not in (line := child.stdout.readline()):
            assert line, child.stderr and child.stderr.read()
        below = descendants(child.pid)
        assert below
        watches = [os.pidfd_open(pid) for pid in below]
        child.kill()
        child.communicate(timeout=20)
        for watch in watches:
            ended, _, _ = select.select([watch], [], [], 10)
            os.close(watch)
            assert ended
    finally:
        child.kill()
        child.wait()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
