"""Textual's driver for terminals with our own gate before it and our own writer behind it.

Owns what leans on the driver's inside: the reading thread, leaving and coming
back. Import it only where `base` found the names that it needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import select
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, cast

from textual import constants, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.signal import Signal

from alloy_tui.ui.terminal.incoming import Gate, Input, Keys
from alloy_tui.ui.terminal.outgoing import Output

PATIENCE_S = 2.0
"""How long a terminal that takes nothing may hold up the end of the program."""

_GRAIN_S = 0.01  # the parser's clock must be past its time, not at it

_log = logging.getLogger(__name__)


class TerminalDriver(LinuxDriver):
    """Reads through a `Gate`, writes through an `Output`; neither can stop the program."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._loop_of_app = asyncio.get_running_loop()
        super().__init__(*args, **options)  # pyright: ignore[reportUnknownMemberType] - untyped upstream
        self._output: Output | None = None
        self._frame: list[str] | None = None
        self._wake_read, self._wake_write = os.pipe()
        # Signal handlers run in no app's context.
        self._context = contextvars.copy_context()

    @property
    def behind(self) -> bool:
        """Whether the terminal has not kept up; the app is told by `caught_up` when it has."""
        return self._output is not None and self._output.behind

    def _caught_up(self) -> None:
        told = getattr(self._app, "caught_up", None)
        if told is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop_of_app.call_soon_threadsafe(told)

    def send_message(self, message: Message) -> None:
        """Hand `message` to the app, from any thread; without a task for each, as the base has."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop_of_app.call_soon_threadsafe(
                self._app.post_message, message, context=self._context
            )

    # -- writing --------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """Write or queue `data`; returns at once."""
        if self._frame is not None:
            self._frame.append(data)
        elif self._output is not None:
            self._output.write(data)

    @contextlib.contextmanager
    def frame(self, *, may_drop: bool = True) -> Generator[None]:
        """What is written within it is one frame: it goes out in one piece, or may be dropped."""
        pieces: list[str] = []
        self._frame = pieces
        try:
            yield
        finally:
            self._frame = None
            if self._output is not None:
                self._output.write("".join(pieces), frame=may_drop)

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        self._output = Output(_screen((self._file or sys.stderr).fileno()), self._caught_up)
        # In one piece at the end: who sees the screen may type, and must find raw keys.
        with self.frame(may_drop=False):
            super().start_application_mode()
        self._look_at_sizes_in_turn()

    def _look_at_sizes_in_turn(self) -> None:
        # Textual looks at the window within the signal's handler. A second signal interrupts the
        # first one's, and is told of before it: the window would be left at the size before last.
        usual = signal.getsignal(signal.SIGWINCH)
        if callable(usual):
            told = partial(usual, signal.SIGWINCH, None)

            def look(*_: object) -> None:
                self._in_turn(told)

            signal.signal(signal.SIGWINCH, look)

    def stop_application_mode(self) -> None:
        """Give the terminal back; frames that it has not taken are not worth waiting for."""
        if self._output is not None:
            self._output.abandon()
        super().stop_application_mode()

    def close(self) -> None:
        """Write the rest."""
        output, self._output = self._output, None
        if output is not None:
            output.stop(PATIENCE_S)
        super().close()

    def suspend_application_mode(self) -> None:
        """Leave for a while; the app is told first, whoever asked for it."""
        told = cast("Signal[Any]", self._app.app_suspend_signal)  # pyright: ignore[reportUnknownMemberType] - untyped upstream
        told.publish(self._app)
        super().suspend_application_mode()

    def resume_application_mode(self) -> None:
        """Come back; also from a stop that could not be noticed, with the terminal as it was."""
        if self._output is not None:
            self._must_signal_resume = True
            self.suspend_application_mode()
        super().resume_application_mode()

    # A signal interrupts its thread anywhere, locks held: what is done about it waits its turn.

    def _sigtstp_application(self, *_: object) -> None:
        self._in_turn(super()._sigtstp_application)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped upstream

    def _sigcont_application(self, *_: object) -> None:
        self._in_turn(super()._sigcont_application)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped upstream

    def _in_turn(self, work: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, the terminal given back
            self._loop_of_app.call_soon_threadsafe(work, context=self._context)

    # -- reading --------------------------------------------------------------------------

    def disable_input(self) -> None:
        """End the reading thread without waiting for its next look round."""
        os.write(self._wake_write, b"x")
        super().disable_input()
        with contextlib.suppress(BlockingIOError):
            os.set_blocking(self._wake_read, False)
            os.read(self._wake_read, 4096)

    def typed_before(self) -> bytes:
        """What comes before the first key that is read; the reading thread asks, and may wait."""
        return b""

    def run_input_thread(self) -> None:
        """Read until told to end; whatever a terminal sends, the thread lives."""
        reader = Reader(self)
        reader.take(self.typed_before())
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while not self.exit_event.is_set():
            wait_s = reader.wait_s
            ready = dict(poll.poll(None if wait_s is None else wait_s * 1000))
            if not ready:
                reader.expire()
            elif self.fileno in ready:
                data = self._read()
                if data is None:
                    return  # the terminal is gone, and a signal tells the program
                reader.take(data)

    def _read(self) -> bytes | None:
        """What is there; None when there is no terminal any more."""
        try:
            return os.read(self.fileno, 4096) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None


class Reader:
    """Bytes of one terminal, through the gate and Textual's parser, to the driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        # A byte that is no UTF-8 must not end the reading of all others.
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._gate = Gate(_known)
        self._parser = XTermParser(False)
        self._pending = False

    @property
    def wait_s(self) -> float | None:
        """When to call `expire`, in seconds; None for never."""
        return constants.ESCAPE_DELAY + _GRAIN_S if self._pending else self._gate.wait_s

    def take(self, data: bytes) -> None:
        """Act on what was read."""
        self._pass_on(self._gate.feed(self._decoder.decode(data)))

    def expire(self) -> None:
        """Nothing came for `wait_s`."""
        if self._pending:
            self._pending = False
            self._parse(self._parser.tick)
        self._pass_on(self._gate.expire())

    def _pass_on(self, inputs: list[Input]) -> None:
        for item in inputs:
            if not isinstance(item, Keys):
                self._driver.process_message(events.Paste(item.text.replace("\x00", "")))
            elif item.text == "\x1b":
                self._driver.process_message(events.Key("escape", "\x1b"))
            elif item.text:
                self._parse(lambda text=item.text: self._parser.feed(text))
                # Alt and a key that begins sequences: the parser waits for more, too.
                self._pending = item.text[-2:-1] == "\x1b"

    def _parse(self, work: Any) -> None:
        try:
            for message in work():
                self._driver.process_message(message)
        except Exception:  # noqa: BLE001 -- a parser of others, fed by anybody
            _log.exception("the terminal's input could not be read")
            self._parser = XTermParser(False)


def _known(sequence: str) -> bool:
    """Whether `sequence` names a key, or is the beginning of one that does."""
    if sequence in ANSI_SEQUENCES_KEYS or sequence[2:] in FUNCTIONAL_KEYS:
        return True
    return any(name.startswith(sequence) for name in ANSI_SEQUENCES_KEYS)


def _screen(errors: int) -> int:
    """Where the screen is: where errors go, unless somebody keeps those in a file."""
    out = sys.__stdout__
    if os.isatty(errors) or out is None or not out.isatty():
        return errors
    return out.fileno()
