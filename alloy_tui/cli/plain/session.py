"""The conversation as lines, from the first prompt to the last.

Owns when a line is a message, an answer or a command, what Ctrl+C does, and
the wait. What is said about events is `narration`'s business.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time

from alloy_tui.cli import exits
from alloy_tui.cli.bell import Bell
from alloy_tui.cli.composing import make_plan
from alloy_tui.cli.ending import leave
from alloy_tui.cli.plain.narration import Narrator
from alloy_tui.cli.plain.spoken import Spoken
from alloy_tui.cli.plain.typed import TypedLines
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.events import Decision, Lane, Queued, RunFinished, RunStarted
from alloy_tui.runtime.agent_view import AgentView, PendingApproval
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.ui.commands import parse
from alloy_tui.ui.wording import rule_label

_PATIENCE_S = 2.0
_TWICE_S = 2.0
_BATCH_CHARS = 65_536
_ENDS = {signal.SIGTERM: exits.TERMINATED, signal.SIGHUP: exits.HUNG_UP}
_ANSWERS: dict[str, Decision] = {"y": "once", "s": "session", "a": "always", "n": "deny"}


def run(arguments: argparse.Namespace, *, why: str = "") -> int:
    """Talk until the input ends or /quit; `why` is said first. Raises ConfigError."""
    plan = make_plan(arguments, interactive=True)
    if plan.pick:
        raise ConfigError(
            "--resume: which session?", hint="`alloy sessions list` shows those there are."
        )
    runtime = Runtime(plan)
    try:
        code = _Session(runtime).run(why)
    except BrokenPipeError:
        code = exits.PIPE_CLOSED
    finally:
        runtime.close(_PATIENCE_S)
    return leave(code) if runtime.stuck else code


class _Session:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._bell = Bell()
        self._out = Narrator(sys.stdout, runtime.cwd)
        self._typed = TypedLines(sys.stdin.fileno(), self._bell.ring)
        # What a file holds is taken in order; a person may type ahead, but not answers.
        self._person = sys.stdin.isatty()
        self._view = AgentView()
        self._commands = Spoken(runtime, self._out)
        self._question: PendingApproval | None = None
        self._asked_s = 0.0
        self._why_not: PendingApproval | None = None
        self._prompted = False
        self._interrupted_s = float("-inf")
        self._sent: set[str] = set()
        self._settled: set[str] = set()
        self._code: int | None = None

    def run(self, why: str) -> int:
        """The whole conversation; returns the exit code."""
        if why:
            self._out.line(why)
        self._out.line("Alloy, plain mode. /help lists the commands, /quit leaves.")
        self._runtime.on_ring(self._bell.ring)
        try:
            with self._bell.listening(signal.SIGINT, *_ENDS):
                self._runtime.start()
                self._typed.start()
                while self._code is None:
                    self._step()
                    self._out.flush()
                    if self._code is None:
                        self._wait()
        finally:
            self._runtime.on_ring(None)
        self._goodbye()
        return self._code

    def _goodbye(self) -> None:
        from alloy_tui.cli.printing import usage_line

        totals = self._runtime.usage()
        if totals.usage.total:
            self._out.line(f"In all: {usage_line(totals.usage, totals.cost)}.")
        session = self._runtime.tree.state
        if session.id and session.leaf is not None:
            self._out.line(f"Go on with this session: alloy --resume {session.id}")
        self._out.line("Goodbye.")
        self._out.flush()

    def _wait(self) -> None:
        for number in self._bell.wait():
            if number == signal.SIGINT:
                self._interrupt()
            else:
                self._code = _ENDS[signal.Signals(number)]

    def _interrupt(self) -> None:
        now_s = time.monotonic()
        again = now_s - self._interrupted_s <= _TWICE_S
        self._interrupted_s = now_s
        if self._busy and not again:
            self._runtime.cancel()
            self._out.line("Stopping.")
        elif again:
            self._code = exits.INTERRUPTED
        else:
            self._out.line("Ctrl+C again leaves.")
            self._prompted = False

    @property
    def _busy(self) -> bool:
        return self._view.busy or bool(self._sent)

    def _step(self) -> None:
        self._hear()
        while self._code is None:
            self._invite()
            if not self._take_line():
                return
            self._hear()

    def _hear(self) -> None:
        while batch := self._runtime.drain(_BATCH_CHARS):
            self._prompted = False
            for envelope in batch:
                self._view = fold(self._view, envelope)
                self._out.show(envelope)
                if isinstance(envelope.event, RunFinished):
                    self._interrupted_s = float("-inf")
                if isinstance(envelope.event, RunStarted | RunFinished | Queued):
                    self._sent.discard(envelope.request_id or "")
        self._sent -= {sent for sent in self._sent if self._runtime.refusal(sent) is not None}
        self._commands.view = self._view
        open_ones = [a for a in self._view.approvals if a.request.id not in self._settled]
        waiting = open_ones[0] if open_ones else None
        if waiting != self._question:
            self._question, self._why_not, self._prompted = waiting, None, False
            self._asked_s = time.monotonic()

    def _take_line(self) -> bool:
        """Do what the next line says; false when there is none that may be taken now."""
        if self._question is not None:
            since_s = self._asked_s if self._person else float("-inf")
            text = self._typed.take_since(since_s)
            if text is None:
                if self._typed.over:  # nobody is left to answer
                    self._answer("n")
                return False
            self._echo(text)
            self._answer(text)
            return True
        if not self._person and (self._busy or not self._ready):
            return False
        text = self._typed.take()
        if text is None:
            if self._typed.over and not self._busy:
                self._code = exits.COMPLETED
            return False
        self._echo(text)
        self._do(text.strip())
        return True

    @property
    def _ready(self) -> bool:
        return self._view.ready or self._view.outcome is not None

    def _do(self, text: str) -> None:
        command = parse(text)
        if command is not None:
            name, argument = command
            if name in {"quit", "exit"}:
                self._code = exits.COMPLETED
                return
            sent = self._commands.run(name, argument)
            if sent:
                self._sent.add(sent)
        elif text:
            lane: Lane = "steer" if self._view.busy else "prompt"
            self._sent.add(self._runtime.submit(text, lane=lane))
            self._commands.last_prompt = text

    def _echo(self, text: str) -> None:
        # A terminal shows what is typed; of a file nothing would be seen.
        if self._person:
            self._out.answered()
        else:
            self._out.echo(text)
        self._prompted = False

    def _answer(self, text: str) -> None:
        asked = self._question
        if asked is None:
            return
        if self._why_not is asked:
            self._runtime.answer_approval(asked.request.id, "deny", text.strip() or None)
        else:
            word = text.strip().lower()[:1]
            if word == "e":
                self._why_not = asked
                return
            decision = _ANSWERS.get(word)
            if decision is None:
                self._out.line("Please answer with y, s, a, n or e.")
                return
            self._runtime.answer_approval(asked.request.id, decision)
        # The engine says later that it took the answer; this one is not asked again.
        self._settled.add(asked.request.id)
        self._question = self._why_not = None

    def _invite(self) -> None:
        if self._prompted:
            return
        if self._question is not None:
            self._out.ask(self._choices(self._question))
        elif not self._busy and self._ready:
            self._out.ask("You: ")
        else:
            return
        self._prompted = True

    def _choices(self, asked: PendingApproval) -> str:
        if self._why_not is asked:
            return "Why not? The model will read this: "
        rule = rule_label(asked.request.rule, self._runtime.cwd)
        always = f"always for “{rule}”" if rule else "always"
        return f"y once, s this session, a {always}, n no, e no and say why. Your answer: "
