"""What the slash commands do where there is no screen: they answer in lines.

Owns the commands that make sense here; others say that they belong to the
full screen.
"""

from __future__ import annotations

from typing import cast, get_args

from alloy_tui.cli.plain.narration import Narrator
from alloy_tui.cli.printing import usage_line
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.port import ApprovalMode
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.ui.commands import MODES, find
from alloy_tui.ui.wording import state_words

HELP = (
    "A line is a message; while the agent works it steers it. Ctrl+C stops a run, twice leaves.",
    "/help           this",
    "/model NAME     another model; without a name, those within reach",
    "/approve MODE   what runs without asking: ask, edits, all, none",
    "/status         what the agent does now",
    "/usage          tokens and cost so far",
    "/history        the conversation, a line a message",
    "/output         the whole of the newest tool result",
    "/retry          send the last message again",
    "/reset          clear the conversation",
    "/quit           leave; so does the end of the input",
)


class Spoken:
    """Runs a command; `view` and `last_prompt` are kept up to date by the session."""

    def __init__(self, runtime: Runtime, out: Narrator) -> None:
        self._runtime = runtime
        self._out = out
        self.view = AgentView()
        self.last_prompt = ""

    def run(self, name: str, argument: str) -> str | None:
        """Do `/name argument`; returns the id of a request if it sent one."""
        match name:
            case "help":
                self._lines(HELP)
            case "model":
                self._model(argument)
            case "approve":
                self._approve(argument.lower())
            case "status":
                self._out.line(f"{state_words(self.view, self.view.since_ms).capitalize()}.")
            case "usage":
                totals = self._runtime.usage()
                self._out.line(f"So far: {usage_line(totals.usage, totals.cost)}.")
            case "history":
                self._history()
            case "output":
                self._lines(self._out.last_result.split("\n") or ["Nothing was printed yet."])
            case "retry":
                return self._retry()
            case "reset":
                self._runtime.reset()
            case _:
                shown = clean_line(name, limit=30)
                what = "belongs to the full screen" if find(name) else "is no command"
                self._out.line(f"/{shown} {what}. /help lists those of plain mode.")
        return None

    def _lines(self, lines: tuple[str, ...] | list[str]) -> None:
        for line in lines:
            self._out.line(line)

    def _model(self, argument: str) -> None:
        if argument:
            self._runtime.set_model(argument)
        else:
            self._lines([clean_line(name, limit=100) for name in self._runtime.models()])

    def _approve(self, word: str) -> None:
        if word in get_args(ApprovalMode):
            self._runtime.set_approval_mode(cast("ApprovalMode", word))
            self._out.line(f"Approvals: {MODES[word]}.")
        else:
            self._out.line(f"/approve takes one of: {', '.join(MODES)}.")

    def _history(self) -> None:
        messages = self._runtime.history()
        if not messages:
            self._out.line("Nothing has been said yet.")
        for message in messages:
            who = "You" if message.role == "user" else "Alloy"
            text = clean_line(message.text, limit=300)
            if text:
                self._out.line(f"{who}: {text}")
            for call in message.tool_calls:
                self._out.line(f"{who} called {clean_line(call.name, limit=40)}.")

    def _retry(self) -> str | None:
        if self.view.busy:
            self._out.line("A run is under way; Ctrl+C stops it.")
        elif not self.last_prompt:
            self._out.line("Nothing was sent yet.")
        else:
            return self._runtime.submit(self.last_prompt)
        return None
