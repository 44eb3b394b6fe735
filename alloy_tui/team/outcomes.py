"""What a request's outcome means for who gave the work: an answer, or a TeamError in words.

Owns the translation alone.
"""

from __future__ import annotations

from typing import Final

from alloy_tui.domain.errors import TeamError, TeamErrorKind
from alloy_tui.domain.events import RunStatus
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.team_events import DelegationStatus

STATUS: Final[dict[TeamErrorKind, DelegationStatus]] = {
    "unknown_agent": "failed",
    "agent_exists": "failed",
    "crashed": "crashed",
    "failed": "failed",
    "timed_out": "timed_out",
    "cancelled": "cancelled",
    "stopped": "cancelled",
    "limit": "refused",
    "conflict": "refused",
    "invalid": "refused",
}
"""How a delegation is said to have ended."""

_WORDS: Final[dict[RunStatus, tuple[TeamErrorKind, str]]] = {
    "error": ("failed", "failed"),
    "halted": ("failed", "was stopped"),
    "max_turns": ("failed", "stopped at its limit of turns"),
    "timed_out": ("timed_out", "ran out of time"),
    "cancelled": ("cancelled", "was cancelled"),
}


def failure(
    name: str, result: RunResult, fate: tuple[TeamErrorKind, str] | None, *, refused: bool = False
) -> TeamError | None:
    """Why `result` is no answer, None if it is one.

    `fate` is how the agent itself ended, if it has; `refused` that its budget was used up.
    """
    if result.ok:
        return None
    kind, did = _WORDS.get(result.status, ("failed", "failed"))
    why = result.error.message if result.error is not None else ""
    hint = result.error.hint if result.error is not None else None
    partial = {name: result.text} if result.text else {}
    if fate is not None:
        kind, why = fate[0], fate[1] or why
        did, hint = ("crashed" if kind == "crashed" else "was stopped"), None
    elif refused:
        kind, did = "limit", "was stopped"
    words = f"{name} {did}: {why}" if why else f"{name} {did}."
    return TeamError(words, kind=kind, agent=name, partial=partial, hint=hint)
