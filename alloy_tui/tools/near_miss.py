"""Why a text was not found, in one sentence that helps to find it. Pure."""

from __future__ import annotations

import difflib
import re

_NUMBERED = re.compile(r"^ *\d+\t", re.MULTILINE)
_MOST_LINES = 5_000
_TYPOGRAPHIC = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\xa0": " "}
)


def explain(text: str, old: str) -> str:
    """The likeliest reason that `old` does not occur in `text`, both with LF only."""
    if _NUMBERED.match(old) and _NUMBERED.sub("", old) in text:
        return "It occurs without the line numbers, which are not part of the file."
    if old.translate(_TYPOGRAPHIC) in text.translate(_TYPOGRAPHIC):
        return "Quotes, dashes or spaces differ in kind (typographic against plain): copy them."
    lines, wanted = text.split("\n"), [line.strip() for line in old.strip("\n").split("\n")]
    at = _without_space(lines, wanted)
    if at is not None:
        return (
            f"Lines {at + 1}–{at + len(wanted)} differ only in white space; "
            f"line {at + 1} is {_quoted(lines[at])}."
        )
    if old.casefold() in text.casefold():
        at = text.casefold().count("\n", 0, text.casefold().find(old.casefold())) + 1
        return f"Line {at} differs only in upper and lower case."
    return _closest(lines, wanted)


def _without_space(lines: list[str], wanted: list[str]) -> int | None:
    if not any(wanted):
        return None
    stripped = [line.strip() for line in lines]
    last = len(stripped) - len(wanted)
    for at in range(min(last, _MOST_LINES * 10) + 1):
        if stripped[at] == wanted[0] and stripped[at : at + len(wanted)] == wanted:
            return at
    return None


def _closest(lines: list[str], wanted: list[str]) -> str:
    first = next((line for line in wanted if line), "")
    if not first or len(first) > 500:
        return "Read the file again and copy the text exactly."
    known: dict[str, int] = {}
    for number, line in enumerate(lines[:_MOST_LINES], 1):
        if len(line) <= 1_000:
            known.setdefault(line.strip(), number)
    near = difflib.get_close_matches(first, list(known), 1, 0.6)
    if not near:
        return "No line resembles its first line: read the file again."
    number = known[near[0]]
    if near[0] == first:
        return f"Its first line is line {number}, but what follows there differs."
    return f"The closest to its first line is line {number}: {_quoted(lines[number - 1])}."


def _quoted(line: str) -> str:
    shown = repr(line)
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
