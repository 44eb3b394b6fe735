"""Stored nodes as blocks of the conversation, looking as they did when they were live.

Owns which blocks a node becomes, and that a call and its result are one card.
Pure: knows no widget and no port.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alloy_tui.domain import events as ev
from alloy_tui.domain import messages as msg
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.path_values import PathItem
from alloy_tui.runtime.port import OWN_COMMAND
from alloy_tui.ui.panes.chat_images import image_spec
from alloy_tui.ui.panes.chat_words import change_summary, incomplete_words
from alloy_tui.ui.tool_view import CallKey, ToolRecord, diff_lines
from alloy_tui.ui.transcript.specs import (
    AgentBlock,
    BlockSpec,
    ImageBlock,
    MarkerBlock,
    NoticeBlock,
    ThinkingBlock,
    ToolBlock,
    UserBlock,
)
from alloy_tui.ui.wording import model_label


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of the node `node`; a tool card comes with its call's `key` and `record`.

    `data` is all of an image, for whoever opens it.
    """

    spec: BlockSpec
    node: str
    key: CallKey | None = None
    record: ToolRecord | None = None
    data: bytes = b""


def pieces_of(items: Sequence[PathItem]) -> list[Piece]:
    """All blocks of `items`, in order. Results without their call stand by themselves."""
    made: list[Piece] = []
    waiting: dict[str, PathItem] = {}
    taken: set[str] = set()
    for place, item in enumerate(items):
        if item.kind == "answer":
            waiting = _results_after(items, place)
            taken.update(result.id for result in waiting.values())
            made += _answer(item, waiting)
        elif item.kind != "tool_result":
            made += _other(item)
        elif item.id not in taken:
            made += _lone_result(item)
    return made


def leading_results(items: Sequence[PathItem]) -> int:
    """How many results stand first, whose call is further up."""
    count = 0
    while count < len(items) and items[count].kind == "tool_result":
        count += 1
    return count


def turn_words(siblings: Sequence[str], node: str) -> str:
    """`‹ 2/3 ›` for a message that stands beside others, else ""."""
    if len(siblings) < 2 or node not in siblings:
        return ""
    return f"‹ {siblings.index(node) + 1}/{len(siblings)} ›"


def _results_after(items: Sequence[PathItem], place: int) -> dict[str, PathItem]:
    found: dict[str, PathItem] = {}
    for item in items[place + 1 :]:
        if item.kind == "answer" or (item.kind == "user" and item.message is not None):
            break
        if item.result is not None:
            found.setdefault(item.result.call_id, item)
    return found


def _answer(item: PathItem, results: dict[str, PathItem]) -> Iterable[Piece]:
    message = item.message
    if message is None:
        return
    words = None if item.growing else incomplete_words(message.incomplete)
    specs = _said(message, words)
    if words and not specs:
        specs = [NoticeBlock(f"The answer broke off before its first word: {words}.")]
    yield from (Piece(spec, item.id) for spec in specs)
    for call in message.tool_calls:
        result = results.get(call.id)
        card = _card(item, call, result)
        yield card
        if result is not None and result.result is not None and card.record is not None:
            yield from _images(result.result.content, card.record.title(), item.id)


def _said(message: msg.ChatMessage, incomplete: str | None) -> list[BlockSpec]:
    """Thinking and text, neighbours of one kind joined; the last says why it is not whole."""
    parts: list[tuple[type[msg.TextBlock | msg.ThinkingBlock], str]] = []
    for block in message.blocks:
        if isinstance(block, msg.TextBlock | msg.ThinkingBlock) and block.text:
            if parts and parts[-1][0] is type(block):
                parts[-1] = (type(block), parts[-1][1] + block.text)
            else:
                parts.append((type(block), block.text))
    specs: list[BlockSpec] = []
    for number, (kind, text) in enumerate(parts, 1):
        why = incomplete if number == len(parts) else ""
        if kind is msg.ThinkingBlock:
            specs.append(ThinkingBlock(text, duration_ms=0, incomplete=why or ""))
        else:
            specs.append(AgentBlock(text, incomplete=why))
    return specs


