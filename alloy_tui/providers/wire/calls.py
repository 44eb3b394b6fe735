"""Tool calls as they come off a wire, and the ids and names they travel under.

Owns unique ids, the reading of arguments and the spelling of ids for a service
that has rules for them. Knows no wire format.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from alloy_tui.domain.messages import ChatMessage, ToolCallBlock
from alloy_tui.providers.tolerant_json import read_object, scrub

_ODD_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")


class CallIds:
    """Gives every call of an answer an id that neither it nor the history has used."""

    def __init__(self, history: Iterable[ChatMessage] = ()) -> None:
        self._taken = {call.id for message in history for call in message.tool_calls}

    def take(self, wanted: str) -> str:
        """`wanted` if it is free, else the nearest free name; "" asks for an invented one."""
        base = scrub(wanted) or "call"
        name = base if wanted else f"{base}_1"
        number = 2
        while name in self._taken:
            name = f"{base}-{number}" if wanted else f"{base}_{number}"
            number += 1
        self._taken.add(name)
        return name


def call_block(call_id: str, name: str, raw: str, *, cut: bool = False) -> ToolCallBlock:
    """The finished call. `raw` is its argument text; none at all means `{}`.

    `cut` says that the answer ended inside or right after this call (an output
    limit, say): nothing at all then means that the arguments are missing.
    """
    raw = scrub(raw)
    if not raw.strip():
        if cut:
            return ToolCallBlock(call_id, name, {}, invalid="(the arguments did not arrive)")
        return ToolCallBlock(call_id, name, {})
    arguments = read_object(raw)
    if arguments is None:
        return ToolCallBlock(call_id, name, {}, invalid=raw)
    return ToolCallBlock(call_id, name, arguments)


def wire_id(call_id: str, allowed: re.Pattern[str], prefix: str = "call_") -> str:
    """`call_id` as a service with rules takes it: itself, or a name derived from it alone."""
    if allowed.fullmatch(call_id):
        return call_id
    return prefix + hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:24]


def wire_name(name: str) -> str:
    """A tool name that every service takes back, for models invent names that none would."""
    return _ODD_IN_NAME.sub("_", name)[:64] or "unnamed"
