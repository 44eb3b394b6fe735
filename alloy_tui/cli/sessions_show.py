"""`alloy sessions show`: a conversation as text for a terminal.

Owns the layout: who speaks, what was said, calls and what they brought, cut to
a few lines. The whole of it is what `export` is for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import msgspec

from alloy_tui.cli import exits, sessions_finding
from alloy_tui.cli.sessions_words import Paint, clock, cut, cut_as_it_is, lasted, money, print_json
from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from alloy_tui.domain.sanitise import clean
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
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.words import words_of

_LINES = 8
_COLUMNS = 200


def run(store: SessionStore, arguments: argparse.Namespace) -> int:
    """Print the conversation that ends at the leaf, or at `--node`."""
    info = sessions_finding.session(store, arguments.session)
    tree = store.tree(info.id)
    end = tree.leaf if arguments.node is None else sessions_finding.node(tree, arguments.node)
    entries = store.read(info.id, tree.path(end))
    if arguments.json:
        print_json({"session": info, "node": end, "entries": [_plain(e) for e in entries]})
        return exits.COMPLETED
    paint = Paint()
    print(paint(cut(info.title or info.preview, 100) or "(empty)", "bold"))
    print(paint(f"{info.id}, {clock(info.created_ms)}, {cut(info.cwd, 100)}", "faint"))
    for entry in entries:
        label = tree.labels.get(entry.id)
        for line in _lines(entry, label, paint):
            sys.stdout.write(line + "\n")
    if not entries:
        print("(no messages)")
    return exits.COMPLETED


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at_ms": entry.at_ms,
        "kind": entry.node.kind,
        "text": words_of(entry.node),
        "node": msgspec.to_builtins(entry.node),
    }


def _lines(entry: Entry, label: str | None, paint: Paint) -> Iterator[str]:
    tag = paint(f"  [{cut(label, 40)}]", "warn") if label else ""
    when = paint(f"  {clock(entry.at_ms)}, {entry.id}", "faint")
    match entry.node:
        case UserMessage(message=message):
            yield ""
            mine = "❯ you" if entry.node.command is None else "! a command of yours"
            yield paint(mine, "live") + when + tag
            yield from _message(message, paint)
        case Answer(message=message, model=model, cost=cost, duration_ms=duration_ms):
            yield ""
            facts = [model] + ([money(cost)] if cost else [])
            facts += [lasted(duration_ms)] if duration_ms else []
            facts += [f"not whole: {message.incomplete}"] if message.incomplete else []
            yield paint(f"◆ {cut(', '.join(facts), 120)}", "good") + when + tag
            yield from _message(message, paint)
        case ToolResult(result=result):
            style = "danger" if result.is_error else "faint"
            yield from (paint(f"    {line}", style) for line in _few(result.text))
        case ModelSwitch():
            yield ""
            yield paint(f"— model: {cut(words_of(entry.node), 120)}", "faint") + when + tag
        case EffortSwitch():
            yield ""
            yield paint(f"— thinking: {cut(words_of(entry.node), 120)}", "faint") + when + tag
        case Compaction() | Graft():
            yield ""
            what = "compacted" if isinstance(entry.node, Compaction) else "brought here"
            yield paint(f"— {what}", "warn") + when + tag
            yield from (f"  {line}" for line in _few(words_of(entry.node)))
        case other:
            yield paint(f"— {cut(other.kind, 40)}", "faint") + when + tag


def _message(message: ChatMessage, paint: Paint) -> Iterator[str]:
    for block in message.blocks:
        match block:
            case TextBlock(text=text):
                yield from clean(text.strip("\n")).splitlines()
            case ThinkingBlock(text=text) if text.strip():
                yield from (paint(f"  ∴ {line}", "faint") for line in _few(text))
            case ToolCallBlock():
                yield paint(f"  → {call_line(block)}", "warn")
            case ImageBlock() | DocumentBlock():
                name = block.name if isinstance(block, DocumentBlock) else "image"
                about = f"{cut(name, 60)}, {cut(block.media_type, 40)}, {len(block.data):,} bytes"
                yield paint(f"  ▢ {about}", "faint")
            case _:
                pass


def call_line(call: ToolCallBlock) -> str:
    """A tool call on one line."""
    if call.invalid is not None:
        return cut(f"{call.name} (unreadable arguments)", _COLUMNS)
    values = [f"{k}={v!r}" if not isinstance(v, str) else v for k, v in call.arguments.items()]
    return cut(f"{call.name}  {'  '.join(values)}", _COLUMNS)


def _few(text: str) -> Iterator[str]:
    """The first lines, and how many more there are."""
    lines = clean(text).strip("\n").splitlines()
    yield from (cut_as_it_is(line, _COLUMNS) for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"… {len(lines) - _LINES:,} more lines"
