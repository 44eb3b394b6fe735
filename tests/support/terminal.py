"""A real pseudo-terminal with a screen behind it, to use the program as a person would.

`Terminal` starts a program in a PTY, keeps every byte it wrote and an emulated
screen (pyte). Waiting is for something to appear, never for time to pass.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
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

# What a terminal of today answers; the names are what `answers` takes.
QUERIES: dict[str, tuple[re.Pattern[bytes], Callable[[re.Match[bytes]], bytes]]] = {
    "sync": (re.compile(rb"\x1b\[\?2026\$p"), lambda _: b"\x1b[?2026;2$y"),
    "in_band_resize": (re.compile(rb"\x1b\[\?2048\$p"), lambda _: b"\x1b[?2048;0$y"),
    "device": (re.compile(rb"\x1b\[0?c"), lambda _: b"\x1b[?62;22;52c"),
    "cursor": (re.compile(rb"\x1b\[6n"), lambda _: b"\x1b[1;1R"),
    "colours": (
        re.compile(rb"\x1b\]1([01]);\?(?:\x07|\x1b\\)"),
        lambda m: b"\x1b]1%s;rgb:1e1e/1e1e/2e2e\x1b\\" % m[1],
    ),
    "kitty_keys": (re.compile(rb"\x1b\[\?u"), lambda _: b"\x1b[?0u"),
}

_SIZES = ("COLUMNS", "LINES")


class Terminal:
    """A program in a PTY of `columns` x `rows`; use as a context manager.

    It answers no query unless `answers` names it (see `QUERIES`).
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        columns: int = 100,
        rows: int = 30,
        environment: dict[str, str] | None = None,
        answers: Sequence[str] = (),
    ) -> None:
        self.argv = list(argv)
        self.cwd = cwd
        self._record = bytearray()
        self.answered: list[str] = []
        self._answers = answers
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        # A worker of the test run may have a size of its own in its environment.
        outer = {name: value for name, value in os.environ.items() if name not in _SIZES}
        self._environment = {
            **outer,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            **(environment or {}),
        }
        self._size = (rows, columns)

    @property
    def record(self) -> bytes:
        """Every byte that the program wrote."""
        return bytes(self._record)

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
        """Change the window as dragging its corner does; the kernel sends SIGWINCH."""
        self.screen.resize(rows, columns)
        self._set_size(rows, columns)

    def type(self, text: str | bytes) -> None:
        """Send keys."""
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def escape(self) -> None:
        """Escape as the newer key protocol writes it: what comes next is not taken for Alt."""
        self.type("\x1b[27u")

    def paste(self, text: str) -> None:
        """Paste as a terminal with bracketed paste does."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def mouse(self, button: int, column: int, row: int, *, up: bool = False) -> None:
        """Report a button (64 and 65: wheel, +32: moved) at a cell counted from 0."""
        self.type(f"\x1b[<{button};{column + 1};{row + 1}{'m' if up else 'M'}")

    def find(self, text: str) -> tuple[int, int]:
        """Column and row where `text` first stands."""
        for row, line in enumerate(self.lines()):
            if (column := line.find(text)) >= 0:
                return column, row
        raise AssertionError(f"{text!r} is not on the screen\n{self.text()}")

    def click(self, text: str, *, offset: int = 0) -> None:
        """Press and release the left button on the first place where `text` stands."""
        column, row = self.find(text)
        self.mouse(0, column + offset, row)
        self.mouse(0, column + offset, row, up=True)

    def pump(self, wait_s: float = 0.05, limit: int = 65536) -> bool:
        """Read at most `limit` bytes of what is there; False when the other side is closed."""
        ready, _, _ = select.select([self.master], [], [], wait_s)
        if not ready:
            return True
        try:
            data = os.read(self.master, limit)
        except OSError:
            return False
        self._record += data
        for name in self._answers:
            pattern, answer = QUERIES[name]
            for query in pattern.finditer(data):
                self.answered.append(name)
                self.type(answer(query))
        # pyte has no idea of kitty keys; they are harmless to drop.
        self._stream.feed(re.sub(rb"\x1b\[[<>=][0-9;]*u", b"", data))
        return bool(data)

    def drain(self) -> None:
        """Read until nothing more comes."""
        while self._has_more() and self.pump(0):
            pass

    def lines(self) -> list[str]:
        """The screen's rows."""
        return list(self.screen.display)

    def text(self) -> str:
        """The screen as text, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.lines()).rstrip()

    def wait_until(self, condition: Callable[[], bool], what: str, limit_s: float = 60) -> None:
        """Read until `condition` holds; the limit only bounds a failing test."""
        end = time.monotonic() + limit_s
        alive = True
        while not condition():
            if time.monotonic() > end or not alive:
                raise AssertionError(f"never came: {what}\n--- screen ---\n{self.text()}")
            running = self.process.poll() is None
            alive = self.pump() and (running or self._has_more())

    def wait_for(self, text: str, limit_s: float = 60) -> None:
        """Read until `text` stands on the screen."""
        self.wait_until(lambda: text in self.text(), repr(text), limit_s)

    def wait_gone(self, text: str, limit_s: float = 60) -> None:
        """Read until `text` stands nowhere on the screen."""
        self.wait_until(lambda: text not in self.text(), f"{text!r} to go", limit_s)

    def wait_exit(self, limit_s: float = 60) -> int:
        """Read until the program ends; its return code."""
        end = time.monotonic() + limit_s
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it did not end\n--- screen ---\n{self.text()}")
            self.pump()
        self.drain()
        return self.process.returncode

    def _has_more(self) -> bool:
        return bool(select.select([self.master], [], [], 0.05)[0])

    def modes_restored(self) -> bool:
        """Whether the line discipline is as it was before the program started."""
        return termios.tcgetattr(self._slave) == self.modes_before


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
