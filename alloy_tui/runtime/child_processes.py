"""Our child processes, as the system lists them, and how to end what is left of them.

Owns the last resort of a shutdown: whatever a tool started in a process group
of its own and did not end itself is killed. Must not know who started what.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def children() -> frozenset[int]:
    """The ids of our direct children; empty where the system has no /proc."""
    found: set[int] = set()
    tasks = Path("/proc/self/task")
    with contextlib.suppress(OSError):
        for task in tasks.iterdir():
            with contextlib.suppress(OSError, ValueError):
                found.update(int(pid) for pid in (task / "children").read_text().split())
    return frozenset(found)


def kill_groups(*, spare: frozenset[int]) -> tuple[int, ...]:
    """Kill the process groups that our children lead, except `spare`; returns their ids.

    Children in our own group are left alone: the terminal's signals reach them.
    """
    killed: list[int] = []
    for pid in children() - spare:
        with contextlib.suppress(OSError):
            if os.getpgid(pid) == pid != os.getpgrp():
                os.killpg(pid, signal.SIGKILL)
                killed.append(pid)
    for pid in killed:
        with contextlib.suppress(OSError):
            os.waitpid(pid, os.WNOHANG)
    return tuple(sorted(killed))
