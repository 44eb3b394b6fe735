"""`alloy run`: one prompt through the whole engine, without a screen.

Owns the wait, the signals and the exit code. There is nobody to ask: what
would need an approval is denied, with words for the model, and the exit code
says so.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time

from alloy_tui.cli import exits
from alloy_tui.cli.bell import Bell
from alloy_tui.cli.composing import make_plan
from alloy_tui.cli.ending import complain_late, leave
from alloy_tui.cli.logbook import logging_to
from alloy_tui.cli.printing import JsonPrinter, Printer, TextPrinter
from alloy_tui.cli.streams import prompt_from_stdin, remark
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.events import RunFinished, RunStarted
from alloy_tui.runtime.runtime import Runtime

_BATCH_CHARS = 65_536
_PATIENCE_S = 2.0
_CODES = {
    signal.SIGINT: exits.INTERRUPTED,
    signal.SIGTERM: exits.TERMINATED,
    signal.SIGHUP: exits.HUNG_UP,
}


def run(arguments: argparse.Namespace) -> int:
    """Run the prompt of `arguments`; returns the exit code. Raises ConfigError, BrokenPipeError."""
    prompt = prompt_of(arguments)
    plan = make_plan(arguments, interactive=False)
    runtime = Runtime(plan)
    kind = JsonPrinter if arguments.json else TextPrinter
    with logging_to(plan.paths.logs):
        try:
            code = _Headless(runtime, kind(sys.stdout, sys.stderr)).run(prompt)
        finally:
            runtime.close(_PATIENCE_S)
    if code not in _CODES.values():  # who interrupts a script knows that it is not at its end
        complain_late(runtime)
    return leave(code) if runtime.stuck else code


class _Headless:
    """One request, from its submission to its end."""

    def __init__(self, runtime: Runtime, printer: Printer) -> None:
        self._runtime = runtime
        self._printer = printer
        self._bell = Bell()
        self._request = ""
        self._begun = False
        self._end: RunFinished | None = None
        self._signal: int | None = None
        self._give_up_s: float | None = None

    def run(self, prompt: str) -> int:
        """Submit `prompt`, print what comes, and return the exit code."""
        self._runtime.on_ring(self._bell.ring)
        try:
            with self._bell.listening(*_CODES):
                self._runtime.start()
                self._request = self._runtime.submit(prompt)
                while not self._over():
                    self._wait()
                    self._print()
        finally:
            self._runtime.on_ring(None)
        self._printer.finish()
        return self._code()

    def _wait(self) -> None:
        left = None
        if self._give_up_s is not None:
            left = max(0.0, self._give_up_s - time.monotonic())
        for number in self._bell.wait(left):
            if self._signal is None and self._begun:
                self._runtime.cancel(self._request)
                self._give_up_s = time.monotonic() + _PATIENCE_S
            else:  # the second time, or nothing runs yet: do not wait for anything
                self._give_up_s = time.monotonic()
            self._signal = self._signal or number

    def _print(self) -> None:
        while batch := self._runtime.drain(_BATCH_CHARS):
            for envelope in batch:
                self._printer.show(envelope)
                if envelope.request_id != self._request:
                    continue
                if isinstance(envelope.event, RunStarted):
                    self._begun = True
                elif isinstance(envelope.event, RunFinished):
                    self._end = envelope.event
            self._printer.flush()

    def _over(self) -> bool:
        if self._end is not None or self._runtime.refusal(self._request) is not None:
            return True
        return self._give_up_s is not None and time.monotonic() >= self._give_up_s

    def _code(self) -> int:
        if self._signal is not None:
            return _CODES[signal.Signals(self._signal)]
        refusal = self._runtime.refusal(self._request)
        if refusal is not None or self._end is None:
            return exits.USAGE if isinstance(refusal, ConfigError) else exits.FAILED
        denied = self._printer.denied
        if self._end.status == "completed" and denied:
            calls = "tool call was" if denied == 1 else "tool calls were"
            remark(
                f"alloy: {denied} {calls} denied, for there is nobody to ask; "
                "see --approve edits and --approve all."
            )
            return exits.HALTED
        return exits.BY_STATUS[self._end.status]


def prompt_of(arguments: argparse.Namespace) -> str:
    """What the arguments, or standard input, ask for. Raises ConfigError."""
    if arguments.stdin and arguments.prompt is not None:
        raise ConfigError("Give the prompt with -p or on standard input, not both.")
    if arguments.stdin or arguments.prompt == "-":
        text = prompt_from_stdin()
    elif arguments.prompt is None:
        raise ConfigError("There is no prompt.", hint="Give one: alloy run -p TEXT.")
    else:
        text = arguments.prompt
    text = text.encode(errors="surrogateescape").decode(errors="replace")
    if not text.strip():
        raise ConfigError("The prompt is empty.")
    return text
