"""`alloy run`: one prompt through the whole engine, without a screen.

Owns what is waited for and the exit code. There is nobody to ask: what
would need an approval is denied, with words for the model, and the exit code
says so.
"""

from __future__ import annotations

import argparse
import sys

from alloy_tui.cli import exits
from alloy_tui.cli.printing import JsonPrinter, Printer, TextPrinter
from alloy_tui.cli.streams import prompt_from_stdin
from alloy_tui.cli.unattended import Attendant, carry_out, tell_denied
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.events import Envelope, RunFinished, RunStarted
from alloy_tui.runtime.runtime import Runtime

_PATIENCE_S = 2.0


def run(arguments: argparse.Namespace) -> int:
    """Run the prompt of `arguments`; returns the exit code. Raises ConfigError, BrokenPipeError."""
    prompt = prompt_of(arguments)
    printer = (JsonPrinter if arguments.json else TextPrinter)(sys.stdout, sys.stderr)

    def work(runtime: Runtime) -> int:
        return _Headless(runtime, printer).run(prompt)

    return carry_out(arguments, work, patience_s=_PATIENCE_S)


class _Headless:
    """One request, from its submission to its end."""

    def __init__(self, runtime: Runtime, printer: Printer) -> None:
        self._runtime = runtime
        self._printer = printer
        self._attendant = Attendant(runtime, printer, self._hear)
        self._request = ""
        self._begun = False
        self._end: RunFinished | None = None

    def run(self, prompt: str) -> int:
        """Submit `prompt`, print what comes, and return the exit code."""

        def begin() -> None:
            self._request = self._runtime.submit(prompt)

        self._attendant.wait(begin, over=self._over, end=self._cancel, patience_s=_PATIENCE_S)
        self._printer.finish()
        return self._code()

    def _cancel(self) -> bool:
        if self._begun:
            self._runtime.cancel(self._request)
        return self._begun

    def _hear(self, envelope: Envelope) -> None:
        if envelope.request_id != self._request:
            return
        if isinstance(envelope.event, RunStarted):
            self._begun = True
        elif isinstance(envelope.event, RunFinished):
            self._end = envelope.event

    def _over(self) -> bool:
        return self._end is not None or self._runtime.refusal(self._request) is not None

    def _code(self) -> int:
        if self._attendant.code is not None:
            return self._attendant.code
        refusal = self._runtime.refusal(self._request)
        if refusal is not None or self._end is None:
            return exits.USAGE if isinstance(refusal, ConfigError) else exits.FAILED
        if self._end.status == "completed" and self._printer.denied:
            return tell_denied(self._printer.denied)
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
