"""What an agent has seen of each file, so that it never overwrites what it has not.

Owns the marks in a context's memory under one key. Knows no tool; functions
that touch the disk block.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, cast

import msgspec

from alloy_tui.tools.files import open_regular

_MEMORY_KEY = "read_marks"
_CHUNK = 1 << 20
DIGEST_LIMIT = 64 * _CHUNK
"""Bytes; the content of larger files is not compared, only size and time."""


class ReadMark(msgspec.Struct, frozen=True):
    """A file as an agent last saw it; `digest` is None for one too large to compare."""

    mtime_ns: int
    size: int
    digest: bytes | None


def mark_of(status: os.stat_result, data: bytes) -> ReadMark:
    """The mark of a file whose whole content is `data`."""
    digest = hashlib.blake2b(data).digest() if len(data) <= DIGEST_LIMIT else None
    return ReadMark(status.st_mtime_ns, status.st_size, digest)


class ReadMarks:
    """The marks of one agent, by resolved path."""

    def __init__(self, memory: dict[str, Any]) -> None:
        self._marks = cast("dict[str, ReadMark]", memory.setdefault(_MEMORY_KEY, {}))

    def record(self, path: Path, mark: ReadMark) -> None:
        """The agent knows `path` as `mark` from now on."""
        self._marks[str(path)] = mark

    def seen(self, path: Path) -> bool:
        """Whether the agent has read or written `path`."""
        return str(path) in self._marks

    def is_current(self, path: Path, status: os.stat_result) -> bool:
        """Whether `path`, now of `status`, still is what the agent saw.

        Content decides where it was kept: a mere touch is no change, and a
        change within one tick of the clock is one.
        """
        mark = self._marks.get(str(path))
        if mark is None or mark.size != status.st_size:
            return False
        if mark.digest is None:
            return mark.mtime_ns == status.st_mtime_ns
        return mark.digest == _digest(path)


def _digest(path: Path) -> bytes:
    digest = hashlib.blake2b()
    with open_regular(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
