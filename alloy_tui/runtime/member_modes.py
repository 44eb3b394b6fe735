"""What agents of a team may do unasked: never more than the conversation's own agent.

Owns that cap. A team's file comes with a project that somebody else may have
written, so it can take rights away and give none. Must not know how an agent is made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alloy_tui.agent.permissions import ApprovalMode

_ORDER: Final[tuple[ApprovalMode, ...]] = ("none", "ask", "edits", "all")


def capped(
    wanted: ApprovalMode | None, own: ApprovalMode, *, outside: bool = False
) -> ApprovalMode:
    """`wanted`, but no more than `own`; None = as much as that.

    Who works `outside` of the project changes no file there unasked, as no tool
    does; what runs everything unasked does so anywhere.
    """
    mode = own if wanted is None or _ORDER.index(own) < _ORDER.index(wanted) else wanted
    return "ask" if outside and mode == "edits" else mode


class MemberModes:
    """`own` is what the conversation's agent may do; `tell` gets words for a person."""

    def __init__(self, own: ApprovalMode, tell: Callable[[str], object]) -> None:
        self.own: ApprovalMode = own
        self._tell = tell
        self._told: set[str] = set()

    def of(self, name: str, wanted: ApprovalMode | None, *, outside: bool) -> ApprovalMode:
        """What the agent `name` may do; that it is less than `wanted` is said once."""
        mode = capped(wanted, self.own, outside=outside)
        meant = wanted or self.own
        if mode != meant and _ORDER.index(mode) < _ORDER.index(meant):
            why = (
                "it works outside of the project"
                if capped(wanted, self.own) == meant
                else f"yours is “{self.own}”, and a team's file cannot allow more"
            )
            words = f"{name} works with the approval mode “{mode}” instead of “{meant}”: {why}."
            if words not in self._told:
                self._told.add(words)
                self._tell(words)
        return mode


def is_outside(project: str, cwd: str) -> bool:
    """Whether `cwd`, which may be relative to `project`, leads out of it; looks at the disk."""
    above = Path(project).resolve()
    return not (above / Path(cwd).expanduser()).resolve().is_relative_to(above)
