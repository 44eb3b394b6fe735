"""What the model is shown of a path: always a conversation that can be sent.

Pure. Owns how nodes become messages: results gather behind their answer, the
last compaction stands for all before it, and a call that never got its result
gets words that say so. The rules of a sendable conversation are
`domain.transcript`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from alloy_tui.domain import transcript
from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolResultBlock, tool_results
from alloy_tui.sessions.nodes import Answer, Compaction, Entry, Graft, ToolResult, UserMessage
from alloy_tui.sessions.tree import SessionTree

Read: TypeAlias = Callable[[Sequence[str]], Sequence[Entry]]
"""From ids to entries, in that order."""

INTERRUPTED = (
    "Interrupted: the program ended before this call gave a result. It may have done part of "
    "its work; look before repeating it."
)
_SPEAKING = frozenset({"user", "answer", "tool_result", "compaction", "graft"})


def view(tree: SessionTree, read: Read, node: str | None) -> tuple[ChatMessage, ...]:
    """The conversation that ends at `node`, valid for every wire format.

    It may be empty, or end with the assistant's words when the path does.
    """
    return transcript.repair(messages(shown(tree, read, node)))


def shown(tree: SessionTree, read: Read, node: str | None) -> Sequence[Entry]:
    """The entries that a view is made of: the last compaction, what it keeps, what follows it."""
    path = tree.path(node)
    last = next((n for n in reversed(path) if tree.kind(n) == "compaction"), None)
    if last is None:
        return read(_speaking(tree, path))
    (compaction,) = read((last,))
    at, kept = path.index(last), ()
    if isinstance(compaction.node, Compaction) and compaction.node.kept_from in path[:at]:
        kept = path[path.index(compaction.node.kept_from) : at]
        kept = tuple(n for n in kept if tree.kind(n) != "compaction")
    elif not isinstance(compaction.node, Compaction):
        kept = path[:at]  # its words are lost: better the long way than none
    return (compaction, *read(_speaking(tree, (*kept, *path[at + 1 :]))))


def messages(entries: Sequence[Entry]) -> tuple[ChatMessage, ...]:
    """The messages of a path's entries, every whole answer's calls answered behind it."""
    made: list[ChatMessage] = []
    at = 0
    while at < len(entries):
        node = entries[at].node
        at += 1
        match node:
            case UserMessage(message=message):
                made.append(message)
            case Answer(message=message):
                made.append(message)
                results, told, at = _until_next_answer(entries, at)
                if message.tool_calls and (answered := _answered(message, results)):
                    made.append(answered)
                made.extend(told)
            case Compaction() | Graft():
                made.extend(node.messages)
            case _:  # model switches, and kinds of a later version
                pass
    return tuple(made)


def _speaking(tree: SessionTree, path: Iterable[str]) -> tuple[str, ...]:
    return tuple(n for n in path if tree.kind(n) in _SPEAKING)


def _until_next_answer(
    entries: Sequence[Entry], at: int
) -> tuple[list[ToolResultBlock], list[ChatMessage], int]:
    """The results that follow an answer, and what people said between them."""
    results: list[ToolResultBlock] = []
    told: list[ChatMessage] = []
    while at < len(entries):
        node = entries[at].node
        if isinstance(node, ToolResult):
            results.append(node.result)
        elif isinstance(node, UserMessage):
            told.append(node.message)
        elif isinstance(node, Answer | Compaction | Graft):
            break
        at += 1
    return results, told, at


def _answered(message: ChatMessage, results: Iterable[ToolResultBlock]) -> ChatMessage | None:
    """One message with the results in call order; a missing one is told as interrupted."""
    by_call: dict[str, ToolResultBlock] = {}
    for result in results:
        by_call.setdefault(result.call_id, result)
    blocks: list[ToolResultBlock] = []
    for call in message.tool_calls:
        if call.id in by_call:
            blocks.append(by_call[call.id])
        elif call.invalid is None and message.incomplete is None:
            blocks.append(ToolResultBlock(call.id, (TextBlock(INTERRUPTED),), is_error=True))
        # A call of a cut answer never ran, and `repair` says that.
    return tool_results(*blocks) if blocks else None
