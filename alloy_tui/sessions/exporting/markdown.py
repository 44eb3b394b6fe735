"""A conversation as Markdown: one path of the tree, from the first message on.

Owns the layout. What a model said goes in as it said it, Markdown that it is;
what tools brought is fenced so that nothing in it can end the fence. Control
characters that act on terminals are left out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    EffortSwitch,
    Entry,
    Graft,
    ModelSwitch,
    ToolResult,
    UserMessage,
)
from alloy_tui.sessions.store import SessionInfo
from alloy_tui.sessions.words import words_of

_TICKS = re.compile("`+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")


def conversation(
    info: SessionInfo, entries: Iterable[Entry], labels: Mapping[str, str]
) -> Iterator[str]:
    """The pieces of the text, in order; `entries` are those of a path."""
    yield f"# {plain(info.title or info.preview or 'Untitled session')}\n\n"
    facts = [f"Session `{clean_line(info.id)}`", moment(info.created_ms)]
    if info.cwd:
        facts.append(code_span(info.cwd))
    yield ", ".join(facts) + "\n"
    for entry in entries:
        label = labels.get(entry.id)
        tag = f" — {plain(label)}" if label else ""
        yield from _entry(entry, tag)


def moment(at_ms: int) -> str:
    """Universal time, to the minute."""
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at_ms / 1000))
    except (OverflowError, OSError, ValueError):
        return "at an unknown time"


def plain(text: str) -> str:
    """One line that Markdown does not take for anything else."""
    return _SPECIAL.sub(r"\\\1", clean_line(text))


def code_span(text: str) -> str:
    """One line as code; nothing for nothing."""
    line = clean_line(text)
    if not line:
        return ""
    ticks = "`" * (1 + max((len(m) for m in _TICKS.findall(line)), default=0))
    blank = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{blank}{line}{blank}{ticks}"


def fenced(text: str, language: str = "") -> str:
    """A block of code that nothing in `text` can end."""
    text = clean(text).strip("\n")
    ticks = "`" * max(3, 1 + max((len(m) for m in _TICKS.findall(text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}\n"


def _entry(entry: Entry, tag: str) -> Iterator[str]:
    match entry.node:
        case UserMessage(message=message):
            who = "Harness" if message.synthetic else "You"
            yield f"\n## {who}{tag}\n\n*{moment(entry.at_ms)}*\n"
            yield from _message(message)
        case Answer(message=message, model=model):
            cut = f", not whole: {plain(message.incomplete)}" if message.incomplete else ""
            yield f"\n## {plain(model) or 'Model'}{tag}\n\n*{moment(entry.at_ms)}{cut}*\n"
            yield from _message(message)
        case ToolResult(result=result, name=name):
            how = " failed" if result.is_error else ""
            yield f"\nResult of **{plain(name)}**{how}{tag}:\n\n{fenced(result.text)}"
        case ModelSwitch():
            yield f"\n*Model: {plain(words_of(entry.node))}*{tag}\n"
        case EffortSwitch():
            yield f"\n*Thinking: {plain(words_of(entry.node))}*{tag}\n"
        case Compaction() | Graft():
            what = "Compacted" if isinstance(entry.node, Compaction) else "From another branch"
            yield f"\n## {what}{tag}\n\n*{moment(entry.at_ms)}*\n"
            for message in entry.node.messages:
                yield from _message(message)
        case other:
            yield f"\n*({plain(other.kind)})*{tag}\n"


def _message(message: ChatMessage) -> Iterator[str]:
    for block in message.blocks:
        match block:
            case TextBlock(text=text):
                yield f"\n{clean(text).strip()}\n"
            case ThinkingBlock(text=text) if text.strip():
                quoted = "\n".join(f"> {line}".rstrip() for line in clean(text).strip().split("\n"))
                yield f"\n> *Thinking*\n>\n{quoted}\n"
            case ToolCallBlock():
                yield f"\nCall of **{plain(block.name)}**:\n\n{_arguments(block)}"
            case ImageBlock() | DocumentBlock():
                name = block.name if isinstance(block, DocumentBlock) else "image"
                size = f"{len(block.data):,} bytes"
                yield f"\n*({plain(name)}, {plain(block.media_type)}, {size})*\n"
            case _:
                pass


def _arguments(call: ToolCallBlock) -> str:
    if call.invalid is not None:
        return fenced(call.invalid)
    match call.arguments:
        case {"command": str(command)} if len(call.arguments) == 1:
            return fenced(command, "sh")
        case arguments:
            return fenced(spelled(arguments), "json")


def spelled(arguments: object) -> str:
    """Arguments as JSON over several lines."""
    try:
        return msgspec.json.format(msgspec.json.encode(arguments), indent=2).decode()
    except ValueError:  # lone surrogates
        return repr(arguments)
