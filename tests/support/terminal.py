"""A real pseudo-terminal with a screen behind it, to use the program as a person would.

`Terminal` starts a program in a PTY, keeps every byte it wrote and an emulated
screen (pyte). Waiting is for something to appear, never for time to pass.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte


class Terminal:
    """A program in a PTY of `columns` x `rows`; use as a context manager."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        columns: int = 100,
        rows: int = 30,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.argv = list(argv)
        self.cwd = cwd
        self.record = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            **(environment or {}),
        }
        self._size = (rows, columns)

    def __enter__(self) -> Self:
        self.master, slave = pty.openpty()
        self._set_size(*self._size)
        self.modes_before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            self.argv,
            cwd=self.cwd,
            env=self._environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509 - single-threaded child setup needs it
        )
        self._slave = slave
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        os.close(self._slave)
        os.close(self.master)

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """Change the window as dragging its corner does."""
        self.screen.resize(rows, columns)
        self._set_size(rows, columns)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def type(self, text: str) -> None:
        """Send keys."""
        os.write(self.master, text.encode())

    def click(self, text: str, *, offset: int = 0) -> None:
        """Press and release the left button on the first place where `text` stands."""
        for row, line in enumerate(self.lines()):
            column = line.find(text)
            if column >= 0:
                x, y = column + 1 + offset, row + 1
                self.type(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")
                return
        raise AssertionError(f"nothing to click: {text!r} is not on the screen\n{self.text()}")

    def pump(self, wait_s: float = 0.05) -> bool:
        """Read what is there; False when the program closed its side."""
        ready, _, _ = select.select([self.master], [], [], wait_s)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.record += data
        # pyte has no idea of synchronised output and kitty keys; both are harmless to drop.
        self._stream.feed(data.replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b""))
        return bool(data)

    def lines(self) -> list[str]:
        """The screen's rows."""
        return list(self.screen.display)

    def text(self) -> str:
        """The screen as text, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.lines()).rstrip()

    def wait_until(self, condition: Callable[[], bool], what: str, limit_s: float = 30) -> None:
        """Read until `condition` holds; the limit only bounds a failing test."""
        end = time.monotonic() + limit_s
        alive = True
        while not condition():
            if time.monotonic() > end or not alive:
                raise AssertionError(f"never came: {what}\n--- screen ---\n{self.text()}")
            alive = self.pump()

    def wait_for(self, text: str, limit_s: float = 30) -> None:
        """Read until `text` stands on the screen."""
        self.wait_until(lambda: text in self.text(), repr(text), limit_s)

    def wait_gone(self, text: str, limit_s: float = 30) -> None:
        """Read until `text` stands nowhere on the screen."""
        self.wait_until(lambda: text not in self.text(), f"{text!r} to go", limit_s)

    def wait_exit(self, limit_s: float = 15) -> int:
        """Read until the program ends; its return code."""
        end = time.monotonic() + limit_s
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it did not end\n--- screen ---\n{self.text()}")
            self.pump()
        while select.select([self.master], [], [], 0.05)[0] and self.pump(0):
            pass
        return self.process.returncode

    def modes_restored(self) -> bool:
        """Whether the line discipline is as it was before the program started."""
        return termios.tcgetattr(self._slave) == self.modes_before


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
