"""Running a command below a supervisor: output as it comes, an end that is certain.

Owns the program's side of `supervisor.py`: pipes, deadline, stop, the last
resort. Blocks; callers run it in a thread. Knows nothing of shells or models.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from alloy_tui.domain.errors import ToolError
from alloy_tui.tools.threads import Stop

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_CHUNK = 1 << 16
_BEAT_S = 0.05
_LAST_RESORT_S = 8.0  # beyond the grace: the supervisor itself hangs
_DRAIN_S = 0.5  # for output that someone beyond our reach keeps open


class Ending(msgspec.Struct, frozen=True):
    """How a command ended.

    `exit_code` is None unless it ended by itself (128 + N for signal N).
    `left_over` counts processes that were still there when it did.
    """

    exit_code: int | None
    timed_out: bool
    stopped: bool
    left_over: int
    duration_s: float


class Command(msgspec.Struct, frozen=True):
    """What to run: an absolute program with arguments, where, with what, for how long."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    timeout_s: float
    grace_s: float = 1.5


def run(
    command: Command,
    stop: Stop,
    on_output: Callable[[bytes], None],
    on_beat: Callable[[], None] = lambda: None,
) -> Ending:
    """Run `command` to its end, its timeout or `stop`; nothing that it started stays.

    `on_output` takes pieces of stdout and stderr, merged; `on_beat` is called
    about twenty times a second. Raises ToolError if it cannot be started.
    """
    with _Run(command, stop) as running:
        return running.pump(on_output, on_beat)


class _Run:
    """One command's pipes and what is known of it."""

    def __init__(self, command: Command, stop: Stop) -> None:
        self._command = command
        self._stop = stop
        self._started_s = time.monotonic()
        self._open: list[int] = []
        self._lines = b""
        self._pid = 0
        self._exit: int | None = None
        self._left_over = 0
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        output, output_write = self._pipe()
        status, status_write = self._pipe()
        control_read, control = self._pipe()
        wake, wake_write = self._pipe()
        self._output, self._status, self._control = output, status, control
        self._wake, self._wake_write = wake, wake_write
        grace = str(self._command.grace_s)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - to run commands is what this is for
                [
                    *(sys.executable, "-I", "-S", str(_SUPERVISOR)),
                    *(str(control_read), str(status_write), grace),
                    *(str(self._command.cwd), *self._command.argv),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=output_write,
                env=self._command.environment,
                cwd="/",
                start_new_session=True,
                pass_fds=(control_read, status_write),
            )
        except (OSError, ValueError) as error:
            self._close_pipes()
            raise ToolError(f"The command cannot be started: {error}.") from None
        for descriptor in (output_write, status_write, control_read):
            self._close(descriptor)
        for descriptor in (output, status, wake):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._stop.on_set(lambda: _poke(wake_write))
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.on_set(None)
        self._selector.close()
        if self._process.poll() is None:
            self._tell_to_end()
            try:
                self._process.wait(self._command.grace_s + _LAST_RESORT_S)
            except subprocess.TimeoutExpired:
                self._last_resort()
        self._process.wait()
        self._close_pipes()

    def pump(self, on_output: Callable[[bytes], None], on_beat: Callable[[], None]) -> Ending:
        until = self._started_s + self._command.timeout_s
        beat = 0.0
        timed_out = stopped = ending = False
        while True:
            now = time.monotonic()
            if now >= until:
                if ending:
                    self._last_resort()
                    break
                timed_out = True
            if self._stop.is_set() and not ending:
                stopped, timed_out = True, False
            if (timed_out or stopped) and not ending:
                ending = True
                until = now + self._command.grace_s + _LAST_RESORT_S
                self._tell_to_end()
            ready = {
                key.fd for key, _ in self._selector.select(min(_BEAT_S, max(0.0, until - now)))
            }
            if self._wake in ready:
                self._selector.unregister(self._wake)
            if self._output in ready:
                self._read_output(on_output)
            if now >= beat:
                beat = now + _BEAT_S
                on_beat()
            if self._status in ready and not self._read_status():
                break
        self._drain(on_output)
        whole = not (timed_out or stopped)
        return Ending(
            exit_code=_exit_code(self._exit) if whole else None,
            timed_out=timed_out,
            stopped=stopped,
            left_over=self._left_over if whole else 0,
            duration_s=time.monotonic() - self._started_s,
        )

    def _read_output(self, on_output: Callable[[bytes], None]) -> bool:
        """One piece; false at the end of the pipe."""
        try:
            piece = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return True
        if piece:
            on_output(piece)
            return True
        self._selector.unregister(self._output)
        return False

    def _drain(self, on_output: Callable[[bytes], None]) -> None:
        """What is still in the pipe once everything below the supervisor is gone."""
        until = time.monotonic() + _DRAIN_S
        if self._output not in self._selector.get_map():
            return
        while (left_s := until - time.monotonic()) > 0:
            ready = {key.fd for key, _ in self._selector.select(left_s)}
            if self._output in ready and not self._read_output(on_output):
                return

    def _read_status(self) -> bool:
        """Take status lines; false once the supervisor is gone."""
        try:
            piece = os.read(self._status, 4096)
        except BlockingIOError:
            return True
        if not piece:
            self._selector.unregister(self._status)
            return False
        *lines, self._lines = (self._lines + piece).split(b"\n")
        for line in lines:
            word, _, value = line.partition(b" ")
            match word:
                case b"pid":
                    self._pid = int(value)
                case b"exit":
                    self._exit = int(value)
                case b"ended":
                    self._left_over = int(value)
                case b"failed":
                    words = os.strerror(int(value))
                    raise ToolError(f"The command cannot be started in this folder: {words}.")
                case _:
                    continue
        return True

    def _tell_to_end(self) -> None:
        self._close(self._control)

    def _last_resort(self) -> None:
        """The supervisor does not answer: end it and the command's group from here."""
        for kill, pid in ((os.killpg, self._pid), (os.kill, self._process.pid)):
            if pid:
                with contextlib.suppress(OSError):
                    kill(pid, signal.SIGKILL)

    def _pipe(self) -> tuple[int, int]:
        pair = os.pipe()
        self._open += pair
        return pair

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.remove(descriptor)
            os.close(descriptor)

    def _close_pipes(self) -> None:
        for descriptor in tuple(self._open):
            self._close(descriptor)


def _poke(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, b".")


def _exit_code(status: int | None) -> int | None:
    if status is None:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
