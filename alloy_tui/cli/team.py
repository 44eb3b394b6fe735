"""`alloy team`: a team at work without a screen, and which teams there are.

Owns the choice of the action, the wait for a team, and the exit code: that of
`alloy run`. There is nobody to ask: what would need an approval is denied.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import Final, TextIO

from alloy_tui.cli import exits
from alloy_tui.cli.bell import Bell
from alloy_tui.cli.composing import make_plan
from alloy_tui.cli.ending import complain_late, leave
from alloy_tui.cli.headless import prompt_of
from alloy_tui.cli.logbook import logging_to
from alloy_tui.cli.printing import JsonPrinter, Printer, is_denial, words_about
from alloy_tui.cli.streams import remark
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.team_port import Performed, Problem

_BATCH_CHARS = 65_536
_PATIENCE_S = 4.0
_CODES = {
    signal.SIGINT: exits.INTERRUPTED,
    signal.SIGTERM: exits.TERMINATED,
    signal.SIGHUP: exits.HUNG_UP,
}
_BY_KIND: Final = {
    "config": exits.USAGE,
    "invalid": exits.USAGE,
    "unknown_agent": exits.USAGE,
    "conflict": exits.FAILED,
    "limit": exits.HALTED,
    "timed_out": exits.TIMED_OUT,
}


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action. Raises ConfigError, StoreError, BrokenPipeError."""
    if arguments.action != "run":
        from alloy_tui.cli import team_status

        cwd = Path(arguments.cwd or ".").expanduser().resolve()
        if arguments.action == "list":
            return team_status.list_teams(cwd, as_json=arguments.json)
        return team_status.status(cwd, arguments.name, as_json=arguments.json)
    prompt = prompt_of(arguments)
    plan = make_plan(arguments, interactive=False)
    runtime = Runtime(plan)
    kind = JsonPrinter if arguments.json else TeamPrinter
    printer = kind(sys.stdout, sys.stderr)
    with logging_to(plan.paths.logs):
        try:
            code = _AtWork(runtime, printer).run(arguments, prompt)
        finally:
            runtime.close(_PATIENCE_S)
    if code not in _CODES.values():
        complain_late(runtime)
    return leave(code) if runtime.stuck else code


class TeamPrinter:
    """What agents do as lines on `err`, each with the agent's name; answers come at the end."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._last = ""
        self.denied = 0

    def show(self, envelope: ev.Envelope) -> None:
        """Print what there is to say about one envelope."""
        event = envelope.event
        self.denied += is_denial(event)
        if isinstance(event, te.DelegationStarted):
            words = f"{envelope.agent} → {event.to}: {event.text}"
        else:
            words = words_about(event)
            words = words and f"{envelope.agent}: {words.strip()}"
        # The same trouble may be told of a run and of the work that it was.
        if words and words != self._last:
            remark(clean_line(words, limit=300), self._err)
            self._last = words

    def flush(self) -> None:
        """Nothing is held back."""

    def finish(self) -> None:
        """Nothing is open."""

    def tell(self, done: Performed) -> None:
        """The answers; with a heading each where there are several."""
        many = len(done.answers) > 1
        for number, (name, text) in enumerate(done.answers):
            heading = f"{chr(10) if number else ''}## {clean_line(name)}\n" if many else ""
            self._out.write(f"{heading}{clean(text).rstrip(chr(10))}\n")
        self._out.flush()


class _AtWork:
    """One piece of work, from its beginning to its end."""

    def __init__(self, runtime: Runtime, printer: Printer) -> None:
        self._runtime = runtime
        self._printer = printer
        self._bell = Bell()
        self._done: list[Performed | None] = []
        self._ends: dict[str, ev.RunStatus] = {}
        self._signal: int | None = None

    def run(self, arguments: argparse.Namespace, prompt: str) -> int:
        """Give the work, print what comes, and return the exit code."""
        self._runtime.on_ring(self._bell.ring)
        kind, to = _whom(arguments)
        started_s = time.monotonic()
        try:
            with self._bell.listening(*_CODES):
                self._runtime.start()
                self._runtime.team.perform(
                    arguments.file,
                    kind,
                    to,
                    prompt,
                    timeout_s=arguments.within_s,
                    then=self._came,
                )
                while not self._done and self._signal is None and not self._failed():
                    for number in self._bell.wait():
                        self._signal = self._signal or number
                    self._print()
                self._print()
        finally:
            self._runtime.on_ring(None)
        self._printer.finish()
        return self._code(time.monotonic() - started_s)

    def _came(self, done: Performed | None) -> None:
        """From the engine's thread."""
        self._done.append(done)
        self._bell.ring()

    def _failed(self) -> bool:
        return self._runtime.refusal("") is not None

    def _print(self) -> None:
        while batch := self._runtime.drain(_BATCH_CHARS):
            for envelope in batch:
                self._printer.show(envelope)
                if isinstance(envelope.event, ev.RunFinished):
                    self._ends[envelope.agent] = envelope.event.status
            self._printer.flush()

    def _code(self, took_s: float) -> int:
        if self._signal is not None:
            return _CODES[signal.Signals(self._signal)]
        refusal, done = self._runtime.refusal(""), self._done[0] if self._done else None
        if done is None:
            return exits.USAGE if isinstance(refusal, ConfigError) else exits.FAILED
        if isinstance(self._printer, TeamPrinter):
            self._printer.tell(done)
        for problem in done.problems:
            remark(f"alloy: {clean_line(problem.message, limit=1000)}")
        if done.problems:
            return self._code_of(done.problems[0])
        if self._printer.denied:
            count = self._printer.denied
            calls = "tool call was" if count == 1 else "tool calls were"
            remark(
                f"alloy: {count} {calls} denied, for there is nobody to ask; "
                "see --approve edits and --approve all."
            )
            return exits.HALTED
        remark(f"{len(done.answers)} answered in {took_s:.1f} s", sys.stderr)
        return exits.COMPLETED

    def _code_of(self, problem: Problem) -> int:
        known = _BY_KIND.get(problem.kind)
        status = self._ends.get(problem.agent, "error")
        if known is not None or status in {"completed", "cancelled"}:
            return exits.FAILED if known is None else known
        return exits.BY_STATUS[status]


def _whom(arguments: argparse.Namespace) -> tuple[DelegationKind, tuple[str, ...]]:
    if arguments.handoff:
        return "handoff", arguments.handoff
    if arguments.broadcast:
        return "broadcast", ()
    return "delegate", (arguments.to,) if arguments.to else ()
