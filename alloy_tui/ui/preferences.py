"""What a person may choose about the screen, and what may be chosen.

Owns the values, their words and their checks; knows no widget and no file.
Names are those of the settings file.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from alloy_tui.runtime.port import ApprovalMode

NOTIFY: dict[str, str] = {
    "off": "never",
    "bell": "the terminal's bell",
    "desktop": "a notification of the desktop, by terminals that pass them on",
    "both": "bell and notification",
}
GAP = "gap"
STATUS_FIELDS: dict[str, str] = {
    "state": "what the agent does",
    "cost": "what it has cost",
    "context": "how full the model's window is",
    "tokens": "tokens in and out",
    "cache": "how much of the prompts came from the cache",
    "turn": "which turn of the run this is",
    "queue": "how many messages wait",
    "approvals": "what runs without asking",
    "branch": "which of how many branches this is, where there are some",
    "folder": "the working folder",
    GAP: "what follows stands at the right end",
    "model": "the model that answers",
    "keys": "the keys of palette and help",
}
STATUS: tuple[str, ...] = (
    "state",
    "cost",
    "context",
    "cache",
    "tokens",
    "branch",
    GAP,
    "model",
    "keys",
)
"""The status line unless somebody chose another one."""


class Preferences(msgspec.Struct, frozen=True):
    """`theme` is the word of a theme; `approvals` what runs without asking at the start.

    `pane_columns` is the width that the side pane was given, None for the usual one.
    """

    theme: str = "dark"
    approvals: ApprovalMode = "ask"
    notify: str = "bell"
    reduced_motion: bool = False
    status: tuple[str, ...] = STATUS
    pane_columns: int | None = None


def checked(wanted: Preferences, themes: Sequence[str]) -> tuple[Preferences, list[str]]:
    """`wanted` without what cannot be, and words for what that was."""
    problems: list[str] = []
    if wanted.theme not in themes:
        problems.append(f"theme: there is no theme “{wanted.theme}”; {', '.join(themes)}.")
        wanted = replace(wanted, theme="dark")
    if wanted.notify not in NOTIFY:
        problems.append(f"notify: one of {', '.join(NOTIFY)}.")
        wanted = replace(wanted, notify="bell")
    unknown = [name for name in wanted.status if name not in STATUS_FIELDS]
    if unknown:
        known = ", ".join(STATUS_FIELDS)
        problems.append(f"status: there is no field {', '.join(unknown)}; {known}.")
    fields = tuple(dict.fromkeys(name for name in wanted.status if name not in unknown))
    return replace(wanted, status=fields or STATUS), problems