def _card(item: PathItem, call: msg.ToolCallBlock, result: PathItem | None) -> Piece:
    record = ToolRecord(call.id, call.name)
    record.take(ev.ToolCallReady(call.id, call.name, call.arguments, call.invalid), item.at_ms)
    if result is not None:
        _finish(record, result)
    else:
        record.state = "running" if item.growing else "cancelled"
    return Piece(card_of(record), item.id, (item.id, 0, call.id), record)


def _lone_result(item: PathItem) -> Iterable[Piece]:
    if item.result is None:
        return
    record = ToolRecord(item.result.call_id, item.name)
    _finish(record, item)
    yield Piece(card_of(record), item.id, (item.id, 0, item.result.call_id), record)
    yield from _images(item.result.content, record.title(), item.id)


def _own_command(item: PathItem) -> Iterable[Piece]:
    """A command that the user ran, as the card that it was."""
    record = ToolRecord(item.id, item.name)
    command = str((item.details or {}).get("command", ""))
    arguments = {"command": command, "private": False}
    headline = command.strip().replace("\n", " ⏎ ")
    record.take(ev.ToolStarted(item.id, item.name, arguments, headline), item.at_ms)
    _finish(record, item, headline=headline)
    yield Piece(card_of(record), item.id, (item.id, 0, item.id), record)


def _images(parts: Iterable[msg.Block], name: str, node: str) -> Iterable[Piece]:
    """What a tool brought besides words; `name` says what it worked on."""
    for part in parts:
        if isinstance(part, msg.ImageBlock):
            yield Piece(image_spec(name, part, "alloy"), node, data=part.data)


def _finish(record: ToolRecord, item: PathItem, headline: str = "") -> None:
    result = item.result
    if result is None:
        return
    record.headline = clean_line(headline or item.words, limit=300)
    if item.started:
        record.started_ms = item.at_ms - item.duration_ms
    finished = ev.ToolFinished(
        result.call_id,
        record.name,
        result.is_error,
        result.content,
        duration_ms=item.duration_ms,
        started=item.started,
        details=item.details,
    )
    record.take(finished, item.at_ms)


def card_of(record: ToolRecord) -> ToolBlock:
    """The card of a call as its record stands."""
    diff = ""
    if record.state == "done":
        diff = "\n".join(line for _, line in diff_lines(record.arguments, record.details))
    return ToolBlock(
        record.name,
        headline=record.title(),
        state=record.state,
        summary=change_summary(record.details, diff) if record.result is not None else "",
        result=record.result,
        diff=diff or None,
        duration_ms=record.duration_ms,
    )


def _other(item: PathItem) -> Iterable[Piece]:
    if item.kind == "user" and item.name == OWN_COMMAND:
        yield from _own_command(item)
        return
    for spec in _other_specs(item):
        yield Piece(spec, item.id)
    if item.kind == "user" and item.message is not None:
        yield from _attached(item.message, item.id)


def _other_specs(item: PathItem) -> Iterable[BlockSpec]:
    words = clean_line(item.words, limit=300)
    match item.kind:
        case "user" if item.message is not None:
            note = turn_words(item.siblings, item.id)
            if item.message.synthetic:
                note = note or "for the model"
            yield UserBlock(item.message.text, note=note)
        case "model":
            yield MarkerBlock(f"{model_label(item.model, 60)} answers from here on")
        case "effort":
            yield MarkerBlock(f"thinking: {words}")
        case "compaction":
            yield MarkerBlock(words or "history shortened")
            yield from _told(item, "summary", "what the model reads instead of all above")
        case "graft":
            yield MarkerBlock(words or "brought here from another branch")
            yield from _told(item, "graft", "what the model is told of it")
        case "lost":
            yield NoticeBlock(
                words or "What stood here is lost: the store was damaged. alloy doctor says more.",
                "warning",
            )
        case _:
            if words:
                yield MarkerBlock(words)


def _told(item: PathItem, name: str, headline: str) -> Iterable[BlockSpec]:
    text = "\n\n".join(message.text for message in item.messages if message.text)
    if text:
        yield ToolBlock(name, headline, state="done", result=text)


def _attached(message: msg.ChatMessage, node: str) -> Iterable[Piece]:
    for block in message.blocks:
        if isinstance(block, msg.ImageBlock):
            yield Piece(image_spec("image", block), node, data=block.data)
        elif isinstance(block, msg.DocumentBlock):
            yield Piece(ImageBlock(block.name, block.media_type, block.data), node)
