"""A file into a store: detected, read as it comes, all of it or nothing.

Owns the order of things. Entries go in by the handful, so that a file may be
larger than memory; what fails on the way leaves no half of a session behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Protocol

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.ids import Stamps, derived_id, is_id, wall_clock_ms
from alloy_tui.sessions.importing.claude_code import ClaudeCode
from alloy_tui.sessions.importing.codex import Codex
from alloy_tui.sessions.importing.detecting import detect
from alloy_tui.sessions.importing.growth import Growth
from alloy_tui.sessions.importing.native import Document
from alloy_tui.sessions.importing.pi import Pi
from alloy_tui.sessions.importing.records import Record, Records
from alloy_tui.sessions.importing.report import Found, Imported, NotImportableError
from alloy_tui.sessions.nodes import Entry, Opened, Renamed
from alloy_tui.sessions.store import SessionStore

_HANDFUL = 64


class _Reader(Protocol):
    title: str

    def take(self, record: Record) -> Iterator[Entry]:
        """The entries that are complete now that `record` came."""
        ...

    def finish(self) -> Iterator[Entry]:
        """The entries that waited for more."""
        ...


def bring_in(
    store: SessionStore,
    file: BinaryIO,
    *,
    again: bool = False,
    beside: Sequence[tuple[str, BinaryIO]] = (),
    now_ms: Callable[[], int] = wall_clock_ms,
) -> Imported:
    """Store the session that the seekable `file` holds.

    One that is in the store already is left as it is, unless `again` asks for
    another copy under a fresh id. `beside` are files of its subagents (Claude
    Code), each with the id of the call that began it. Raises NotImportableError,
    StoreError, OSError.
    """
    found = detect(file)
    if found.source == "alloy":
        return _ours(store, file, again=again)
    started_ms = found.at_ms or now_ms()
    session = derived_id(f"{found.source}:{found.name}", started_ms)
    if found.name and _has(store, session):
        if not again:
            return Imported(session, found.source, new=False)
        session = Stamps(now_ms)().id
    records, growth = Records(file), Growth(started_ms)
    others: list[Records] = []
    reader = _reader(found, growth, session)
    opened = growth.put(Opened(cwd=found.cwd), None)

    def entries() -> Iterator[Entry]:
        yield opened
        for record in records:
            yield from reader.take(record)
        yield from reader.finish()
        if isinstance(reader, ClaudeCode):
            for each in _in_order(reader, beside):
                others.append(Records(each))
                for record in others[-1]:
                    yield from reader.take(record)
                yield from reader.finish()
        if reader.title and found.source != "pi":
            yield growth.put(Renamed(reader.title), None)

    stored = _store(store, session, entries())
    return Imported(
        session,
        found.source,
        new=True,
        entries=stored,
        branches=growth.branches,
        skipped=records.skipped + sum(each.skipped for each in others),
        rehung=growth.rehung,
    )


def _reader(found: Found, growth: Growth, session: str) -> _Reader:
    match found.source:
        case "claude-code":
            return ClaudeCode(growth)
        case "codex":
            return Codex(growth)
        case _:
            return Pi(growth, session)


def _in_order(reader: ClaudeCode, beside: Sequence[tuple[str, BinaryIO]]) -> Iterator[BinaryIO]:
    """The files of subagents, those that called others first; at last those nobody called."""
    waiting = list(beside)
    while waiting:
        ready = next((each for each in waiting if reader.beside(each[0])), waiting[0])
        waiting.remove(ready)
        reader.beside(ready[0])
        yield ready[1]


def _ours(store: SessionStore, file: BinaryIO, *, again: bool) -> Imported:
    document = Document(file)
    session = document.head.session
    if not is_id(session):  # a name that somebody made up is the same name each time
        session = derived_id(session, document.head.exported_ms) if session else Stamps()().id
    if _has(store, session):
        if not again:
            return Imported(session, "alloy", new=False)
        session = Stamps()().id
    stored = _store(store, session, document.entries(), document.blobs(), said_nothing=True)
    branches = len(store.tree(session).tips())
    return Imported(session, "alloy", True, stored, branches, document.skipped, document.rehung)


def _has(store: SessionStore, session: str) -> bool:
    """Whether the session is there, or in the bin."""
    try:
        store.session(session)
    except StoreError as error:
        if error.kind == "unknown":
            return False
        raise
    return True


def _store(
    store: SessionStore,
    session: str,
    entries: Iterator[Entry],
    blobs: Iterable[bytes] = (),
    *,
    said_nothing: bool = False,
) -> int:
    """Create the session of those entries; the number stored.

    `said_nothing` lets one through in which nobody said anything.
    """
    first = list(islice(entries, _HANDFUL))
    silent = len(first) < _HANDFUL and all(e.mark for e in first)
    if not first or (silent and not said_nothing):
        raise NotImportableError("The file holds no message.")
    token = store.create(session, first).result()
    count = len(first)
    try:
        while handful := list(islice(entries, _HANDFUL)):
            store.append(session, handful, token).result()
            count += len(handful)
        for blob in blobs:
            store.put_blob(blob).result()
    except BaseException:
        store.purge(session).result()
        raise
    store.release(token).result()
    return count
