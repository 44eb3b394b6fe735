"""The `scratchpad` tool: notes of one agent that outlive a reset of its conversation.

Owns the notes' bounds. They live in the context's memory, so every agent has
its own and they end with it.
"""

# ruff: noqa: ARG002 - the Tool protocol gives a method more than each tool needs

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.tool import ToolContext, ToolReply
from alloy_tui.tools.base import CoreTool

_MEMORY_KEY = "scratchpad"
_MOST_CHARACTERS = 100_000


class ScratchpadArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `scratchpad` takes. `action` is checked here, so that the error can be friendly."""

    action: Annotated[Literal["read", "write", "clear"], Meta(description="What to do")]
    key: Annotated[
        str | None, Meta(description="Note's name; read and clear without it mean all notes")
    ] = None
    value: Annotated[str | None, Meta(description="Text to keep (write)")] = None


class ScratchpadTool(CoreTool[ScratchpadArguments]):
    """Keep, show and forget short notes by name."""

    name = "scratchpad"
    description = (
        "Notes that stay when the conversation is compacted or reset: "
        "write them by key, read or clear one or all."
    )
    arguments = ScratchpadArguments

    def prepare(self, arguments: dict[str, Any]) -> ScratchpadArguments:
        """Like every tool, and what an action needs must be there."""
        prepared = super().prepare(arguments)
        if prepared.action == "write":
            if not prepared.key:
                raise ToolError("scratchpad: write needs `key`, the name of the note.")
            if prepared.value is None:
                raise ToolError("scratchpad: write needs `value`, the text to keep.")
        elif prepared.value is not None:
            raise ToolError(
                f"scratchpad: `value` belongs to write; {prepared.action} takes `key` only."
            )
        return prepared

    def lock_keys(self, prepared: ScratchpadArguments, context: ToolContext) -> tuple[str, ...]:
        """The agent's notes, so that parallel calls keep their order."""
        return (f"scratchpad:{context.agent}",)

    def headline(self, prepared: ScratchpadArguments) -> str:
        """The action and the note."""
        return f"{prepared.action} {prepared.key or 'all notes'}"

    async def run(self, prepared: ScratchpadArguments, context: ToolContext) -> ToolReply:
        """Do it; the notes are small enough for the event loop."""
        notes = cast("dict[str, str]", context.memory.setdefault(_MEMORY_KEY, {}))
        match prepared.action:
            case "write":
                return _write(notes, prepared.key or "", prepared.value or "")
            case "clear":
                return _clear(notes, prepared.key)
            case "read":
                return _read(notes, prepared.key)


def _read(notes: dict[str, str], key: str | None) -> ToolReply:
    if key is not None:
        return ToolReply.of(_existing(notes, key))
    if not notes:
        return ToolReply.of("The scratchpad is empty.")
    return ToolReply.of("\n".join(f"{name}: {value}" for name, value in notes.items()))


def _write(notes: dict[str, str], key: str, value: str) -> ToolReply:
    used = sum(len(k) + len(v) for k, v in notes.items() if k != key)
    if used + len(key) + len(value) > _MOST_CHARACTERS:
        raise ToolError(
            f"The scratchpad holds {_MOST_CHARACTERS:,} characters and this note would not fit "
            f"({used:,} used): clear notes, or keep long text in a file."
        )
    known = key in notes
    notes[key] = value
    return ToolReply.of(f"{'Replaced' if known else 'Kept'} the note {key}.")


def _clear(notes: dict[str, str], key: str | None) -> ToolReply:
    if key is None:
        count = len(notes)
        notes.clear()
        return ToolReply.of(f"Cleared {count} note{'' if count == 1 else 's'}.")
    _existing(notes, key)
    del notes[key]
    return ToolReply.of(f"Cleared the note {key}.")


def _existing(notes: dict[str, str], key: str) -> str:
    if key not in notes:
        known = ", ".join(notes) or "none"
        raise ToolError(f"There is no note {key}. Notes: {known}.")
    return notes[key]
