"""The lines of a file as JSON objects, one at a time.

Owns reading without keeping: a file may be larger than memory. What is broken
is counted and left out. Must not know what the objects mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeAlias

import msgspec

Record: TypeAlias = dict[str, Any]

LONGEST = 64_000_000
"""A line of more bytes than this is taken for broken."""

_decoder = msgspec.json.Decoder(dict[str, Any])


class Records:
    """The objects of a file of JSON lines; `skipped` counts the lines that are none."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.skipped = 0

    def __iter__(self) -> Iterator[Record]:
        for line in lines(self._file):
            found = None if line is None else parse(line)
            if found is None:
                self.skipped += 1
            else:
                yield found


def lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines that are not empty, without their ends; None for one that is too long."""
    first = True
    while line := file.readline(LONGEST):
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
            yield None
            continue
        if first:
            line = line.removeprefix(b"\xef\xbb\xbf")
            first = False
        # A program that was killed on a full disk leaves runs of NUL behind.
        if line := line.strip(b"\x00 \t\r\n"):
            yield line


def parse(line: bytes) -> Record | None:
    """The object that a line spells, None if it spells none."""
    try:
        return _decoder.decode(line)
    except (ValueError, RecursionError):
        pass
    try:  # lone surrogates as escapes, and numbers that are not in the standard
        text = line.decode("utf-8", "surrogatepass")
        found = json.loads(text, parse_int=_number, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType] -- json.loads is untyped


def _number(text: str) -> int | float:
    return int(text) if len(text) < 19 else float(text)


def mapping(value: object) -> Record:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType] -- keys of parsed JSON are strings


def sequence(value: object) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] -- the elements are looked at one by one


def string(value: object) -> str:
    """`value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """`value` if it is a number of something, else None: unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 53:
        return None
    return int(value)


def epoch_ms(value: object) -> int | None:
    """A moment as epoch milliseconds, from an ISO time or a number of milliseconds."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return max(0, int(moment.timestamp() * 1000))
        except (ValueError, OverflowError):
            return None
    found = count(value)
    # Far beyond any calendar is no time.
    return found if found is not None and found < 1 << 47 else None
