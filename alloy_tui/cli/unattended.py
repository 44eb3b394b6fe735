"""Work that nobody attends: what `alloy run` and `alloy team run` have in common.

Owns the program's life round it, the wait, what signals do, and the words about
what nobody was there to approve. Must not know what the work is.
"""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable

from alloy_tui.cli import exits
from alloy_tui.cli.bell import Bell
from alloy_tui.cli.composing import make_plan
from alloy_tui.cli.ending import complain_late, leave
from alloy_tui.cli.logbook import logging_to
from alloy_tui.cli.printing import Printer
from alloy_tui.cli.streams import remark
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.runtime import Runtime

CODES = {
    signal.SIGINT: exits.INTERRUPTED,
    signal.SIGTERM: exits.TERMINATED,
    signal.SIGHUP: exits.HUNG_UP,
}
_BATCH_CHARS = 65_536


def carry_out(
    arguments: argparse.Namespace, work: Callable[[Runtime], int], *, patience_s: float
) -> int:
    """Do `work` with an engine as `arguments` want it; its exit code, or that of an engine stuck.

    What runs gets `patience_s` seconds to end. Raises ConfigError, BrokenPipeError.
    """
    plan = make_plan(arguments, interactive=False)
    runtime = Runtime(plan)
    with logging_to(plan.paths.logs):
        try:
            code = work(runtime)
        finally:
            runtime.close(patience_s)
    if code not in CODES.values():  # who interrupts a script knows that it is not at its end
        complain_late(runtime)
    return leave(code) if runtime.stuck else code


class Attendant:
    """Waits for work in nobody's place and prints what comes; `hear` sees every event."""

    def __init__(
        self, runtime: Runtime, printer: Printer, hear: Callable[[Envelope], object]
    ) -> None:
        self.ring = (bell := Bell()).ring
        """Wakes the wait, from any thread."""
        self._bell = bell
        self._runtime = runtime
        self._printer = printer
        self._hear = hear
        self._signal: int | None = None
        self._give_up_s: float | None = None

    @property
    def code(self) -> int | None:
        """The exit code of the signal that ended the work, None = none did."""
        return None if self._signal is None else CODES[signal.Signals(self._signal)]

    def wait(
        self,
        begin: Callable[[], object],
        *,
        over: Callable[[], bool],
        end: Callable[[], bool],
        patience_s: float,
    ) -> None:
        """Start the engine, `begin`, and wait until it is `over`.

        The first signal calls `end`, and the wait goes on for `patience_s` seconds
        if that says that there was something to end; the second ends the wait.
        """
        self._runtime.on_ring(self.ring)
        try:
            with self._bell.listening(*CODES):
                self._runtime.start()
                begin()
                while not over() and not self._out_of_patience:
                    self._wait(end, patience_s)
                    self.print()
        finally:
            self._runtime.on_ring(None)

    def print(self) -> None:
        """Print what has come."""
        while batch := self._runtime.drain(_BATCH_CHARS):
            for envelope in batch:
                self._printer.show(envelope)
                self._hear(envelope)
            self._printer.flush()

    def _wait(self, end: Callable[[], bool], patience_s: float) -> None:
        left_s = None
        if self._give_up_s is not None:
            left_s = max(0.0, self._give_up_s - time.monotonic())
        for number in self._bell.wait(left_s):
            wait_s = patience_s if self._signal is None and end() else 0.0
            self._signal, self._give_up_s = self._signal or number, time.monotonic() + wait_s

    @property
    def _out_of_patience(self) -> bool:
        return self._give_up_s is not None and time.monotonic() >= self._give_up_s


def tell_denied(count: int) -> int:
    """Say that so many calls were denied; the exit code that follows from it."""
    calls = "tool call was" if count == 1 else "tool calls were"
    remark(
        f"alloy: {count} {calls} denied, for there is nobody to ask; "
        "see --approve edits and --approve all."
    )
    return exits.HALTED
