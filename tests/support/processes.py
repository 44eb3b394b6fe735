"""Which processes descend from one, and whether they are gone; Linux only (/proc)."""

from __future__ import annotations

from pathlib import Path


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and parent of a process, None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def state(pid: int) -> str:
    """The state of a process as the kernel writes it: R, S, T for stopped, Z for ended, ""."""
    found = _stat(pid)
    return found[0] if found is not None else ""


def descendants(pid: int) -> set[int]:
    """All living processes below `pid`."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = stat[1]
    found: set[int] = set()
    level = {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found |= level
    return found


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that still run; a zombie has ended."""
    return {p for p in pids if (stat := _stat(p)) is not None and stat[0] not in "ZX"}


def command_line(pid: int) -> str:
    """The words a process was started with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""
