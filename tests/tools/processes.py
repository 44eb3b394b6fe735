"""Looking for processes by a mark in their command line, and waiting for them to go."""

from __future__ import annotations

import secrets
from pathlib import Path

import anyio
import pytest

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="survivors are looked for in /proc"
)


def unique_seconds() -> str:
    """A number for `sleep` that no other process has on its command line."""
    return f"9{secrets.randbelow(10**6):06}.{secrets.randbelow(10**9):09}"


def alive(mark: str, starts_with: str = "") -> list[int]:
    """The processes, zombies left out, with `mark` on a command line that starts so."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if mark.encode() in line and line.startswith(starts_with.encode()):
            found.append(int(path.parent.name))
    return found


async def until_gone(mark: str, within_s: float = 60) -> None:
    """Return as soon as no such process is left; TimeoutError if that does not happen."""
    with anyio.fail_after(within_s):
        while alive(mark):  # noqa: ASYNC110 - the kernel sets no event of ours
            await anyio.sleep(0.01)


async def until_asleep(mark: str, within_s: float = 60) -> None:
    """Return as soon as a `sleep` with `mark` runs."""
    with anyio.fail_after(within_s):
        while not alive(mark, "sleep\0"):  # noqa: ASYNC110 - likewise
            await anyio.sleep(0.01)
