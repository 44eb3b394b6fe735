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
from alloy_tui.cli.plain.typed import Line, TypedLines
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.events import Decision, Lane, Queued, RunFinished, RunStarted
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView, PendingApproval
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.ui.commands import parse
from alloy_tui.ui.wording import BUDGET, rule_label

_PATIENCE_S = 2.0
_TWICE_S = 2.0
_BATCH_CHARS = 65_536
_ENDS = {signal.SIGTERM: exits.TERMINATED, signal.SIGHUP: exits.HUNG_UP}
_ANSWERS: dict[str, Decision] = {
    **dict.fromkeys(("y", "yes", "once"), "once"),
    **dict.fromkeys(("s", "session"), "session"),
    **dict.fromkeys(("a", "always"), "always"),
    **dict.fromkeys(("n", "no"), "deny"),
}
"""Whole words: "you had better not" begins like a yes."""


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
        # Numbers of lines: the first that may answer, the first typed after the newest prompt.
        self._answers_from: int | None = None
        self._prompted_at = 0
        self._why_not: PendingApproval | None = None
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
            self._question, self._why_not, self._answers_from = waiting, None, None

    def _take_line(self) -> bool:
        """Do what the next line says; false when there is none that may be taken now."""
        line = self._typed.first
        if line is None:
            if self._typed.over and self._question is not None:  # nobody is left to answer
                self._answer("n" if self._why_not is None else "")
            elif self._typed.over and not self._busy:
                self._code = exits.COMPLETED
            return False
        # What was typed before a question was shown was meant for the agent.
        answers = self._question is not None and line.number >= (self._answers_from or 0)
        if not answers and self._must_wait:
            return False
        self._typed.take()
        self._echo(line)
        if answers:
            self._answer(line.text)
        else:
            self._do(line.text.strip())
        return True

    @property
    def _must_wait(self) -> bool:
        """Whether a message is too early: it would overtake what was sent, or its answer."""
        if self._person:
            return bool(self._sent)  # until it is known whether that runs, to be steered, or waits
        return self._busy or not self._ready

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

    def _echo(self, line: Line) -> None:
        # A terminal shows what is typed; of a file nothing would be seen.
        if not self._person:
            self._out.echo(line.text)
        elif line.number >= self._prompted_at:
            self._out.answered()
        else:
            self._out.overtaken()

    def _answer(self, text: str) -> None:
        asked = self._question
        if asked is None:
            return
        if self._why_not is asked:
            self._runtime.answer_approval(asked.request.id, "deny", text.strip() or None)
        else:
            word = text.strip().lower()
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
        if self._question is not None:
            words = self._choices(self._question)
        elif not self._busy and self._ready:
            words = "You: "
        else:
            return
        if words == self._out.asking:
            return
        if self._person:
            # What is asked about is shown before the mark, the invitation to answer after it:
            # who has not seen the one gives no answer, who has seen the other is not too early.
            self._out.flush()
            self._prompted_at = self._typed.mark()
            if self._question is not None and self._answers_from is None:
                self._answers_from = self._prompted_at
        self._out.ask(words)

    def _choices(self, asked: PendingApproval) -> str:
        if self._why_not is asked:
            return "Why not? The model will read this: "
        if asked.request.tool == BUDGET:
            higher = clean_line(str(asked.request.arguments.get("raise to", "")), limit=40)
            raising = f"raise the limit to {higher}" if higher else "raise the limit"
            return f"y send this one, s {raising}, n stop here. Your answer: "
        rule = rule_label(asked.request.rule, self._runtime.cwd)
        always = f"always for “{rule}”" if rule else "always"
        return f"y once, s this session, a {always}, n no, e no and say why. Your answer: "
