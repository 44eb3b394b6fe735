"""Copies of what no one has changed yet, so that what a command overwrites can be put back.

Owns one nameless file on disk, which vanishes with the program however it
ends. The newest files go in first, until the budget is used up. Only what a
session then really changed goes on to the store; the rest is never kept.

A hard link would be cheaper and wrong: a file written in place changes under
all its names. Copies are made by the kernel where it can, so they cost no
interpreter time to speak of.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from alloy_tui.workspace.places import Place
from alloy_tui.workspace.states import Stamp

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PIECE = 1 << 20


class Reserve:
    """Belongs to one thread. `folder` is where the nameless file lies."""

    def __init__(self, folder: Path, *, budget: int, largest: int) -> None:
        self._folder = folder
        self._budget = budget
        self._largest = largest
        self._file: int | None = None
        self._end = 0
        self._live = 0
        self._held: dict[str, tuple[Stamp, int]] = {}
        self.full = False

    def __contains__(self, path: str) -> bool:
        return path in self._held

    @property
    def files(self) -> int:
        """How many are held."""
        return len(self._held)

    @property
    def bytes(self) -> int:
        """How much they hold."""
        return self._live

    def wanting(self, files: Iterable[tuple[str, Stamp]]) -> list[tuple[str, Stamp]]:
        """Those of `files` that are not held as they are, the last to be copied first."""
        held = self._held
        lacking = [
            (path, stamp)
            for path, stamp in files
            if stamp.size <= self._largest and held.get(path, (None,))[0] != stamp
        ]
        lacking.sort(key=lambda each: each[1].mtime_ns)
        return lacking

    def fill(
        self, place: Place, lacking: list[tuple[str, Stamp]], more: Callable[[], bool]
    ) -> None:
        """Copy from the end of `lacking`, emptying it, for as long as `more` says so."""
        while lacking and more():
            path, stamp = lacking.pop()
            if self._end + stamp.size > self._room():
                self.full = True
                lacking.clear()
                return
            with contextlib.suppress(OSError):
                self._copy(place, path, stamp)

    def get(self, path: str, stamp: Stamp) -> bytes | None:
        """What the file at `path` held when it had that stamp."""
        held = self._held.get(path)
        if held is None or held[0] != stamp or self._file is None:
            return None
        pieces, at, end = list[bytes](), held[1], held[1] + stamp.size
        with contextlib.suppress(OSError):
            while at < end and (piece := os.pread(self._file, min(_PIECE, end - at), at)):
                pieces.append(piece)
                at += len(piece)
        return b"".join(pieces) if at == end else None

    def forget(self, path: str) -> None:
        """It is changed, or followed in another way from now on."""
        held = self._held.pop(path, None)
        if held is not None:
            self._live -= held[0].size
        if self._live < self._end // 2 and self._end > self._budget // 2:
            self.close()  # mostly of no use any more: what still is will be copied anew

    def close(self) -> None:
        """Forget all."""
        file, self._file = self._file, None
        self._held.clear()
        self._end = self._live = 0
        self.full = False
        if file is not None:
            os.close(file)

    def _room(self) -> int:
        if self._file is None:
            with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
                self._file = os.dup(file.fileno())
            free = shutil.disk_usage(self._folder).free
            self._budget = min(self._budget, free // 10)
        return self._budget

    def _copy(self, place: Place, path: str, stamp: Stamp) -> None:
        assert self._file is not None
        folder, _, name = path.rpartition("/")
        with place.opened(folder) as fd:
            source = os.open(name, _READ, dir_fd=fd)
        try:
            if Stamp.of(os.fstat(source)) != stamp:
                return
            start, left = self._end, stamp.size
            while left > 0 and (copied := _move(source, self._file, self._end, left)):
                self._end += copied
                left -= copied
            if left or Stamp.of(os.fstat(source)) != stamp:
                self._end = start
                return
        finally:
            os.close(source)
        former = self._held.get(path)
        self._held[path] = (stamp, start)
        self._live += stamp.size - (former[0].size if former else 0)


def _move(source: int, target: int, at: int, count: int) -> int:
    """Copy up to `count` bytes from where `source` stands to `at`; how many it were."""
    if hasattr(os, "copy_file_range"):
        with contextlib.suppress(OSError):  # not between these two file systems
            return os.copy_file_range(source, target, count, offset_dst=at)
    return os.pwrite(target, os.read(source, min(count, _PIECE)), at)
