"""Rows out of a broken SQLite file, page by page, without SQLite.

Owns what of the file format is needed for that: leaf pages of tables, records
and overflow chains, in the file and in its write-ahead log. Believes nothing:
what it yields may be old or mangled, and its user checks the sums that the rows
carry. Must not know any table.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = int | float | bytes | None
Record: TypeAlias = tuple[int, tuple[Value, ...]]
"""A row's number and its columns; texts are bytes."""
_Page: TypeAlias = Callable[[int], bytes]

_TABLE_LEAF = 0x0D
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_LONGEST_CHAIN = 1 << 18


class _Broken(Exception):  # noqa: N818 -- never leaves the module
    """These bytes are no row."""


def carve(path: Path) -> Iterator[Record]:
    """Every row of every table leaf page of the file at `path` and of its log, in no order."""
    with ExitStack() as opened:
        data = _bytes_of(path, opened)
        frames = _bytes_of(path.with_name(path.name + "-wal"), opened)
        yield from _carve(data, frames)


def rows_of(number: int, content: bytes) -> Iterator[Record]:
    """The rows of one table leaf page, but for those that go on in other pages."""

    def nowhere(_number: int) -> bytes:
        raise _Broken

    yield from _rows(number, content, nowhere)


def _bytes_of(path: Path, opened: ExitStack) -> bytes | mmap.mmap:
    """The file's content without reading all of it at once."""
    if not path.exists() or not path.stat().st_size:
        return b""
    file = opened.enter_context(path.open("rb"))
    return opened.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _carve(data: bytes | mmap.mmap, frames: bytes | mmap.mmap) -> Iterator[Record]:
    size = _page_size(data, frames)
    places = dict(_frames(frames, size))

    def page(number: int) -> bytes:
        if number in places:
            return frames[places[number] : places[number] + size]
        found = data[(number - 1) * size : number * size]
        if len(found) < size:
            raise _Broken
        return found

    for number, start in _frames(frames, size):
        yield from _rows(number, frames[start : start + size], page)
    for number in range(1, len(data) // size + 1):
        yield from _rows(number, data[(number - 1) * size : number * size], page)


def _page_size(data: bytes | mmap.mmap, frames: bytes | mmap.mmap) -> int:
    """As the header says, if that can be; else as the log says; else what is usual."""
    said = [int.from_bytes(data[16:18]), int.from_bytes(frames[8:12])]
    for size in (65536 if n == 1 else n for n in said):
        if 512 <= size <= 65536 and not size & (size - 1):
            return size
    return 4096


def _frames(frames: bytes | mmap.mmap, size: int) -> Iterator[tuple[int, int]]:
    """Which page each frame of the log holds, and where its content starts."""
    for start in range(32, len(frames) - size - 23, size + 24):
        yield int.from_bytes(frames[start : start + 4]), start + 24


def _rows(number: int, content: bytes, page: _Page) -> Iterator[Record]:
    head = 100 if number == 1 else 0
    if len(content) < 512 or content[head] != _TABLE_LEAF:
        return
    count = int.from_bytes(content[head + 3 : head + 5])
    for n in range(min(count, len(content) // 4)):
        start = head + 8 + 2 * n
        cell = int.from_bytes(content[start : start + 2])
        try:
            yield _row(content, cell, page)
        except (_Broken, IndexError, struct.error, OverflowError):
            continue


def _row(content: bytes, at: int, page: _Page) -> Record:
    length, at = _varint(content, at)
    number, at = _varint(content, at)
    usable = len(content)
    if length > 1 << 31:
        raise _Broken
    most, least = usable - 35, (usable - 12) * 32 // 255 - 23
    here = length
    if length > most:
        here = least + (length - least) % (usable - 4)
        here = here if here <= most else least
    if at + here > usable:
        raise _Broken
    payload = content[at : at + here]
    if here < length:
        following = int.from_bytes(content[at + here : at + here + 4])
        payload += _chain(following, length - here, page)
    return number, tuple(_values(payload))


def _chain(number: int, length: int, page: _Page) -> bytes:
    parts: list[bytes] = []
    while length > 0:
        if number == 0 or len(parts) > _LONGEST_CHAIN:
            raise _Broken
        content = page(number)
        parts.append(content[4 : 4 + length])
        length -= len(parts[-1])
        number = int.from_bytes(content[:4])
    return b"".join(parts)


def _values(payload: bytes) -> Iterator[Value]:
    size, at = _varint(payload, 0)
    if size > len(payload):
        raise _Broken
    kinds: list[int] = []
    while at < size:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    for kind in kinds:
        if kind == 0:
            yield None
        elif kind in (8, 9):
            yield kind - 8
        elif kind == 7:
            yield struct.unpack(">d", payload[at : at + 8])[0]
            at += 8
        elif kind in _INTEGERS:
            width = _INTEGERS[kind]
            yield int.from_bytes(payload[at : at + width], signed=True)
            at += width
        elif kind >= 12:
            width = (kind - 12) // 2
            if at + width > len(payload):
                raise _Broken
            yield payload[at : at + width]
            at += width
        else:
            raise _Broken


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and what comes after it."""
    number = 0
    for n in range(8):
        byte = data[at + n]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + n + 1
    return number << 8 | data[at + 8], at + 9
