"""Comparing and merging text by lines: counts, unified diffs, three-way merge. Pure.

Works on bytes, so that every encoding and every kind of line break comes
through as it was. Bounded: what would take seconds is not compared.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import islice

import msgspec

_PROBE = 8 << 10
_LARGEST = 2 << 20
_MOST_PRODUCT = 4_000_000  # lines × lines; beyond it a comparison would take seconds
_CONTEXT = 3


class Merged(msgspec.Struct, frozen=True):
    """The outcome of a merge; `conflicts` counts the places that hold both sides, marked."""

    data: bytes
    conflicts: int


class _Block(msgspec.Struct, frozen=True):
    """`length` lines that both have, at `a` and `b`."""

    a: int
    b: int
    length: int


def is_text(data: bytes) -> bool:
    """Whether comparing by lines means anything."""
    return len(data) <= _LARGEST and b"\0" not in data[:_PROBE]


def count(old: bytes, new: bytes) -> tuple[int, int] | None:
    """Lines added and removed from `old` to `new`; None when they are not text."""
    if not (is_text(old) and is_text(new)):
        return None
    a, b = _lines(old), _lines(new)
    common = sum(block.length for block in _blocks(a, b) or ())
    return len(b) - common, len(a) - common


def unified(old: bytes, new: bytes, most: int = 2_000) -> str:
    """A unified diff without its two header lines, at most so many lines long."""
    before = [line.decode("utf-8", "replace").rstrip("\r\n") for line in _lines(old)]
    after = [line.decode("utf-8", "replace").rstrip("\r\n") for line in _lines(new)]
    start, end = _shared(before, after)
    first, last = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    a, b = before[first : len(before) - last], after[first : len(after) - last]
    if len(a) * len(b) > _MOST_PRODUCT:
        rows = [f"@@ -{first + 1},{len(a)} +{first + 1},{len(b)} @@"]
        rows += [f"-{line}" for line in a] + [f"+{line}" for line in b]
    else:
        # Empty lines in front keep the line numbers right for what was set aside.
        pad = [""] * first
        made = difflib.unified_diff([*pad, *a], [*pad, *b], lineterm="", n=_CONTEXT)
        rows = list(islice(made, 2, None))
    if len(rows) > most:
        rows = [*rows[:most], f"[… {len(rows) - most:,} more lines]"]
    return "\n".join(rows)


def merge(base: bytes, now: bytes, want: bytes) -> Merged | None:
    """Both what led from `base` to `now` and what led from it to `want`.

    None when one of them is no text, or too large to compare.
    """
    if not all(map(is_text, (base, now, want))):
        return None
    o, a, b = _lines(base), _lines(now), _lines(want)
    to_a, to_b = _blocks(o, a), _blocks(o, b)
    if to_a is None or to_b is None:
        return None
    pieces: list[bytes] = []
    conflicts = 0
    at_o = at_a = at_b = 0
    for block_o, block_a, block_b, length in _agreed(to_a, to_b, len(o), len(a), len(b)):
        was, ours, theirs = o[at_o:block_o], a[at_a:block_a], b[at_b:block_b]
        if theirs in (ours, was):
            pieces += ours
        elif ours == was:
            pieces += theirs
        else:
            conflicts += 1
            pieces += _both(ours, theirs)
        pieces += o[block_o : block_o + length]
        at_o, at_a, at_b = block_o + length, block_a + length, block_b + length
    return Merged(b"".join(pieces), conflicts)


def _agreed(
    to_a: Sequence[_Block], to_b: Sequence[_Block], o: int, a: int, b: int
) -> list[tuple[int, int, int, int]]:
    """Where all three are the same: offsets in each and a length; the end comes last."""
    found: list[tuple[int, int, int, int]] = []
    left, right = 0, 0
    while left < len(to_a) and right < len(to_b):
        x, y = to_a[left], to_b[right]
        start = max(x.a, y.a)
        stop = min(x.a + x.length, y.a + y.length)
        if start < stop:
            found.append((start, x.b + start - x.a, y.b + start - y.a, stop - start))
        if x.a + x.length < y.a + y.length:
            left += 1
        else:
            right += 1
    return [*found, (o, a, b, 0)]


def _both(ours: Sequence[bytes], theirs: Sequence[bytes]) -> list[bytes]:
    return [
        b"<<<<<<< as it is now\n",
        *_ended(ours),
        b"=======\n",
        *_ended(theirs),
        b">>>>>>> from the checkpoint\n",
    ]


def _ended(lines: Sequence[bytes]) -> list[bytes]:
    if lines and not lines[-1].endswith(b"\n"):
        return [*lines[:-1], lines[-1] + b"\n"]
    return list(lines)


def _lines(data: bytes) -> list[bytes]:
    """Lines with their ends; only LF ends one."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _shared(a: Sequence[object], b: Sequence[object]) -> tuple[int, int]:
    """How many lines both begin with, and how many of the rest both end with."""
    shortest, start, end = min(len(a), len(b)), 0, 0
    while start < shortest and a[start] == b[start]:
        start += 1
    while end < shortest - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return start, end


def _blocks(a: Sequence[bytes], b: Sequence[bytes]) -> list[_Block] | None:
    """What `a` and `b` have in common, in order; None when too much differs to compare."""
    start, end = _shared(a, b)
    inner_a, inner_b = a[start : len(a) - end], b[start : len(b) - end]
    if len(inner_a) * len(inner_b) > _MOST_PRODUCT:
        return None
    matcher = difflib.SequenceMatcher(None, inner_a, inner_b, autojunk=False)
    found = [_Block(0, 0, start)] if start else []
    found += [
        _Block(start + match.a, start + match.b, match.size)
        for match in matcher.get_matching_blocks()
        if match.size
    ]
    return [*found, _Block(len(a) - end, len(b) - end, end)] if end else found
