"""Unified diffs read: what each line is, its numbers, and which words of it changed.

Pure: strings in, values out. Takes sanitised text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[" ", "+", "-", "\\"]
Range: TypeAlias = tuple[int, int]

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
_WORD = re.compile(r"\w+|\s+|.")
_MAX_COMPARED = 1000  # characters of a line; comparing is quadratic at worst
_ALIKE = 0.4  # below this, two lines have too little in common to mark words


class DiffLine(msgspec.Struct):
    """One line of a hunk; `old` and `new` are line numbers, 0 where there is none.

    `words` are the characters that differ from the line it stands for.
    """

    kind: Kind
    text: str
    old: int = 0
    new: int = 0
    words: list[Range] = msgspec.field(default_factory=list[Range])


Hunk: TypeAlias = list[DiffLine]


def hunks(diff: str) -> list[Hunk]:
    """The hunks of a unified diff; text without hunk headers is one that starts a file."""
    lines = diff.rstrip("\n").split("\n")
    headed = any(_HUNK.match(line) for line in lines)
    found: list[Hunk] = [] if headed else [[]]
    old = new = 1
    for line in lines:
        match = _HUNK.match(line)
        if match is not None:
            old, new = int(match[1]), int(match[2])
            found.append([])
        elif not found:
            continue  # names of the files
        elif line.startswith("-"):
            found[-1].append(DiffLine("-", line[1:].expandtabs(4), old=old))
            old += 1
        elif line.startswith("+"):
            found[-1].append(DiffLine("+", line[1:].expandtabs(4), new=new))
            new += 1
        elif line.startswith("\\"):
            found[-1].append(DiffLine("\\", line[1:].expandtabs(4).strip()))
        else:
            found[-1].append(DiffLine(" ", line[1:].expandtabs(4), old, new))
            old += 1
            new += 1
    return [hunk for hunk in found if hunk]


def path_of(diff: str) -> str:
    """The file that the diff's header names; empty without one."""
    for line in diff.split("\n", 4)[:3]:
        if line.startswith("+++ ") or (line.startswith("--- ") and "/dev/null" not in line):
            name = line[4:].split("\t")[0].strip()
            if name != "/dev/null":
                return name.removeprefix("a/").removeprefix("b/")
    return ""


def search_lines(diff: str) -> list[str]:
    """The lines that are shown of a diff, without their signs."""
    return [line.text for hunk in hunks(diff) for line in hunk]


def pairs(hunk: Hunk) -> Iterator[tuple[DiffLine | None, DiffLine | None]]:
    """Old and new beside one another; a removed line with the added one in its place."""
    at = 0
    while at < len(hunk):
        line = hunk[at]
        if line.kind not in "+-":
            yield line, line
            at += 1
            continue
        removed: list[DiffLine] = []
        added: list[DiffLine] = []
        while at < len(hunk) and hunk[at].kind in "+-\\" and not (added and hunk[at].kind == "-"):
            # "No newline at end of file" between the two is not part of either.
            {"-": removed, "+": added}.get(hunk[at].kind, []).append(hunk[at])
            at += 1
        for index in range(max(len(removed), len(added))):
            yield (
                removed[index] if index < len(removed) else None,
                added[index] if index < len(added) else None,
            )


def mark_words(hunk: Hunk) -> None:
    """Fill in which words of changed lines differ."""
    for old, new in pairs(hunk):
        if old is None or new is None or old is new:
            continue
        if max(len(old.text), len(new.text)) <= _MAX_COMPARED:
            old.words, new.words = changed_words(old.text, new.text)


def changed_words(old: str, new: str) -> tuple[list[Range], list[Range]]:
    """The ranges of characters that differ, whole words; none if little is common."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(lambda word: word.isspace(), before, after, autojunk=False)
    blocks = matcher.get_matching_blocks()
    common = sum(len("".join(before[b.a : b.a + b.size]).strip()) for b in blocks)
    if common < _ALIKE * max(len(old.strip()), len(new.strip()), 1):
        return [], []
    left: list[Range] = []
    right: list[Range] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            _extend(left, _span(before, a, b))
            _extend(right, _span(after, c, d))
    return left, right


def _span(words: list[str], first: int, last: int) -> Range:
    start = sum(map(len, words[:first]))
    return start, start + sum(map(len, words[first:last]))


def _extend(ranges: list[Range], span: Range) -> None:
    if span[0] < span[1]:
        ranges.append(span)
