"""A new store from what can be read of a broken one.

Owns the order of things: copies are kept first, a new store is built beside
the old and takes its place in one step, and a report says what was saved and
what was not. Must be the only program that has the store open.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from alloy_tui.sessions import codec, recovery, rows, schema
from alloy_tui.sessions.alone import alone
from alloy_tui.sessions.carving import Value, carve
from alloy_tui.sessions.connecting import connect
from alloy_tui.sessions.contents import address, lay_down, sound_body, unpack
from alloy_tui.sessions.faults import explain
from alloy_tui.sessions.logs import TORN
from alloy_tui.sessions.nodes import Entry, Lost, Unknown
from alloy_tui.sessions.ownership import interrupted
from alloy_tui.sessions.private import (
    copy_private,
    draft_of,
    free_name,
    give_name,
    private_file,
    sync_folder,
)
from alloy_tui.sessions.reading import partials
from alloy_tui.sessions.recovery import DAMAGE
from alloy_tui.sessions.tree import ADOPTED

_AT_THE_END = 1 << 62
LOST = "lost"
"""The kind of a node that keeps the place of one whose content is lost."""
_PARTS = ("", "-wal", "-shm")


class Report(msgspec.Struct, frozen=True):
    """What a repair did. `copies` are the files as they were; counts are of entries.

    `lost` counts entries known to have been there that could not be read; what
    left no trace cannot be counted. `adopted` lost what they followed and hang
    elsewhere now; `lost_blobs` are long texts and attachments.
    """

    copies: tuple[Path, ...]
    sessions: int
    entries: int
    lost: int
    adopted: int
    lost_blobs: int

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return not (self.lost or self.adopted or self.lost_blobs)


class _Row(msgspec.Struct, frozen=True):
    """A sound row of `entries`; `entry` is without its blobs."""

    order: int
    session: str
    crc: int
    packed: bool
    refs: str
    body: bytes
    entry: Entry


class _Remains:
    """Everything readable, gathered from wherever it was found."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], _Row] = {}
        self.blobs: dict[str, tuple[bool, bool, bytes]] = {}  # held, packed, data
        self.deleted: dict[str, int] = {}
        self.purged: set[str] = set()

    def take_entry(self, order: int, written: Sequence[Any]) -> None:
        """Keep a row if it is what was once written. Raises one of `DAMAGE` if not."""
        session, crc, packed, refs, body = written
        plain, refs = sound_body(crc, packed, refs, body)
        entry = codec.decode(plain)
        if isinstance(session, str) and session not in self.purged:
            row = _Row(order, session, crc, bool(packed), refs, body, entry)
            self.rows.setdefault((session, entry.id), row)

    def take_blob(self, name: str, held: bool, packed: bool, data: bytes) -> None:
        """Likewise."""
        if name not in self.blobs and address(unpack(data, packed)) == name:
            self.blobs[name] = (held, packed, data)

    def add(self, order: int, session: str, entry: Entry) -> None:
        """Keep an entry that has no row of its own."""
        laid = rows.packed(lay_down(entry))
        for name, packed, data in laid.blobs:
            self.blobs.setdefault(name, (False, packed, data))
        row = _Row(order, session, laid.laid.crc, laid.packed, laid.laid.refs, laid.body, entry)
        self.rows.setdefault((session, entry.id), row)


def salvage(path: Path) -> Report:
    """Repair the store whose main file is at `path`.

    Copies of its files are made first and stay. Raises StoreError: "busy" when
    a program has the store open, "full", "io" or "access" when the new one
    cannot be written; the old one is then untouched.
    """
    try:
        with (
            alone(path) as file,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".salvage-") as scratch,
        ):
            copies = _keep_copies(path, file)
            work = Path(scratch, "old.db")
            for copy, part in zip(copies, _PARTS, strict=False):
                copy_private(copy, _part(work, part))
            found = _gather(work, sorted(path.parent.glob(f"{path.stem}.{TORN}-*{path.suffix}")))
            new = Path(scratch, "new.db")
            report = _build(new, found, copies)
            _exchange(new, path)
    except (sqlite3.Error, OSError) as error:
        raise explain(error, path) from error
    return report


def _keep_copies(path: Path, file: BinaryIO) -> tuple[Path, ...]:
    """Copies of the store's file and log as they are, on disk."""
    mark = time.strftime("%Y%m%d-%H%M%S")
    target = free_name(path.with_name(f"{path.stem}.damaged-{mark}{path.suffix}"))
    draft = draft_of(target)
    private_file(draft)
    with draft.open("r+b") as out:
        file.seek(0)
        shutil.copyfileobj(file, out, 1 << 20)
    give_name(draft, target)
    log = _part(path, "-wal")
    if not log.exists():
        return (target,)
    copy_private(log, _part(target, "-wal"))
    return (target, _part(target, "-wal"))


