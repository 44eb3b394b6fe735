"""Unified diffs for views, bounded in time and size. Pure; must not know any file."""

from __future__ import annotations

import difflib
from itertools import islice

import msgspec

_CONTEXT = 3
_MOST_PRODUCT = 4_000_000  # lines × lines; beyond it the comparison would take seconds
_MOST_CHARACTERS = 60_000


class Diff(msgspec.Struct, frozen=True):
    """A unified diff, its counts of lines, and the first changed line of the new text (from 1)."""

    text: str
    added: int
    removed: int
    line: int


def unified(old: str, new: str, name: str) -> Diff:
    """What turns `old` into `new`, lines compared without their line breaks' kind.

    What both begin and end with is set aside first, so a small change in a
    large text costs little. Where the rest is too large to compare it counts
    as wholly replaced.
    """
    before, after = _lines(old), _lines(new)
    start = 0
    shortest = min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    end = 0
    while end < shortest - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first = max(0, start - _CONTEXT)
    last = max(0, end - _CONTEXT)
    a, b = before[first : len(before) - last], after[first : len(after) - last]
    if len(a) * len(b) > _MOST_PRODUCT:
        body = [f"@@ -{first + 1},{len(a)} +{first + 1},{len(b)} @@"]
        body += [f"-{line}" for line in a] + [f"+{line}" for line in b]
    else:
        body = [
            _shifted(line, first) if line.startswith("@@ ") else line
            for line in islice(difflib.unified_diff(a, b, lineterm="", n=_CONTEXT), 2, None)
        ]
    added = sum(line.startswith("+") for line in body)
    removed = sum(line.startswith("-") for line in body)
    text = "\n".join([f"--- a/{name}", f"+++ b/{name}", *body]) if body else ""
    if len(text) > _MOST_CHARACTERS:
        kept = text[:_MOST_CHARACTERS].rpartition("\n")[0]
        text = f"{kept}\n[… the diff goes on for {len(text) - len(kept):,} characters]"
    return Diff(text, added, removed, start + 1)


def _lines(text: str) -> list[str]:
    """Lines as editors count them: only LF and CRLF end one."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines


def _shifted(header: str, by: int) -> str:
    """A hunk header moved `by` lines down."""
    _, old, new, _ = header.split(" ", 3)
    return f"@@ -{_moved(old[1:], by)} +{_moved(new[1:], by)} @@"


def _moved(span: str, by: int) -> str:
    start, comma, count = span.partition(",")
    return f"{int(start) + by}{comma}{count}"
