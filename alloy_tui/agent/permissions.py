"""Whether a tool call may run: allow, ask or deny.

Owns the decision and the seam for other engines of it (`PermissionPolicy`).
Must not know how a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.tool import Access

ApprovalMode: TypeAlias = Literal["ask", "edits", "all", "none"]
"""What runs without asking.

- ask: calls that only read
- edits: those, and calls that change files of the workspace
- all: everything
- none: calls that only read; everything else is denied, and nobody is asked
"""

Action: TypeAlias = Literal["allow", "ask", "deny"]


class Proposal(msgspec.Struct, frozen=True):
    """A call that wants to run. `cwd` is absolute; `rule` is what "always" would remember."""

    agent: str
    call_id: str
    tool: str
    arguments: dict[str, Any]
    access: Access
    headline: str
    rule: str
    cwd: Path
    mode: ApprovalMode


class Ruling(msgspec.Struct, frozen=True):
    """A decision; `reason` completes it for whoever reads it, person or model."""

    action: Action
    reason: str


class PermissionPolicy(Protocol):
    """Decides on calls. Must be quick and pure; raising counts as a denial.

    What a person allowed for the session or always turns an "ask" into an
    "allow"; it never lifts a "deny".
    """

    def decide(self, proposal: Proposal) -> Ruling:
        """The ruling on one call."""
        ...


_WORDS: dict[Access, str] = {
    "read": "only reads",
    "edit": "changes files",
    "execute": "can run or change anything",
}


class ModePolicy:
    """The built-in policy: the mode, with exceptions by tool name that go before it."""

    def __init__(self, by_tool: Mapping[str, Action] | None = None) -> None:
        self._by_tool = dict(by_tool or {})

    def decide(self, proposal: Proposal) -> Ruling:
        """The tool's own setting if it has one, else what the mode says to its access."""
        own = self._by_tool.get(proposal.tool)
        if own == "deny":
            return Ruling("deny", f"the settings forbid the tool {proposal.tool}")
        if own == "allow":
            return Ruling("allow", f"the settings allow the tool {proposal.tool}")
        does = f"{proposal.tool} {_WORDS[proposal.access]}"
        if own == "ask":
            if proposal.mode == "none":
                return Ruling("deny", f"{does}, and nobody is asked in this mode")
            return Ruling("ask", f"the settings ask before the tool {proposal.tool}")
        if proposal.access == "read" or proposal.mode == "all":
            return Ruling("allow", does)
        if proposal.mode == "edits" and proposal.access == "edit":
            return Ruling("allow", does)
        if proposal.mode == "none":
            return Ruling("deny", f"{does}, and this session only allows reading")
        return Ruling("ask", does)
