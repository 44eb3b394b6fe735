"""Our child processes, as the system lists them, and how to end what is left of them.

Owns the last resort of a shutdown: whatever a tool started in a process group
of its own and did not end itself is killed, with all that is below it. Must
not know who started what.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def children(pid: int | None = None) -> frozenset[int]:
    """The ids of the direct children of `pid`, or of this process; empty without /proc."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid or 'self'}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                found.update(int(child) for child in (task / "children").read_text().split())
    return frozenset(found)


def descendants(pid: int) -> tuple[int, ...]:
    """Everything below `pid`, deepest first."""
    found: list[int] = []
    for child in children(pid):
        found.extend(descendants(child))
        found.append(child)
    return tuple(found)


def kill_groups(*, spare: frozenset[int]) -> tuple[int, ...]:
    """Kill our children that lead a process group of their own, and all below them.

    Children in `spare` and children in our own group are left alone; the
    terminal's signals reach the latter. Returns the ids of the children killed.
    """
    killed: list[int] = []
    for pid in children() - spare:
        with contextlib.suppress(OSError):
            if os.getpgid(pid) != pid:
                continue
            # What is below may sit in groups of its own, and goes first: with its
            # parent gone it would be nobody's child.
            for below in descendants(pid):
                with contextlib.suppress(OSError):
                    os.kill(below, signal.SIGKILL)
            os.killpg(pid, signal.SIGKILL)
            killed.append(pid)
    for pid in killed:
        with contextlib.suppress(OSError):
            os.waitpid(pid, os.WNOHANG)
    return tuple(sorted(killed))
