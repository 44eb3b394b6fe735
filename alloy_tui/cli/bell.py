"""One thing to wait for: the engine has something, or a signal came.

Owns a pipe that both write to. Locks and events would not do: a signal's
handler may interrupt the very code that holds them.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, TypeAlias

_Handler: TypeAlias = Callable[[int, FrameType | None], Any] | int | None

_RING = b"\0"


class Bell:
    """Rung from any thread and by signals; waited for by the main thread."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Wake the waiter; never blocks."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._write, _RING)

    def wait(self, timeout_s: float | None = None) -> list[int]:
        """Wait until rung or for `timeout_s` seconds; returns the signals that came."""
        select.select([self._read], [], [], timeout_s)
        came: list[int] = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._read, 1024):
                came.extend(byte for byte in data if byte)
        return came

    @contextlib.contextmanager
    def listening(self, *signals: signal.Signals) -> Generator[None]:
        """Within it, `signals` ring instead of doing what they did."""
        before: dict[int, _Handler] = {}
        waker = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in signals:
            before[number] = signal.signal(number, _ring_only)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(waker)

    def close(self) -> None:
        """Give the pipe back; to be called when nobody rings any more."""
        os.close(self._read)
        os.close(self._write)


def _ring_only(_number: int, _frame: FrameType | None) -> None:
    """The number is on its way through the pipe already."""
