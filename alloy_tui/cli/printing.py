"""Events as plain lines: the answer on standard output, everything else on standard error.

Owns the words and what goes where. Standard output is always cleaned of
control sequences, also into a pipe: what a model wrote would otherwise act on
whatever terminal shows the file later. `--json` keeps the exact text, with such
characters spelled as JSON escapes.
"""

from __future__ import annotations

from typing import Protocol, TextIO

import msgspec

from alloy_tui.cli.streams import remark
from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.sanitise import Cleaner, clean_line, json_safe
from alloy_tui.domain.usage import TokenUsage


class Printer(Protocol):
    """Shows envelopes as they come; `denied` counts the tool calls that were denied."""

    denied: int

    def show(self, envelope: ev.Envelope) -> None:
        """Print one envelope."""
        ...

    def flush(self) -> None:
        """Nothing more is at hand for now."""
        ...

    def finish(self) -> None:
        """Nothing more comes."""
        ...


class JsonPrinter:
    """One envelope a line on `out`; errors and warnings also as lines on `err`."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self.denied = 0

    def show(self, envelope: ev.Envelope) -> None:
        """Print one envelope."""
        line = msgspec.json.encode(envelope).decode()
        self._out.write(json_safe(line) + "\n")
        self.denied += is_denial(envelope.event)
        words = _trouble(envelope.event)
        if words:
            remark(f"alloy: {clean_line(words, limit=1000)}", self._err)

    def flush(self) -> None:
        """Hand the lines over."""
        self._out.flush()

    def finish(self) -> None:
        """Hand the lines over."""
        self._out.flush()


class TextPrinter:
    """The answer as it grows on `out`, what happens round it on `err`."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._together = out.isatty() and err.isatty()
        self._cleaner = Cleaner()
        self._mid_line = False
        self._said_anything = False
        self._turn_open = False
        self._last_words = ""
        self.denied = 0

    def show(self, envelope: ev.Envelope) -> None:
        """Print what there is to say about one envelope."""
        event = envelope.event
        if isinstance(event, ev.TextDelta):
            self._say(event.text)
            return
        if isinstance(event, ev.TurnFinished):
            self._end_text()
        elif isinstance(event, ev.RetryScheduled) and event.discarded:
            # Beside the words that it is about: whoever reads only these must not take them
            # for an answer.
            self._say("[The answer broke off here and is asked for again.]\n")
            self._end_text()
        self.denied += is_denial(event)
        words = _trouble(event) or _activity(event)
        # The same trouble may be told of the start and of the request.
        if words and words != self._last_words:
            self._note(words)
            self._last_words = words

    def flush(self) -> None:
        """Hand over what was written."""
        self._out.flush()

    def finish(self) -> None:
        """End the last line."""
        self._end_text()
        self._out.flush()

    def _say(self, text: str) -> None:
        shown = self._cleaner.feed(text)
        if not shown:
            return
        if not self._turn_open:
            if self._said_anything:
                self._out.write("\n")
            self._turn_open = self._said_anything = True
        self._out.write(shown)
        self._mid_line = not shown.endswith("\n")

    def _end_text(self) -> None:
        rest = self._cleaner.close()
        self._cleaner = Cleaner()
        if rest:
            self._out.write(rest)
            self._mid_line = not rest.endswith("\n")
        if self._mid_line:
            self._out.write("\n")
            self._mid_line = False
        self._turn_open = False

    def _note(self, words: str) -> None:
        if self._together and self._mid_line:
            self._out.write("\n")
            self._mid_line = False
        if self._together:
            self._out.flush()
        remark(clean_line(words, limit=1000), self._err)


def words_about(event: ev.EngineEvent) -> str:
    """What is worth a line when no machine reads, "" = nothing."""
    return _trouble(event) or _activity(event)


def is_denial(event: ev.EngineEvent) -> bool:
    """Whether a tool call was denied."""
    if not isinstance(event, ev.ToolFinished) or event.started:
        return False
    return bool(event.details and event.details.get("denied"))


def _trouble(event: ev.EngineEvent) -> str:
    """Words for what a person should know in any case."""
    match event:
        case ev.Notice(level="warning" | "error"):
            return event.text
        case ev.RetryScheduled():
            return (
                f"{_sentence(event.error)} Trying again in {event.delay_s:.2g} s "
                f"(attempt {event.attempt + 1} of {event.max_attempts})."
            )
        case ev.FallbackUsed():
            return f"{_sentence(event.error)} {event.to_model} takes over from {event.from_model}."
        case ev.RunFinished(status="max_turns"):
            return f"Stopped after {event.turns} turns, the most that were allowed (--max-turns)."
        case ev.RunFinished(status="timed_out"):
            return "The time was up (--timeout); what had arrived is kept."
        case ev.RunFinished() if event.error is not None:
            return _sentence(event.error)
        case _:
            return ""


def _activity(event: ev.EngineEvent) -> str:
    """Words for what is worth a line when no machine reads."""
    match event:
        case ev.RunStarted():
            return f"{event.model} answers."
        case ev.ToolStarted():
            return f"• {event.headline or event.name}"
        case ev.ToolFinished():
            first = next((b.text for b in event.content if isinstance(b, TextBlock)), "")
            if not event.started:
                return f"  {event.name} did not run: {first}"
            outcome = f"failed: {first}" if event.is_error else "done"
            return f"  {event.name} {outcome} ({event.duration_ms / 1000:.1f} s)"
        case ev.CompactionFinished():
            return f"The history was shortened to {event.tokens_after} tokens."
        case ev.RunFinished(status="cancelled"):
            return "Cancelled; what had arrived is kept."
        case ev.RunFinished():
            return usage_line(event.usage, event.cost, event.duration_ms)
        case _:
            return ""


def usage_line(usage: TokenUsage, cost: float | None, duration_ms: int | None = None) -> str:
    """What a run used, on one line; what is unknown says so."""
    parts = [
        f"{'unknown' if usage.prompt is None else format(usage.prompt, ',')} tokens in",
        f"{'unknown' if usage.output is None else format(usage.output, ',')} out",
    ]
    parts.append("cost unknown" if cost is None else f"${cost:.4f}".rstrip("0").rstrip("."))
    if duration_ms is not None:
        parts.append(f"{duration_ms / 1000:.1f} s")
    return ", ".join(parts) + (" (at least)" if usage.partial else "")


def _sentence(error: ev.ErrorInfo) -> str:
    # A server's own words may lack the full stop.
    end = "" if error.message.endswith((".", "!", "?", "…", ")", ":")) else "."
    return f"{error.message}{end} {error.hint}" if error.hint else f"{error.message}{end}"
