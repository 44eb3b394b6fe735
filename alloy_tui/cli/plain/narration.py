"""The event stream as lines: who speaks, what runs, how it ended.

Owns the words and where a line begins. Everything foreign is sanitised here.
Knows neither input nor engine.
"""

from __future__ import annotations

from typing import Any, TextIO

from alloy_tui.cli.printing import usage_line
from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.sanitise import Cleaner, clean, clean_line
from alloy_tui.ui.lines import Change
from alloy_tui.ui.previewing import preview
from alloy_tui.ui.wording import BUDGET, BUDGET_TITLE, duration, failure, model_label

RESULT_ROWS = 12
"""Rows of a tool's result that are read out; `/output` gives all of them."""


class Narrator:
    """Writes to `out`. `last_result` is the whole of the newest tool result."""

    def __init__(self, out: TextIO, cwd: str) -> None:
        self._out = out
        self.cwd = cwd
        self._cleaner = Cleaner()
        self._mid_line = False
        self._speaking = False
        self._thought_ms: int | None = None
        self.last_result = ""
        self.asking = ""
        """The words of `ask`, for as long as they are the last that stand there."""

    # Writing.

    def line(self, text: str = "") -> None:
        """One line of ours, after whatever is unfinished."""
        self._break()
        self._out.write(f"{text}\n")

    def ask(self, text: str) -> None:
        """The beginning of a line that a person ends."""
        self._break()
        self._out.write(text)
        self._out.flush()
        self._mid_line = True
        self.asking = text

    def echo(self, text: str) -> None:
        """What was answered by somebody whom nobody saw typing."""
        self._out.write(f"{clean_line(text, limit=2000)}\n")
        self.answered()

    def answered(self) -> None:
        """A person ended the line."""
        self._mid_line = False
        self.asking = ""

    def overtaken(self) -> None:
        """A person answered before `ask` was written: nobody ends its line."""
        self._break()

    def flush(self) -> None:
        """Nothing more is at hand for now."""
        self._out.flush()

    def _break(self) -> None:
        if self._mid_line:
            self._out.write("\n")
            self._mid_line = False
        self.asking = ""

    # Events.

    def show(self, envelope: ev.Envelope) -> None:
        """Say what there is to say about one envelope."""
        event = envelope.event
        match event:
            case ev.TextDelta():
                self._say(event.text, envelope)
            case ev.ThinkingDelta():
                if self._thought_ms is None:
                    self._thought_ms = envelope.at_ms
            case ev.ToolCallStarted() | ev.TurnFinished():
                said = self._speaking
                self._end_text(envelope)
                if said and isinstance(event, ev.TurnFinished) and event.incomplete:
                    self.line(f"This answer is incomplete: {_reason(event.incomplete)}.")
            case ev.ToolFinished():
                self._result(event)
            case ev.ApprovalRequested():
                self._question(event)
            case ev.RunFinished():
                self._end_text(envelope)
                self._ending(event)
            case _:
                words = _words(event)
                if words:
                    self._end_text(envelope)
                    self.line(words)

    def _say(self, text: str, envelope: ev.Envelope) -> None:
        self._end_thought(envelope)
        shown = self._cleaner.feed(text)
        if not shown:
            return
        if not self._speaking:
            self._break()
            self._out.write("Alloy: ")
            self._speaking = True
        self._out.write(shown)
        self._mid_line = not shown.endswith("\n")

    def _end_thought(self, envelope: ev.Envelope) -> None:
        if self._thought_ms is not None:
            took_ms = max(0, envelope.at_ms - self._thought_ms)
            self._thought_ms = None
            self.line(f"Thought for {duration(took_ms)}." if took_ms >= 1000 else "Thought.")

    def _end_text(self, envelope: ev.Envelope) -> None:
        self._end_thought(envelope)
        rest, self._cleaner = self._cleaner.close(), Cleaner()
        if self._speaking:  # else what stands open may be a question: nothing was said
            self._out.write(rest)
            self._mid_line = self._mid_line if not rest else not rest.endswith("\n")
            self._break()
        self._speaking = False

    def _result(self, event: ev.ToolFinished) -> None:
        texts = (part.text for part in event.content if isinstance(part, TextBlock))
        self.last_result = clean("\n".join(texts)).rstrip("\n")
        name = clean_line(event.name, limit=40)
        if not event.started:
            self.line(f"Tool {name} did not run: {clean_line(self.last_result, 300)}")
            return
        rows = self.last_result.split("\n")
        end = "failed" if event.is_error else "done"
        self.line(f"Tool {name} {end} in {duration(event.duration_ms)}.")
        for row in rows[:RESULT_ROWS]:
            self.line(f"    {row}")
        if len(rows) > RESULT_ROWS:
            self.line(f"    {len(rows) - RESULT_ROWS} more lines; /output shows them.")

    def _question(self, event: ev.ApprovalRequested) -> None:
        lines, hidden = preview(event)
        reason = f": {clean_line(event.reason, limit=160)}" if event.reason else ""
        title = f"{clean_line(event.tool, limit=40)} wants to run{reason}"
        # The choices tell what it is raised to.
        self.line(f"{BUDGET_TITLE}." if event.tool == BUDGET else title)
        for item in lines:
            # A change is read as the lines that it is made of.
            shown = item.diff.splitlines() if isinstance(item, Change) else [item[1]]
            for text in shown:
                self.line(f"    {text}")
        if hidden:
            self.line(f"Careful: {hidden} hidden characters are spelt out in this.")

    def _ending(self, event: ev.RunFinished) -> None:
        used = usage_line(event.usage, event.cost)
        match event.status:
            case "completed":
                self.line(f"Done in {duration(event.duration_ms)}: {used}.")
            case "cancelled":
                self.line("Stopped. What arrived is kept.")
            case "max_turns":
                self.line(f"Stopped after {event.turns} turns, the most that one run may take.")
            case "timed_out":
                self.line("The time for this run was up. What arrived is kept.")
            case _:
                self.line(f"Failed: {_sentence(event.error)} /retry sends it again.")


def _reason(incomplete: str) -> str:
    return clean_line(incomplete.replace("_", " "), limit=60)


def _sentence(error: ev.ErrorInfo | None) -> str:
    if error is None:
        return "nothing says why."
    said = clean_line(error.message, limit=600) or f"{failure(error.kind)}."
    return f"{said} {clean_line(error.hint, limit=300)}" if error.hint else said


def _words(event: Any) -> str:
    match event:
        case ev.AgentStarted():
            return f"{model_label(event.model)} is ready."
        case ev.ModelChanged():
            return f"{model_label(event.to_model)} answers from here on."
        case ev.FallbackUsed():
            return f"{model_label(event.from_model)} does not answer; {event.to_model} takes over."
        case ev.ToolStarted():
            headline = clean_line(event.headline, limit=300)
            return f"Tool {clean_line(event.name, limit=40)}: {headline}".rstrip(": ")
        case ev.RetryScheduled():
            return f"{_sentence(event.error)} Asking again in {event.delay_s:.0f} s."
        case ev.Queued():
            return f"Waits for its turn: {clean_line(event.text, limit=80)}"
        case ev.CompactionFinished():
            return f"The history was shortened to {event.tokens_after} tokens."
        case ev.AgentCrashed():
            return f"A defect ended this run: {clean_line(event.cause, limit=400)}"
        case ev.HistoryReset():
            return "The conversation is cleared."
        case ev.Notice():
            kind = {"error": "Error: ", "warning": "Note: "}.get(event.level, "")
            return f"{kind}{clean_line(event.text, limit=1000)}"
        case _:
            return ""
