"""The words of a node as plain text, for searching, comparing and previews.

Pure. Owns what of a node counts as its words. Text may hold anything a model or
a file said; whoever shows it cleans it first.
"""

from __future__ import annotations

import msgspec

from alloy_tui.domain.messages import ChatMessage, DocumentBlock, ToolCallBlock
from alloy_tui.sessions.nodes import (
    Answer,
    AnyNode,
    Checkpoint,
    Compaction,
    EffortSwitch,
    Graft,
    ModelSwitch,
    Note,
    Opened,
    Renamed,
    ToolResult,
    UserMessage,
)


def words_of(node: AnyNode) -> str:
    """What the node says: its text, then calls as `name(arguments)`; thoughts are left out."""
    match node:
        case UserMessage(message=message) | Answer(message=message):
            return _said(message)
        case ToolResult(result=result):
            return result.text
        case Compaction(messages=messages) | Graft(messages=messages):
            return "\n\n".join(_said(m) for m in messages)
        case ModelSwitch(from_model=before, to_model=after):
            return f"{before} → {after}"
        case EffortSwitch(from_effort=before, to_effort=after):
            return f"{before or 'default'} → {after or 'default'}"
        case Opened(title=text) | Renamed(title=text) | Note(text=text):
            return text
        case Checkpoint(label=label):
            return label or ""
        case _:
            return ""


def _said(message: ChatMessage) -> str:
    names = [b.name for b in message.blocks if isinstance(b, DocumentBlock)]
    calls = [_spelled(c) for c in message.tool_calls]
    return "\n".join(filter(None, (message.text, *names, *calls)))


def _spelled(call: ToolCallBlock) -> str:
    if call.invalid is not None:
        return f"{call.name}({call.invalid})"
    try:
        arguments = msgspec.json.encode(call.arguments).decode()
    except ValueError:  # lone surrogates
        arguments = repr(call.arguments)
    return f"{call.name}({arguments})"
