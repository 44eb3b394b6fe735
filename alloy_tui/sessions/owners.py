"""Which program writes to a session, and whether it still lives.

Owns how a process is told from a later one with the same number: by the boot of
the machine, its start time and its process namespace. Must not know of tables.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import msgspec


class Process(msgspec.Struct, frozen=True):
    """A process beyond doubt; parts that this system does not tell are ""."""

    pid: int
    boot: str
    started: str
    space: str

    def alive(self) -> bool:
        """Whether it still runs. True when that cannot be known."""
        me = myself()
        if self.boot != me.boot:
            return not (self.boot and me.boot)
        if self.space != me.space:
            return True  # another container: its numbers mean nothing here
        if not _exists(self.pid):
            return False
        started = _started(self.pid)
        return not started or not self.started or started == self.started


def running(pid: int) -> bool:
    """Whether a process of that number runs on this machine, whichever it is."""
    return _exists(pid)


def myself() -> Process:
    """This process."""
    return _process(os.getpid())  # asked each time: a fork has another number


@cache
def _process(pid: int) -> Process:
    return Process(pid, _boot(), _started(pid), _space())


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """The fields of the process after its name, which may hold anything; [] if unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return []


def _started(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _is_zombie(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] in "ZX"
