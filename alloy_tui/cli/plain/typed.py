"""Lines that a person, or a file, types: read on a thread of their own, taken when wanted.

Owns the reading and the order: every line has a number, and `mark` says which
number the next line to be typed will have, so that what was typed before a
question was shown is told from its answer. Times would not do for that: a
line may lie in the terminal for a while before anybody reads it.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class Line(NamedTuple):
    """One line, and the how manieth it is, from 0."""

    number: int
    text: str


class TypedLines:
    """Reads `descriptor` until its end; `ring` is called when something came and at the end."""

    def __init__(self, descriptor: int, ring: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._ring = ring
        self._lines: deque[Line] = deque()
        self._count = 0
        self._begun = b""
        self._over = False
        self._reading = threading.Lock()
        # A daemon: nothing can wake a read from a terminal.
        self._thread = threading.Thread(target=self._read, name="plain-input", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def _read(self) -> None:
        while not self._over:
            self._wait()
            # Only what is there: whoever waits for the lock must not wait for a person.
            with self._reading:
                self._take_in()
            self._ring()

    def _wait(self, timeout_s: float | None = None) -> bool:
        try:
            return bool(select.select([self._descriptor], [], [], timeout_s)[0])
        except (OSError, ValueError):
            return True  # the terminal is gone, which the next read finds out

    def _take_in(self) -> None:
        """Read once if anything is there; the caller holds the lock."""
        if self._over or not self._wait(0):
            return
        data = self._piece()
        *whole, self._begun = (self._begun + data).split(b"\n")
        if not data:
            whole = [self._begun] if self._begun else []
        for line in whole:
            text = line.decode(errors="replace").rstrip("\r")
            self._lines.append(Line(self._count, text))
            self._count += 1
        # Last: who sees the end sees the lines before it.
        self._over = not data

    def _piece(self) -> bytes:
        # Not through sys.stdin: its lock would still be held when the program ends.
        try:
            return os.read(self._descriptor, 65_536)
        except OSError:
            return b""  # the terminal is gone

    def mark(self) -> int:
        """The number of the next line to be typed; for a terminal, where it is soon said.

        Lines that nobody read yet count as typed: they are read first.
        """
        with self._reading:
            while not self._over and self._wait(0):
                self._take_in()
            return self._count

    @property
    def over(self) -> bool:
        """Whether everything was taken and nothing more comes."""
        return self._over and not self._lines

    @property
    def first(self) -> Line | None:
        """The next line, if there is one; it stays."""
        return self._lines[0] if self._lines else None

    def take(self) -> None:
        """Be done with the `first` line."""
        self._lines.popleft()
