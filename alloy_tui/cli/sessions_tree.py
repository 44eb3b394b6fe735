"""`alloy sessions tree`: the branches of a session, drawn in text.

Owns the drawing. The branch where the conversation stands runs straight down
the side, and other branches step aside: depth means detours and not time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator

import msgspec

from alloy_tui.cli import exits, sessions_finding
from alloy_tui.cli.sessions_words import Paint, ago, cut, money, plural, print_json
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.sessions.compare import totals
from alloy_tui.sessions.ids import wall_clock_ms
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
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.words import words_of

_CHUNK = 500


class Line(msgspec.Struct, frozen=True):
    """One row of the drawing: `rails` before it, then the node."""

    rails: str
    entry: Entry
    fork: bool


class _Stop(msgspec.Struct, frozen=True):
    """A node to be drawn: what stands before it, and before all that follows it."""

    node: str
    rails: str
    after: str


def run(store: SessionStore, arguments: argparse.Namespace) -> int:
    """Draw the tree of a session."""
    info = sessions_finding.session(store, arguments.session)
    tree = store.tree(info.id)
    lines = list(draw(tree, _entries(store, info.id, tree), hidden=arguments.all))
    if arguments.json:
        shown = [_told(tree, line) for line in lines]
        print_json({"session": info, "leaf": tree.leaf, "nodes": shown})
        return exits.COMPLETED
    paint, now_ms = Paint(), wall_clock_ms()
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 160
    whole = totals([line.entry for line in lines])
    branches = plural(len(tree.tips()), "branch").replace("branchs", "branches")
    title = cut(info.title or info.preview, 60) or "(empty)"
    print(paint(title, "bold") + paint(f"  {info.id}, {branches}, {money(whole.cost)}", "faint"))
    path = frozenset(tree.path(tree.leaf))
    for line in lines:
        print(_spelled(line, tree, path, paint, room=room, now_ms=now_ms))
    if not lines:
        print("(no messages)")
    return exits.COMPLETED


def _entries(store: SessionStore, session: str, tree: SessionTree) -> dict[str, Entry]:
    ids = [n for n in tree.ids() if not tree.is_mark(n)]
    return {
        entry.id: entry
        for start in range(0, len(ids), _CHUNK)
        for entry in store.read(session, ids[start : start + _CHUNK])
    }


def draw(tree: SessionTree, entries: dict[str, Entry], *, hidden: bool = False) -> Iterator[Line]:
    """The rows from the first message on; tool results are left to their answers."""

    def shown(node: str) -> bool:
        return hidden or node not in tree.hidden

    path = frozenset(tree.path(tree.leaf))

    def following(node: str | None, rails: str) -> list[_Stop]:
        """What comes after a node, the last first: they are taken from the end."""
        children = [n for n in tree.children(node) if shown(n)]
        if not children:
            return []
        main = next((n for n in children if n in path), children[-1])
        # The branch where the conversation stands goes straight on; others step aside.
        aside = [_Stop(n, f"{rails}├─ ", f"{rails}│  ") for n in children if n != main]
        return [_Stop(main, rails, rails), *reversed(aside)]

    left = following(None, "")
    while left:
        stop = left.pop()
        entry, after = entries[stop.node], following(stop.node, stop.after)
        fork = len(after) > 1
        if isinstance(entry.node, ToolResult) and stop.node not in tree.labels and not fork:
            # Its answer stands for it; what follows takes its place.
            after = [msgspec.structs.replace(s, rails=stop.rails) for s in after]
        else:
            yield Line(stop.rails, entry, fork)
        left += after


def _told(tree: SessionTree, line: Line) -> dict[str, object]:
    entry = line.entry
    cost = entry.node.cost if isinstance(entry.node, Answer | Compaction) else None
    return {
        "id": entry.id,
        "parent": tree.parent(entry.id),
        "kind": entry.node.kind,
        "at_ms": entry.at_ms,
        "label": tree.labels.get(entry.id),
        "current": tree.is_ancestor(entry.id, tree.leaf),
        "hidden": tree.is_hidden(entry.id),
        "cost": cost,
        "text": words_of(entry.node)[:500],
    }


def _spelled(
    line: Line,
    tree: SessionTree,
    path: frozenset[str],
    paint: Paint,
    *,
    room: int,
    now_ms: int,
) -> str:
    entry = line.entry
    mark = "●" if entry.id == tree.leaf else "○" if entry.id in path else "·"
    label = tree.labels.get(entry.id)
    tail = [money(entry.node.cost)] if isinstance(entry.node, Answer) and entry.node.cost else []
    tail.append(ago(entry.at_ms, now_ms))
    if tree.is_hidden(entry.id):
        tail.append("hidden")
    head = f"{line.rails}{mark} "
    tag = f"[{cut(label, 30)}] " if label else ""
    who, words = _said(entry)
    end = f"  {entry.id}, {', '.join(tail)}"
    text = cut(words, max(20, room - len(head) - len(tag) - len(who) - len(end) - 2))
    style = (
        "live" if entry.id == tree.leaf else "bold" if isinstance(entry.node, UserMessage) else ""
    )
    said = f"{who} {text}".rstrip()
    return "".join(
        (
            paint(line.rails, "faint"),
            paint(mark, "live" if entry.id in path else "faint"),
            " ",
            paint(tag, "warn"),
            paint(said, style) if style else said,
            paint(end, "faint"),
        )
    )


def _said(entry: Entry) -> tuple[str, str]:
    """A sign for who speaks, and the words."""
    match entry.node:
        case UserMessage(command=command):
            return ("❯", words_of(entry.node)) if command is None else ("!", command)
        case Answer(message=message, model=model):
            words = message.text.strip() or _calls(message)
            return f"{cut(model.rpartition('/')[2], 24)}:", words or "(nothing)"
        case ToolResult(name=name):
            return f"{cut(name, 24)}:", words_of(entry.node)
        case ModelSwitch():
            return "model", words_of(entry.node)
        case EffortSwitch():
            return "thinking", words_of(entry.node)
        case Compaction():
            return "compacted:", words_of(entry.node)
        case Graft(brings=brings):
            return f"brought {brings}:", words_of(entry.node)
        case other:
            return f"({cut(other.kind, 24)})", ""


def _calls(message: ChatMessage) -> str:
    return ", ".join(c.name for c in message.tool_calls)
