"""What the conversation says about runs, in sentences: endings, retries, summaries of calls.

Pure; foreign text goes through the sanitiser here.
"""

from __future__ import annotations

from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.transcript.specs import Level
from alloy_tui.ui.wording import failure

_INCOMPLETE = {
    "cancelled": "stopped by you",
    "stream_cut": "the connection broke",
    "output_limit": "the output limit was reached",
    "max_tokens": "the output limit was reached",
    "timed_out": "out of time",
    "error": "the service failed",
}


_HINTS = {
    "auth": "Check the key of this service, or choose another model with /model.",
    "quota": "Add credit at the service, or choose another model with /model.",
    "not_found": "/model lists the models within reach.",
    "context_overflow": "/reset begins anew; /model may have one with more room.",
}
_HERE = {"auth": "Another key is entered in /model, with ^K."}
_AGAIN = "/retry sends it again."
_BACK = "Your message is in the prompt again."
_NO_USE_AGAIN = frozenset({"context_overflow", "refused", "output_limit", "internal"})


def incomplete_words(reason: str | None) -> str:
    """Why an answer is not whole, or "" when it is."""
    if not reason:
        return ""
    return _INCOMPLETE.get(reason, clean_line(reason.replace("_", " "), limit=60))


def ending(event: ev.RunFinished) -> tuple[Level, str] | None:
    """What to say at the end of a run; None when the answer speaks for itself."""
    match event.status:
        case "completed":
            return None
        case "cancelled":
            kept = " What arrived is kept." if event.text else ""
            return "info", f"Stopped.{kept}"
        case "max_turns":
            return "warning", (
                f"Stopped after {event.turns} turns, the most that one run may take. "
                "Send “go on” to continue."
            )
        case "timed_out":
            return "warning", f"The time for this run was up. What arrived is kept. {_AGAIN}"
        case "halted":
            error = event.error
            words = f"{error.message} {error.hint or ''}" if error else ""
            return "warning", clean_line(words, limit=600).strip() or "The run was halted."
        case _:
            again = _BACK if never_kept(event) else _AGAIN
            return "error", _error_sentence(event.error, again)


def never_kept(event: ev.RunFinished) -> bool:
    """Whether the message itself could not be stored: it was not sent, and is in no conversation.

    A run that could not be stored later on keeps its message.
    """
    return event.error is not None and event.error.kind == "not_stored" and not event.turns


def _error_sentence(error: ev.ErrorInfo | None, again: str) -> str:
    if error is None:
        return "The run failed, and nothing says why."
    said = clean_line(error.message, limit=600) or f"The run failed: {failure(error.kind)}."
    hint = clean_line(error.hint, limit=300) if error.hint else _HINTS.get(error.kind, "")
    again = again if error.kind not in _NO_USE_AGAIN else ""
    here = _HERE.get(error.kind, "")
    return " ".join(_sentence(part) for part in (said, hint, here, again) if part)


def _sentence(text: str) -> str:
    """`text` with a full stop, so that what follows does not run into it."""
    return text if text[-1] in ".!?…”" else f"{text}."


def retry_notice(event: ev.RetryScheduled) -> str:
    """One line in the conversation; the countdown is the status bar's."""
    what = failure(event.error.kind).capitalize()
    when = f"in {event.delay_s:.0f} s" if event.delay_s >= 0.5 else "at once"
    tries = f"try {event.attempt + 1} of {event.max_attempts}"
    if event.discarded is not None:
        left = "What came of the answer is left out."
        return f"{what}. {left} Asking again {when}, {tries}."
    return f"{what}. Asking again {when}, {tries}."


def change_summary(details: dict[str, Any] | None, diff: str) -> str:
    """`+2 −1` for a change, the exit code of a program that failed, else ""."""
    if diff:
        rows = diff.split("\n")
        added = sum(r.startswith("+") and not r.startswith("+++") for r in rows)
        removed = sum(r.startswith("-") and not r.startswith("---") for r in rows)
        return f"+{added} −{removed}"
    code = (details or {}).get("exit_code")
    return f"exit {code}" if isinstance(code, int) and code else ""
