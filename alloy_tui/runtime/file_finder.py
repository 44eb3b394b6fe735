"""Finding files by name beside the screen: one thread, and only the newest question counts.

Owns when the index is made anew and who is told. The thread starts with the
first question and ends with `close`.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from alloy_tui.runtime.file_index import (
    FileIndex,
    Listing,
    browse,
    is_outside,
    list_files,
)
from alloy_tui.runtime.port import FoundFiles

FRESH_S = 3.0
"""How old an index may be before a question has it made anew."""


Answer: TypeAlias = Callable[[FoundFiles], object]
Lister: TypeAlias = Callable[[Path, Callable[["subprocess.Popen[bytes]"], object]], Listing]


class FileFinder:
    """Thread-safe; answers come from its own thread."""

    def __init__(self, folder: Callable[[], str], *, lister: Lister = list_files) -> None:
        self._folder = folder
        self._lister = lister
        self._changed = threading.Condition()
        self._asked: tuple[str, int, Answer] | None = None
        self._number = 0
        self._thread: threading.Thread | None = None
        self._git: subprocess.Popen[bytes] | None = None
        self._index: FileIndex | None = None
        self._index_of = ""
        self._made_s = float("-inf")
        self._closed = False

    def find(self, query: str, limit: int, then: Answer) -> None:
        """Tell `then` the files that match `query`; an unanswered earlier question is dropped."""
        with self._changed:
            if self._closed:
                return
            self._number += 1
            self._asked = (query, limit, then)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="alloy-files", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the thread, and git with it."""
        with self._changed:
            self._closed = True
            self._number += 1
            thread, git = self._thread, self._git
            self._changed.notify()
        if git is not None:
            with contextlib.suppress(OSError):
                git.kill()
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._asked is None and not self._closed:
                    self._changed.wait()
                if self._closed or self._asked is None:
                    return
                (query, limit, then), self._asked = self._asked, None
                number = self._number
            self._answer(query, limit, then, number)

    def _answer(self, query: str, limit: int, then: Answer, number: int) -> None:
        folder = self._folder()
        if is_outside(query):
            then(FoundFiles(query, tuple(browse(Path(folder), query, limit))))
            return
        if folder != self._index_of:
            self._index, self._index_of, self._made_s = None, folder, float("-inf")
        stale = time.monotonic() - self._made_s > FRESH_S
        self._search(query, limit, then, number, settled=not stale)
        if not stale:
            return
        listing = self._lister(Path(folder), self._remember)
        self._git = None
        if self._closed:
            return
        self._index = FileIndex(listing)
        self._made_s = time.monotonic()
        self._search(query, limit, then, number, settled=True)

    def _search(self, query: str, limit: int, then: Answer, number: int, *, settled: bool) -> None:
        index = self._index
        if index is None:
            then(FoundFiles(query, (), settled=False))
            return
        found = index.search(query, limit, lambda: self._number != number)
        if found is not None:
            then(FoundFiles(query, tuple(found), settled, index.complete))

    def _remember(self, process: subprocess.Popen[bytes]) -> None:
        self._git = process
        if self._closed:
            process.kill()
