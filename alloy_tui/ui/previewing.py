"""What an approval shows of the call that it is about. Pure.

Owns that nothing which would run stays out of sight: hidden characters are
spelt out and counted, and no argument is left away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from alloy_tui.domain.events import ApprovalRequested
from alloy_tui.domain.sanitise import reveal
from alloy_tui.ui.lines import LineItem
from alloy_tui.ui.tool_view import argument_lines, change_of

# A change shows these arguments.
_DRAWN = frozenset({"content", "edits"}) | {
    f"{side}{what}" for side in ("old", "new") for what in ("", "_string", "_text")
}


def preview(request: ApprovalRequested) -> tuple[list[LineItem], int]:
    """The whole of what would run, hidden characters spelt out, and how many those were."""
    hidden = 0

    def spelt(value: Any) -> Any:
        nonlocal hidden
        if isinstance(value, str):
            shown, count = reveal(value)
            hidden += count
            return shown
        if isinstance(value, dict):
            pairs = cast("dict[str, Any]", value)
            return {spelt(k): spelt(v) for k, v in pairs.items()}
        if isinstance(value, list):
            return [spelt(item) for item in cast("list[Any]", value)]
        return value

    arguments: Mapping[str, Any] = spelt(request.arguments)
    lines: list[LineItem] = []
    rest = dict(arguments)
    command = rest.pop("command", None)
    if isinstance(command, str):
        lines.extend(("plain", row) for row in command.split("\n"))
    change = change_of(arguments, None)
    if change is not None:
        rest = {k: v for k, v in rest.items() if k not in _DRAWN}
    if rest or not (lines or change):
        lines.extend(argument_lines(rest))
    if change is not None:
        lines.append(change)
    return lines, hidden
