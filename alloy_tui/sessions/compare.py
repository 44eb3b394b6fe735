"""Two branches side by side, from the node where they part.

Pure. Owns the alignment of their messages, the sums of what each took, and the
differences of two texts. Must not know how any of it is drawn.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.nodes import Answer, Billed, Entry, ToolResult, UserMessage
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import Read
from alloy_tui.sessions.words import words_of

LineKind: TypeAlias = Literal["same", "left", "right"]

# Above this many turns a side, turn stands beside turn by number alone.
_ALIGNED_TURNS = 200
# Beyond this many lines a side, a text is shown as replaced whole: the search would take seconds.
_DIFFED_LINES = 5_000


class Totals(msgspec.Struct, frozen=True):
    """What one side took since the branches parted.

    `usage` is None when no answer was given; `cost` is in US dollars, None =
    unknown or nothing known (0 where nothing was said); `duration_ms` is answers
    and tools, one after the other.
    """

    messages: int
    tool_calls: int
    tool_errors: int
    usage: TokenUsage | None
    cost: float | None
    duration_ms: int
    models: tuple[str, ...]


class Row(msgspec.Struct, frozen=True):
    """Two messages that belong beside each other, or one with nothing beside it."""

    left: Entry | None
    right: Entry | None
    same: bool


class Comparison(msgspec.Struct, frozen=True):
    """Two branches. `ancestor` is the last node they share, None if they share nothing."""

    ancestor: str | None
    rows: tuple[Row, ...]
    left: Totals
    right: Totals


class DiffLine(msgspec.Struct, frozen=True):
    """A line of a difference, without its line ending."""

    kind: LineKind
    text: str


def compare(tree: SessionTree, read: Read, left: str | None, right: str | None) -> Comparison:
    """The branches that end at `left` and `right`, aligned from where they part."""
    ancestor = tree.common_ancestor(left, right)
    shared = len(tree.path(ancestor))
    one = read(tree.path(left)[shared:])
    other = read(tree.path(right)[shared:])
    return Comparison(ancestor, _align(one, other), totals(one), totals(other))


def totals(entries: Sequence[Entry]) -> Totals:
    """What those nodes took. Unknown prices make the cost unknown, never smaller."""
    usage: TokenUsage | None = None
    cost, priced, told = 0.0, True, False
    said, calls, errors, duration_ms = 0, 0, 0, 0
    models: dict[str, None] = {}
    for entry in entries:
        node = entry.node
        if isinstance(node, UserMessage):
            said += 1
        elif isinstance(node, ToolResult):
            errors += node.result.is_error
            duration_ms += node.duration_ms
        elif isinstance(node, Billed):
            if isinstance(node, Answer):
                said += 1
                calls += len(node.message.tool_calls)
                duration_ms += node.duration_ms
            if node.model and node.usage is not None:
                models[node.model] = None
                usage = node.usage if usage is None else usage + node.usage
                priced = priced and (node.cost is not None or not node.usage.known)
                told = told or node.cost is not None
                cost += node.cost or 0.0
    known = not entries or (priced and told)
    return Totals(said, calls, errors, usage, cost if known else None, duration_ms, tuple(models))


def difference(left: str, right: str) -> tuple[DiffLine, ...]:
    """Line by line: what both have, what only the left has, what only the right has."""
    one, other = left.splitlines(), right.splitlines()
    if max(len(one), len(other)) > _DIFFED_LINES and one != other:
        return (*(DiffLine("left", s) for s in one), *(DiffLine("right", s) for s in other))
    found: list[DiffLine] = []
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=len(one) + len(other) > 1000)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            found.extend(DiffLine("same", s) for s in one[a:b])
            continue
        found.extend(DiffLine("left", s) for s in one[a:b])
        found.extend(DiffLine("right", s) for s in other[c:d])
    return tuple(found)


def _align(one: Sequence[Entry], other: Sequence[Entry]) -> tuple[Row, ...]:
    left, right = _turns(one), _turns(other)
    rows: list[Row] = []
    for a, b in _pair_turns(left, right):
        rows.extend(_pair(left[a] if a is not None else (), right[b] if b is not None else ()))
    return tuple(rows)


def _turns(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries cut before every user message; what comes before the first is a turn too."""
    turns: list[list[Entry]] = []
    for entry in entries:
        if not turns or isinstance(entry.node, UserMessage):
            turns.append([])
        turns[-1].append(entry)
    return turns


def _pair_turns(
    left: Sequence[Sequence[Entry]], right: Sequence[Sequence[Entry]]
) -> list[tuple[int | None, int | None]]:
    """Which turn stands beside which: the order is kept and the likeness is greatest.

    Turns that are not alike still stand beside each other when their numbers
    agree: two people trying the same thing in other words.
    """
    n, m = len(left), len(right)
    if max(n, m) > _ALIGNED_TURNS:
        return [(i if i < n else None, i if i < m else None) for i in range(max(n, m))]
    one, other = [_bag(t) for t in left], [_bag(t) for t in right]
    # best[i][j]: the greatest likeness of what follows i on the left and j on the right.
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            both = best[i + 1][j + 1] + _likeness(one[i], other[j]) + 0.05
            best[i][j] = max(both, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    while i < n and j < m:
        if best[i][j] == best[i + 1][j + 1] + _likeness(one[i], other[j]) + 0.05:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            pairs.append((i, None))
            i += 1
        else:
            pairs.append((None, j))
            j += 1
    pairs.extend((k, None) for k in range(i, n))
    pairs.extend((None, k) for k in range(j, m))
    return pairs


def _bag(turn: Sequence[Entry]) -> frozenset[str]:
    """The words of a turn's first message, for a likeness that is quick to tell."""
    return frozenset(re.findall(r"\w+", words_of(turn[0].node)[:2_000].lower()))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    if not one and not other:
        return 1.0
    return len(one & other) / len(one | other)


def _pair(left: Sequence[Entry], right: Sequence[Entry]) -> list[Row]:
    """The messages of two turns: kinds stand beside their like, in order."""
    one, other = [e.node.kind for e in left], [e.node.kind for e in right]
    rows: list[Row] = []
    for _, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for k in range(max(b - a, d - c)):
            here = left[a + k] if a + k < b else None
            there = right[c + k] if c + k < d else None
            if here and there and here.node.kind != there.node.kind:
                rows += [Row(here, None, False), Row(None, there, False)]
            else:
                rows.append(Row(here, there, _same(here, there)))
    return rows


def _same(left: Entry | None, right: Entry | None) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left.node, Answer) and isinstance(right.node, Answer):
        return _said(left.node.message) == _said(right.node.message)
    return left.node == right.node


def _said(message: ChatMessage) -> tuple[object, ...]:
    """An answer without what differs by nature: who wrote it, call ids, signatures."""
    return tuple(
        b.text if isinstance(b, TextBlock) else (b.name, b.arguments)
        for b in message.blocks
        if isinstance(b, TextBlock) or b in message.tool_calls
    )
