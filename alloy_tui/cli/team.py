"""`alloy team`: a team at work without a screen, and which teams there are.

Owns the choice of the action, what a team is waited for, and the exit code: that of
`alloy run`. There is nobody to ask: what would need an approval is denied. Work that
ends early (its time, a limit, a signal) prints what was brought until then, marked.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from alloy_tui.cli import exits
from alloy_tui.cli.headless import prompt_of
from alloy_tui.cli.printing import JsonPrinter, Printer, is_denial, words_about
from alloy_tui.cli.streams import remark
from alloy_tui.cli.unattended import Attendant, carry_out, tell_denied
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.team_port import Brought, Performed, Problem

_PATIENCE_S = 4.0
_GIVING_UP_S = 2.0
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
    printer = (JsonPrinter if arguments.json else TeamPrinter)(sys.stdout, sys.stderr)

    def work(runtime: Runtime) -> int:
        return _AtWork(runtime, printer).run(arguments, prompt)

    return carry_out(arguments, work, patience_s=_PATIENCE_S)


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
            place = f" ({event.step} of {event.steps})" if event.steps else ""
            words = f"{envelope.agent} → {event.to}{place}: {event.text}"
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
        """The answers, with a heading each where there is more than one; then what is partial."""
        parts = [(clean_line(name), text) for name, text in done.answers]
        parts += [(_heading(each), each.text) for each in done.brought]
        headed = len(parts) > 1 or bool(done.brought)
        for number, (heading, text) in enumerate(parts):
            above = f"{chr(10) if number else ''}## {heading}\n" if headed else ""
            self._out.write(f"{above}{clean(text).rstrip(chr(10))}\n")
        self._out.flush()


def _heading(brought: Brought) -> str:
    """Whose it is, for whom, which step of several, and that it is not all."""
    whose = f"{brought.agent} for {brought.by}" if brought.by else brought.agent
    marks = [mark for mark in (brought.place, "" if brought.whole else "partial") if mark]
    return clean_line(f"{whose} ({', '.join(marks)})" if marks else whose)


class _AtWork:
    """One piece of work, from its beginning to its end."""

    def __init__(self, runtime: Runtime, printer: Printer) -> None:
        self._runtime = runtime
        self._printer = printer
        self._attendant = Attendant(runtime, printer, self._hear)
        self._done: list[Performed | None] = []
        self._ends: dict[str, ev.RunStatus] = {}
        self._end_it: Callable[[], object] = lambda: None

    def run(self, arguments: argparse.Namespace, prompt: str) -> int:
        """Give the work, print what comes, and return the exit code."""
        kind, to = _whom(arguments)
        started_s = time.monotonic()

        def begin() -> None:
            self._end_it = self._runtime.team.perform(
                arguments.file, kind, to, prompt, timeout_s=arguments.within_s, then=self._came
            )

        self._attendant.wait(begin, over=self._over, end=self._end, patience_s=_GIVING_UP_S)
        self._attendant.print()  # what came before the answers is on its way at most
        self._printer.finish()
        return self._code(time.monotonic() - started_s)

    def _end(self) -> bool:
        self._end_it()
        return True

    def _came(self, done: Performed | None) -> None:
        """From the engine's thread."""
        self._done.append(done)
        self._attendant.ring()

    def _over(self) -> bool:
        return bool(self._done) or self._runtime.refusal("") is not None

    def _hear(self, envelope: ev.Envelope) -> None:
        if isinstance(envelope.event, ev.RunFinished):
            self._ends[envelope.agent] = envelope.event.status

    def _code(self, took_s: float) -> int:
        refusal, done = self._runtime.refusal(""), self._done[0] if self._done else None
        if done is not None and isinstance(self._printer, TeamPrinter):
            self._printer.tell(done)
        if self._attendant.code is not None:
            return self._attendant.code
        if done is None:
            return exits.USAGE if isinstance(refusal, ConfigError) else exits.FAILED
        for problem in done.problems:
            remark(f"alloy: {clean_line(problem.message, limit=1000)}")
        if done.problems:
            return self._code_of(done.problems[0])
        if self._printer.denied:
            return tell_denied(self._printer.denied)
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
