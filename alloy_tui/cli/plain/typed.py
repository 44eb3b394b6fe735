"""Lines that a person, or a file, types: read on a thread of their own, taken when wanted.

Owns the reading and the time at which each line came; a line that was typed
before a question was asked is no answer to it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable


class TypedLines:
    """Reads `descriptor` until its end; `ring` is called when something came and at the end."""

    def __init__(self, descriptor: int, ring: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._ring = ring
        self._lines: deque[tuple[float, str]] = deque()
        self._over = False
        # A daemon: nothing can wake a read from a terminal.
        self._thread = threading.Thread(target=self._read, name="plain-input", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def _read(self) -> None:
        begun = b""
        # Not through sys.stdin: its lock would still be held when the program ends.
        while data := self._piece():
            *whole, begun = (begun + data).split(b"\n")
            for line in whole:
                self._keep(line)
            self._ring()
        if begun:
            self._keep(begun)
        self._over = True
        self._ring()

    def _piece(self) -> bytes:
        try:
            return os.read(self._descriptor, 65_536)
        except OSError:
            return b""  # the terminal is gone

    def _keep(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self._lines.append((time.monotonic(), text))

    @property
    def over(self) -> bool:
        """Whether everything was taken and nothing more comes."""
        return self._over and not self._lines

    def take(self) -> str | None:
        """The next line, if there is one."""
        return self._lines.popleft()[1] if self._lines else None

    def take_since(self, moment_s: float) -> str | None:
        """The oldest line typed at `moment_s` (monotonic seconds) or later; earlier ones stay."""
        for index, (typed_s, text) in enumerate(self._lines):
            if typed_s >= moment_s:
                del self._lines[index]
                return text
        return None