def _part(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _gather(old: Path, torn: Sequence[Path]) -> _Remains:
    """What SQLite can read first, then what the bare pages hold besides.

    They are looked at even when SQLite finds nothing wrong: it does not know of
    pages that a log from elsewhere made it forget. `torn` are copies that were
    kept when a log was found broken.
    """
    found = _Remains()
    # SQLite changes what it opens, so the bare pages are those of a copy.
    bare = old.with_name("bare.db")
    for part in _PARTS[:2]:
        with suppress(FileNotFoundError):
            shutil.copyfile(_part(old, part), _part(bare, part))
    with suppress(sqlite3.Error), closing(connect(old)) as connection:
        _gather_tables(connection, found)
    for path in (bare, *torn):
        for number, values in carve(path):
            with suppress(*DAMAGE):
                _take_carved(found, number, values)
    # Places in the tree whose content is lost; asked last, when it is known what is lost.
    with suppress(sqlite3.Error), closing(connect(old)) as connection:
        _gather_places(connection, found)
    return found


def _gather_tables(connection: sqlite3.Connection, found: _Remains) -> None:
    with suppress(sqlite3.Error):
        found.purged.update(s for (s,) in connection.execute("SELECT session FROM purged"))
    for row in recovery.raw_entries(connection):
        with suppress(*DAMAGE):
            found.take_entry(row[0], row[1:])
    for held, packed, name, data in recovery.raw_blobs(connection):
        with suppress(*DAMAGE):
            found.take_blob(name, bool(held), bool(packed), data)
    sessions = {row[0]: row for row in recovery.raw_sessions(connection)}
    for _, name, *_, deleted in sessions.values():
        if isinstance(deleted, int):
            found.deleted[name] = deleted
    with suppress(sqlite3.Error):
        for key, row in sessions.items():
            for entry in partials(connection, key):
                # After all that is there, as a claim by a new owner would have it.
                found.add(_AT_THE_END, row[1], interrupted(entry))


def _take_carved(found: _Remains, number: int, values: Sequence[Value]) -> None:
    match values:
        case (None, bytes(session), int(crc), int(packed), bytes(refs), bytes(body)):
            written = (session.decode(), crc, packed, refs.decode(), body)
            found.take_entry(number, written)
        case (None, bytes(name), int(held), int(packed), bytes(data)) if len(name) == 64:
            found.take_blob(name.decode(), bool(held), bool(packed), data)
        case _:
            pass


def _gather_places(connection: sqlite3.Connection, found: _Remains) -> None:
    for _, session, *_ in recovery.raw_sessions(connection):
        with suppress(*DAMAGE):
            for order, entry in recovery.placed_remains(connection, session):
                if isinstance(lost := entry.node, Lost) and (session, entry.id) not in found.rows:
                    raw = msgspec.json.encode({"type": LOST, "kind": lost.kind})
                    kept = msgspec.structs.replace(entry, node=Unknown(LOST, raw))
                    found.add(order, session, kept)


def _build(new: Path, found: _Remains, copies: tuple[Path, ...]) -> Report:
    """A store of what was found, closed and on disk."""
    private_file(new)
    by_session: dict[str, list[_Row]] = {}
    for row in sorted(found.rows.values(), key=lambda r: r.order):
        by_session.setdefault(row.session, []).append(row)
    adopted = 0
    with closing(connect(new)) as connection:
        schema.migrate(connection, new)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO blobs (address, held, packed, data) VALUES (?, ?, ?, ?)",
            [(name, *blob) for name, blob in found.blobs.items()],
        )
        connection.executemany("INSERT INTO purged VALUES (?)", [(s,) for s in found.purged])
        for session, held in by_session.items():
            adopted += _build_session(connection, session, held, found.deleted.get(session))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    needed = {
        name
        for row in found.rows.values()
        if row.refs
        for _, name in msgspec.json.decode(row.refs, type=list[tuple[int, str]])
    }
    lost = sum(r.entry.node.kind == LOST for r in found.rows.values())
    return Report(
        copies,
        len(by_session),
        len(found.rows) - lost,
        lost,
        adopted,
        len(needed - found.blobs.keys()),
    )


def _build_session(
    connection: sqlite3.Connection, session: str, held: Sequence[_Row], deleted_ms: int | None
) -> int:
    """Write one session; returns how many nodes had to be hung elsewhere."""
    info = recovery.info_of(session, [row.entry for row in held])
    key = rows.add_info(connection, info)
    rows.set_deleted(connection, (session,), deleted_ms)
    places: dict[str, int] = {}
    adopted = 0
    for row, (entry, parent, flags) in zip(
        held, recovery.rooted(r.entry for r in held), strict=True
    ):
        adopted += bool(flags & ADOPTED)
        shape = (len(places), -1 if parent is None else places[parent], flags)
        written = (session, row.crc, row.packed, row.refs, row.body)
        rows.add_row(connection, key, entry, shape, written)
        places[entry.id] = len(places)
    return adopted


def _exchange(new: Path, path: Path) -> None:
    """Let the new store take the old one's place; a copy of the old one is on disk by now."""
    # A log left behind would be replayed into the new file; the index follows other numbers.
    index = path.with_name("search.db")
    for name in (*(_part(path, p) for p in _PARTS[1:]), *(_part(index, p) for p in _PARTS)):
        name.unlink(missing_ok=True)
    new.replace(path)
    sync_folder(path.parent)
