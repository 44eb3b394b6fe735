"""A session as one JSON document that comes back exactly: every entry, marks included.

The document is laid out with one entry a line, so that long ones can be written
and read as they come, and one broken line hides no other. Owns the layout and
its version; an entry's own spelling is `codec`'s.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from alloy_tui.domain.sanitise import clean_line, json_safe
from alloy_tui.sessions import codec
from alloy_tui.sessions.nodes import Entry, Lost, Unknown, manifest_of
from alloy_tui.sessions.store import SessionStore

FORMAT = "alloy-session"
VERSION = 1
ENTRIES = b'"entries":['
BLOBS = b'],"blobs":{'
END = b"}}"
LOST = "lost"
"""The kind of an entry whose content was lost before it was exported."""

_CHUNK = 200
# Lists of files say so at their beginning, and name blobs by address.
_LIST, _LIST_WITHIN = b"alloy-files", 32
_ADDRESS = re.compile(rb"[0-9a-f]{64}")


class Head(msgspec.Struct, frozen=True):
    """What a document says of itself in its first line; times are epoch milliseconds."""

    format: str
    version: int
    session: str
    title: str = ""
    exported_ms: int = 0


def write(
    store: SessionStore, session: str, out: BinaryIO, *, exported_ms: int, files: bool = False
) -> int:
    """Write the whole session to `out`; the number of entries written.

    `files` adds what the checkpoints know of the workspace. Raises StoreError, OSError.
    """
    info = store.session(session)
    # The title is for people who look at the file; the true one is among the entries.
    head = Head(FORMAT, VERSION, session, clean_line(info.title or info.preview), exported_ms)
    out.write(_as_json(msgspec.to_builtins(head))[:-1] + b"," + ENTRIES)
    manifests: dict[str, None] = {}
    count = 0
    for entry in _entries(store, session):
        out.write((b",\n" if count else b"\n") + spell(entry))
        count += 1
        if (manifest := manifest_of(entry.node)) is not None:
            manifests[manifest] = None
    out.write(b"\n" + BLOBS)
    between = b"\n"
    for address, data in _reachable(store, manifests) if files else ():
        out.write(between + f'"{address}":"'.encode() + base64.b64encode(data) + b'"')
        between = b",\n"
    out.write(b"\n" + END + b"\n")
    return count


def spell(entry: Entry) -> bytes:
    """An entry as one line of valid JSON; `recall` undoes it."""
    if isinstance(lost := entry.node, Lost):
        raw = msgspec.json.encode({"type": LOST, "kind": lost.kind})
        entry = msgspec.structs.replace(entry, node=Unknown(LOST, raw))
    data = codec.encode(entry)
    text = data.decode("utf-8", "surrogatepass")
    if not isinstance(entry.node, Unknown):
        # Lone surrogates can stand in JSON as escapes only, and what acts on a terminal should.
        return json_safe(text).encode()
    # A node of a later version is kept as it came, if that can be: one line, of Unicode.
    fits = text.isprintable() or not (set(text) & {"\n", "\r"} or _has_surrogates(text))
    return data if fits else _as_json(json.loads(text))


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def recall(line: bytes) -> Entry:
    """The entry that a line spells. Raises StoreError "damaged" or "newer"."""
    try:
        return codec.decode(line)
    except Exception as error:
        if b"\\ud" not in line.lower():
            raise
        try:
            loose = json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":"))
        except (ValueError, RecursionError):
            raise error from None
        return codec.decode(loose.encode("utf-8", "surrogatepass"))


def _as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _entries(store: SessionStore, session: str) -> Iterator[Entry]:
    """Every entry in log order; one whose parent is lost says where it hangs now."""
    tree = store.tree(session)
    ids = tree.ids()
    for start in range(0, len(ids), _CHUNK):
        for entry in store.read(session, ids[start : start + _CHUNK]):
            if tree.is_adopted(entry.id):
                yield msgspec.structs.replace(entry, parent=tree.parent(entry.id))
            else:
                yield entry


def _reachable(store: SessionStore, roots: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Those blobs, and all whose addresses stand in them."""
    left, seen = list(roots), set[str]()
    while left:
        address = left.pop()
        if address in seen:
            continue
        seen.add(address)
        data = store.blob(address)
        if data is not None:
            yield address, data
            if _LIST in data[:_LIST_WITHIN]:
                left += {found.decode() for found in _ADDRESS.findall(data)} - seen
