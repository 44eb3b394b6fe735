"""The rules that a conversation must keep before it may be sent, in every wire format.

1. It starts with a user message and ends with one.
2. Every tool call of an assistant message is answered once, in the user
   message right after it, before anything else in that message.
3. No result answers a call that was not made; call ids are unique.
4. No message is empty.

`check` reports the first break; `repair` mends a history whatever happened to
it (cancel, crash, halt), adding "not run" results and joining neighbours, and
never drops a word of a person or a model. Pure; knows no wire format.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alloy_tui.domain.errors import TranscriptError
from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)

NOT_RUN = "Not run: the request was interrupted before this call was executed."


def check(messages: Sequence[ChatMessage], *, continuing: bool = False) -> None:
    """Raise TranscriptError at the first rule that `messages` breaks.

    `continuing` allows the last message to be the assistant's: a turn that the
    service paused is sent back as it is.
    """
    if not messages:
        raise TranscriptError("The conversation is empty.")
    if messages[0].role != "user":
        raise TranscriptError("The conversation does not start with a user message.")
    if messages[-1].role != "user" and not continuing:
        raise TranscriptError("The conversation does not end with a user message.")
    seen: set[str] = set()
    awaited: tuple[str, ...] = ()
    for index, message in enumerate(messages):
        if not _has_content(message):
            raise TranscriptError(f"Message {index + 1} is empty.")
        answered = tuple(r.call_id for r in message.tool_results)
        if message.role == "assistant" and answered:
            raise TranscriptError(f"Message {index + 1}: an assistant cannot hold tool results.")
        if message.role == "user" and message.tool_calls:
            raise TranscriptError(f"Message {index + 1}: a user cannot call tools.")
        if answered != awaited:
            raise TranscriptError(
                f"Message {index + 1} answers the calls {list(answered)}, due were {list(awaited)}."
            )
        if answered and not _results_first(message):
            raise TranscriptError(f"Message {index + 1}: something stands before a tool result.")
        awaited = tuple(c.id for c in message.tool_calls)
        for call in awaited:
            if call in seen:
                raise TranscriptError(f"Message {index + 1}: the call id {call} is used twice.")
            seen.add(call)
        if message.role == "assistant" and index and messages[index - 1].role == "assistant":
            raise TranscriptError(f"Message {index + 1}: two assistant messages in a row.")


def repair(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The nearest valid history for `messages`; a valid one comes back equal.

    The result satisfies `check` except that it may be empty or end with an
    assistant message.
    """
    mended: list[ChatMessage] = []
    used: set[str] = set()
    asked: tuple[str, ...] = ()  # the ids of the last assistant's calls before any renaming
    for message in messages:
        last = mended[-1] if mended else None
        if message.role == "assistant":
            kept = _assistant(message, used)
            if kept is None:
                continue
            if last is None:
                mended.append(_bridge("(The beginning of this conversation is missing.)"))
            elif last.role == "assistant":
                mended.append(_answers(last, asked, ()) or _bridge("(continue)"))
            mended.append(kept)
            asked = tuple(c.id for c in message.tool_calls)
            continue
        due = None
        if last is not None and last.role == "assistant":
            due = _answers(last, asked, message.tool_results)
        rest = tuple(b for b in message.blocks if not isinstance(b, ToolResultBlock))
        made = _same_or(message, (*(due.blocks if due else ()), *rest))
        if not _has_content(made):
            continue
        if last is not None and last.role == "user":
            # Two user messages in a row are legal in most formats once results
            # stand first, yet joining them keeps strict servers content.
            mended[-1] = ChatMessage("user", (*last.blocks, *rest), synthetic=last.synthetic)
        else:
            mended.append(made)
    if mended and mended[-1].role == "assistant":
        due = _answers(mended[-1], asked, ())
        if due is not None:
            mended.append(due)
    return tuple(mended)


def _has_content(message: ChatMessage) -> bool:
    return any(not isinstance(b, TextBlock) or b.text.strip() for b in message.blocks)


def _results_first(message: ChatMessage) -> bool:
    rest = False
    for block in message.blocks:
        if isinstance(block, ToolResultBlock):
            if rest:
                return False
        else:
            rest = True
    return True


def _bridge(text: str) -> ChatMessage:
    return ChatMessage("user", (TextBlock(text),), synthetic=True)


def _same_or(message: ChatMessage, blocks: tuple[Block, ...]) -> ChatMessage:
    if blocks == message.blocks:
        return message
    return ChatMessage(message.role, blocks, message.origin, message.incomplete, message.synthetic)


def _assistant(message: ChatMessage, used: set[str]) -> ChatMessage | None:
    """The message without what cannot be sent: calls of a cut answer, thinking alone, id twins."""
    blocks: list[Block] = []
    for block in message.blocks:
        if isinstance(block, ToolResultBlock):
            continue
        blocks.append(_unique(block, used) if isinstance(block, ToolCallBlock) else block)
    says_something = any(
        isinstance(b, ToolCallBlock)
        or (isinstance(b, TextBlock) and b.text.strip())
        # Thinking alone is of use to another request only if it is signed.
        or (isinstance(b, ThinkingBlock) and b.opaque)
        for b in blocks
    )
    return _same_or(message, tuple(blocks)) if says_something else None


def _unique(call: ToolCallBlock, used: set[str]) -> ToolCallBlock:
    name, number = call.id, 2
    while name in used:
        name, number = f"{call.id}-{number}", number + 1
    used.add(name)
    if name == call.id:
        return call
    return ToolCallBlock(name, call.name, call.arguments, call.invalid, call.opaque)


def _answers(
    message: ChatMessage, asked: Sequence[str], results: Iterable[ToolResultBlock]
) -> ChatMessage | None:
    """One result per call of `message`, in call order; `asked` are the ids the results know."""
    calls = message.tool_calls
    if not calls:
        return None
    left = list(results)
    answers: list[ToolResultBlock] = []
    for call, known_as in zip(calls, asked, strict=True):
        match = next((r for r in left if r.call_id in (known_as, call.id)), None)
        if match is None:
            answers.append(ToolResultBlock(call.id, (TextBlock(NOT_RUN),), is_error=True))
            continue
        left.remove(match)
        same = match.call_id == call.id
        answers.append(match if same else ToolResultBlock(call.id, match.content, match.is_error))
    return ChatMessage("user", tuple(answers), synthetic=True)
