"""Our own documents (`exporting.document`), read back as they come.

Owns the reading of the layout, and of the same document in any other layout
(some tool has formatted it anew), which takes it into memory as a whole.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.exporting.document import (
    BLOBS,
    END,
    ENTRIES,
    FORMAT,
    VERSION,
    Head,
    recall,
)
from alloy_tui.sessions.ids import is_id
from alloy_tui.sessions.importing.records import lines
from alloy_tui.sessions.importing.report import NotImportableError
from alloy_tui.sessions.nodes import Entry, Opened, entry_of


class _Whole(msgspec.Struct, frozen=True):
    """A document in any layout."""

    format: str
    version: int
    session: str
    entries: list[msgspec.Raw]
    title: str = ""
    exported_ms: int = 0
    blobs: dict[str, str] = {}


class Document:
    """A document being read; `skipped` counts what could not be, `rehung` what moved.

    `entries` must be used up before `blobs`.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Read the head. Raises NotImportableError."""
        self.skipped = self.rehung = 0
        self._file = file
        start = file.tell()
        first = file.readline(1 << 20).removeprefix(b"\xef\xbb\xbf").strip()
        try:
            if not first.endswith(b"," + ENTRIES):
                raise ValueError
            self.head = msgspec.json.decode(first[: -len(ENTRIES) - 1] + b"}", type=Head)
        except ValueError:
            file.seek(start)
            self._file, self.head = _laid_out(file)
        if self.head.format != FORMAT or self.head.version > VERSION:
            raise NotImportableError(
                "The file was written by a newer version of Alloy.", hint="Update Alloy to read it."
            )

    def entries(self) -> Iterator[Entry]:
        """Every entry, in an order and with parents that a store takes."""
        seen: dict[str, bool] = {}
        last: str | None = None
        for line in lines(self._file):
            if line is not None and line.startswith(BLOBS):
                return
            try:
                entry = recall((line or b"").removesuffix(b","))
            except StoreError:
                self.skipped += 1
                continue
            astray = entry.parent is not None and seen.get(entry.parent, True)
            # A mark means its node and no other.
            if not is_id(entry.id) or entry.id in seen or (astray and entry.mark):
                self.skipped += 1
                continue
            if not seen and not isinstance(entry.node, Opened):
                first = entry_of(Opened(), id=f"{entry.id}-0", parent=None, at_ms=entry.at_ms)
                seen[first.id] = True
                yield first
            if astray:
                self.rehung += 1
                entry = msgspec.structs.replace(entry, parent=last)
            seen[entry.id] = entry.mark
            if not entry.mark:
                last = entry.id
            yield entry

    def blobs(self) -> Iterator[bytes]:
        """The blobs that are what their address says."""
        for line in lines(self._file):
            if line is None or line.startswith(END):
                continue
            try:
                found = msgspec.json.decode(b"{" + line.removesuffix(b",") + b"}")
                for address, text in found.items():
                    data = base64.b64decode(text, validate=True)
                    if hashlib.sha256(data).hexdigest() != address:
                        raise ValueError(address)
                    yield data
            except (ValueError, binascii.Error, TypeError, AttributeError):
                self.skipped += 1


def _laid_out(file: BinaryIO) -> tuple[BinaryIO, Head]:
    """The document in the usual layout."""
    data = file.read()
    try:
        try:
            whole = msgspec.json.decode(data, type=_Whole)
        except (ValueError, RecursionError):
            # Lone surrogates can stand in JSON as escapes only, and spoil the quick way.
            loose = json.loads(data)
            spelled = [msgspec.Raw(json.dumps(e).encode()) for e in loose.pop("entries")]
            whole = msgspec.convert({**loose, "entries": spelled}, _Whole)
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError) as error:
        raise NotImportableError("The file is broken at its very beginning.") from error
    out = io.BytesIO()
    for entry in whole.entries:
        # A line break can stand only between parts: within strings it is an escape.
        out.write(bytes(entry).replace(b"\n", b" ").replace(b"\r", b" ") + b",\n")
    out.write(BLOBS + b"\n")
    for address, text in whole.blobs.items():
        out.write(msgspec.json.encode({address: text})[1:-1] + b",\n")
    out.seek(0)
    return out, Head(whole.format, whole.version, whole.session, whole.title, whole.exported_ms)
