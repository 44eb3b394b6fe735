"""How sessions are spelled on a line: columns, times, money, colours, JSON.

Owns the look alone. Colours are for a terminal only, and never where NO_COLOR is set.
"""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec

from alloy_tui.domain.sanitise import clean, clean_line, json_safe

_STYLES = {"bold": "1", "faint": "2", "live": "36", "good": "32", "warn": "33", "danger": "31"}
_SPANS = ((86_400 * 365, "y"), (86_400 * 30, "mo"), (86_400, "d"), (3_600, "h"), (60, "min"))


class Paint:
    """Puts colour on words, or leaves them as they are."""

    def __init__(self, *, on: bool | None = None) -> None:
        """`on` None asks the terminal and the environment."""
        self.on = _wanted() if on is None else on

    def __call__(self, text: str, style: str) -> str:
        """`text` in one of the styles."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.on and text else text


def _wanted() -> bool:
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
    )


def width(text: str) -> int:
    """How many columns `text` takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def cut(text: str, columns: int) -> str:
    """`text` as one clean line of at most that many columns."""
    return _fitted(clean_line(text, limit=max(columns, 1) * 4), columns)


def cut_as_it_is(text: str, columns: int) -> str:
    """The same for a line whose blanks mean something."""
    line = clean(text[: max(columns, 1) * 8]).replace("\n", " ").replace("\t", "    ")
    return _fitted(line.rstrip(), columns)


def _fitted(line: str, columns: int) -> str:
    if width(line) <= columns:
        return line
    kept, room = "", columns - 1
    for char in line:
        room -= _columns(char)
        if room < 0:
            break
        kept += char
    return kept.rstrip() + "…"


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """`text` filled up with blanks to that many columns."""
    blanks = " " * max(0, columns - width(text))
    return blanks + text if right else text + blanks


def columns_of(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of every column."""
    return [max(map(width, column)) for column in zip(*rows, strict=True)]


def ago(at_ms: int, now_ms: int) -> str:
    """How long ago, in the largest unit: “3 min ago”, “just now”."""
    passed = max(0, now_ms - at_ms) // 1000
    for seconds, unit in _SPANS:
        if passed >= seconds:
            return f"{passed // seconds} {unit} ago"
    return "just now"


def clock(at_ms: int) -> str:
    """A moment in local time, to the minute."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_ms / 1000))
    except (OverflowError, OSError, ValueError):
        return "?"


def money(cost: float | None, *, unknown: str = "?") -> str:
    """US dollars; four digits while it is less than ten cents."""
    if cost is None:
        return unknown
    return f"${cost:.2f}" if cost >= 0.1 or cost == 0 else f"${cost:.4f}"


def lasted(duration_ms: int) -> str:
    """A span of time."""
    seconds = duration_ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def print_json(value: Any) -> None:
    """Any value of ours on standard output, indented; nothing in it acts on a terminal."""
    plain = msgspec.to_builtins(value)
    text = json.dumps(plain, ensure_ascii=False, indent=2)
    sys.stdout.write(json_safe(text) + "\n")
