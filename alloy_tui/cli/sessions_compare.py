"""`alloy sessions compare`: two branches from where they part, turn beside turn.

Owns the drawing, and the joining of two sessions to one tree where one began as
a fork of the other. The alignment is `sessions.compare`'s.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from alloy_tui.cli import exits, sessions_finding
from alloy_tui.cli.sessions_finding import Place
from alloy_tui.cli.sessions_words import (
    Paint,
    columns_of,
    cut,
    lasted,
    money,
    pad,
    plural,
    print_json,
)
from alloy_tui.domain.sanitise import clean
from alloy_tui.sessions.compare import Comparison, Row, Totals, compare, difference
from alloy_tui.sessions.nodes import Entry, UserMessage
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.tree import Heads, SessionTree
from alloy_tui.sessions.words import words_of

_LINES = 40


def run(store: SessionStore, arguments: argparse.Namespace) -> int:
    """Compare; the exit code is 0 whether or not they differ."""
    left = sessions_finding.place(store, arguments.left)
    right = sessions_finding.place(store, arguments.right, beside=left.session)
    tree, entries = _joined(store, left, right)
    found = compare(tree, lambda nodes: [entries[n] for n in nodes], left.node, right.node)
    if arguments.json:
        print_json(
            {
                "left": left,
                "right": right,
                "ancestor": found.ancestor,
                "totals": {"left": found.left, "right": found.right},
                "rows": [_told(row) for row in found.rows],
            }
        )
    else:
        for line in _drawn(left, right, found, entries):
            print(line)
    return exits.COMPLETED


def _joined(store: SessionStore, left: Place, right: Place) -> tuple[SessionTree, dict[str, Entry]]:
    """One tree of both paths: a fork keeps the ids of the path that it began with."""
    one = store.tree(left.session).path(left.node)
    other = store.tree(right.session).path(right.node)
    entries = {e.id: e for e in store.read(right.session, other)}
    entries |= {e.id: e for e in store.read(left.session, one)}
    places: dict[str, int] = {}
    parents: list[int] = []
    for path in (one, other):
        above = -1
        for node in path:
            if node not in places:
                places[node] = len(parents)
                parents.append(above)
            above = places[node]
    kinds = [entries[n].node.kind for n in places]
    return SessionTree(Heads(list(places), parents, kinds, [0] * len(parents))), entries


def _told(row: Row) -> dict[str, object]:
    return {"left": _side(row.left), "right": _side(row.right), "same": row.same}


def _side(entry: Entry | None) -> dict[str, object] | None:
    if entry is None:
        return None
    return {"id": entry.id, "kind": entry.node.kind, "text": words_of(entry.node)}


def _drawn(
    left: Place, right: Place, found: Comparison, entries: dict[str, Entry]
) -> Iterator[str]:
    paint = Paint()
    yield f"{paint('A', 'danger')} {left.session}:{left.node or 'start'}"
    yield f"{paint('B', 'good')} {right.session}:{right.node or 'start'}"
    if found.ancestor is None:
        yield paint("They share no message.", "faint")
    else:
        words = cut(words_of(entries[found.ancestor].node), 60)
        yield paint(f"They part after {found.ancestor}: {words}", "faint")
    yield ""
    yield from _sums(found.left, found.right, paint)
    for row in found.rows:
        yield ""
        yield from _row(row, paint)


def _sums(left: Totals, right: Totals, paint: Paint) -> Iterator[str]:
    rows: list[Sequence[str]] = [("", "messages", "tool calls", "tokens out", "cost", "time")]
    for name, side in (("A", left), ("B", right)):
        output = None if side.usage is None else side.usage.output
        calls = f"{side.tool_calls:,}"
        calls += f" ({plural(side.tool_errors, 'error')})" if side.tool_errors else ""
        tokens = "?" if output is None else f"{output:,}"
        rows.append(
            (name, f"{side.messages:,}", calls, tokens, money(side.cost), lasted(side.duration_ms))
        )
    sizes = columns_of(rows)
    for number, row in enumerate(rows):
        line = "  ".join(pad(c, s, right=True) for c, s in zip(row, sizes, strict=True))
        yield line if number else paint(line, "faint")


def _row(row: Row, paint: Paint) -> Iterator[str]:
    whole = row.left or row.right
    assert whole is not None
    who = "you" if isinstance(whole.node, UserMessage) else whole.node.kind.replace("_", " ")
    who = cut(who, 40)
    if row.same:
        yield paint(f"= {who}: {cut(words_of(whole.node), 100)}", "faint")
        return
    if row.left is None or row.right is None:
        sign, style = ("-", "danger") if row.right is None else ("+", "good")
        yield paint(f"{sign} {who}", style)
        yield from (paint(f"{sign} {line}", style) for line in _few(words_of(whole.node)))
        return
    yield paint(f"~ {who}", "warn")
    signs = {"same": (" ", None), "left": ("-", "danger"), "right": ("+", "good")}
    lines = difference(words_of(row.left.node), words_of(row.right.node))
    for line in lines[:_LINES]:
        sign, style = signs[line.kind]
        text = f"{sign} {_line(line.text)}"
        yield paint(text, style) if style else text
    if len(lines) > _LINES:
        yield paint(f"  … {len(lines) - _LINES:,} more lines", "faint")


def _few(text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield from map(_line, lines[:_LINES])
    if len(lines) > _LINES:
        yield f"… {len(lines) - _LINES:,} more lines"


def _line(text: str) -> str:
    return clean(text).replace("\n", " ").replace("\t", "    ")
