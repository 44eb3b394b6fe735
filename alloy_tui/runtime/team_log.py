"""The log of a team in the store of sessions: read from its last snapshot on, written in order.

Owns a session that holds records alone, and its snapshots: what opening costs does not
grow with what a team has done. Must not know what a record means. `LogWriter` belongs to
the engine's loop, what it does to the disk to threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future

import msgspec

from alloy_tui.domain.errors import AlloyError, StoreError
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Entry, Opened, TeamRecord, entry_of
from alloy_tui.sessions.store import SessionStore
from alloy_tui.team.log import Record
from alloy_tui.team.snapshots import EVERY, Snapshot, StoredEvent, compacted

_log = logging.getLogger(__name__)
_WINDOW = 2 * EVERY
_SNAPSHOT = Snapshot.__struct_config__.tag
_BY = "team"


def read_log(store: SessionStore, log: str) -> tuple[Record, ...]:
    """What a team did, as far back as it matters: all before is in the last snapshot's records.

    Raises StoreError.
    """
    return _read(store, log)[0]


def _read(store: SessionStore, log: str) -> tuple[tuple[Record, ...], int]:
    """The records, and how many of them came after the snapshot that the others are of."""
    entries = store.session(log).entries
    window = _WINDOW
    while True:
        since = max(0, entries - window)
        found = store.since(log, since)
        for place in range(len(found) - 1, -1, -1):
            before = _event(found[place]) if _snapshot(found[place]) else None
            if isinstance(before, Snapshot):
                later = _records(found[place + 1 :])
                return (*before.records, *later), len(later)
        if not since:
            records = _records(found)
            return tuple(records), len(records)
        window *= 4


def _snapshot(entry: Entry) -> bool:
    return isinstance(entry.node, TeamRecord) and entry.node.event.get("type") == _SNAPSHOT


def _event(entry: Entry) -> StoredEvent | None:
    """What a record says, None for what a later version wrote."""
    if not isinstance(entry.node, TeamRecord):
        return None
    try:
        return msgspec.convert(entry.node.event, StoredEvent)
    except msgspec.ValidationError:
        return None


def _records(entries: Sequence[Entry]) -> list[Record]:
    records: list[Record] = []
    for entry in entries:
        event = _event(entry)
        if event is not None and not isinstance(event, Snapshot):
            assert isinstance(entry.node, TeamRecord), "it has an event"
            records.append(Record(entry.node.by, entry.at_ms, event))
    return records


class LogBook:
    """A log that is ours to write; one of another program is not `writable`.

    `begin`, `open` and `put_together` wait for the disk.
    """

    def __init__(self, store: SessionStore, log: str, token: str | None, stamps: Stamps) -> None:
        """For `open` and `begin`."""
        self.id = log
        self._store = store
        self._token = token
        self._stamps = stamps
        self._records: list[Record] = []
        self._later = 0

    @classmethod
    def begin(
        cls, store: SessionStore, about: Opened, stamps: Stamps, log: str | None = None
    ) -> LogBook:
        """A new log. Raises StoreError."""
        id_, first = log or stamps().id, stamps()
        entry = entry_of(about, id=first.id, parent=None, at_ms=first.at_ms)
        return cls(store, id_, store.create(id_, [entry]).result(), stamps)

    @classmethod
    def open(cls, store: SessionStore, log: str, stamps: Stamps) -> LogBook:
        """A log that is there. Raises StoreError."""
        book = cls(store, log, store.claim(log).result().token, stamps)
        if book.writable:
            try:
                records, book._later = _read(store, log)
            except BaseException:
                book.close()
                raise
            book._records = list(records)
        return book

    @property
    def writable(self) -> bool:
        """Whether we write."""
        return self._token is not None

    @property
    def records(self) -> tuple[Record, ...]:
        """What the team did until now, as far back as it matters."""
        return tuple(self._records)

    def keep(self, records: Sequence[Record]) -> Future[None]:
        """Store `records`; the future is done when they are on disk. Raises StoreError."""
        entries = [self._entry(r.by, r.at_ms, r.event) for r in records]
        return self._store.append(self.id, entries, self._permit())

    def kept(self, records: Sequence[Record]) -> bool:
        """They are on disk; whether a snapshot is due, which costs less than what it spares."""
        self._records += records
        self._later += len(records)
        return self._later >= max(EVERY, len(self._records) - self._later)

    def put_together(self) -> None:
        """Store all that was until now in short; it is tried again when it cannot be stored."""
        records, at_ms = compacted(self._records), self._records[-1].at_ms
        entry = self._entry(_BY, at_ms, Snapshot(tuple(records)))
        try:
            self._store.append(self.id, [entry], self._permit()).result()
        except StoreError as error:
            _log.warning("No snapshot of %s: %s", self.id, error)
        else:
            self._records, self._later = records, 0

    def close(self) -> Future[None] | None:
        """Give the log back; None when it was not ours."""
        token, self._token = self._token, None
        return None if token is None else self._store.release(token)

    def _permit(self) -> str:
        if self._token is None:
            raise StoreError("This log is written by another program.", kind="owned")
        return self._token

    def _entry(self, by: str, at_ms: int, event: StoredEvent) -> Entry:
        node = TeamRecord(by, msgspec.to_builtins(event))
        return entry_of(node, id=self._stamps().id, parent=None, at_ms=at_ms, agent=by)


class LogWriter:
    """Stores records in order, beside the loop; `begin` makes the book with the first of them.

    What cannot be stored is tried again with the next that happens, and `complain` is told.
    """

    def __init__(
        self,
        name: str,
        book: LogBook | None,
        begin: Callable[[], Awaitable[LogBook]],
        complain: Callable[[str], object],
    ) -> None:
        self.book = book
        self._name = name
        self._begin = begin
        self._complain = complain
        self._waiting: deque[Record] = deque()
        self._writing: asyncio.Task[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether something is not stored yet."""
        return bool(self._waiting)

    def append(self, record: Record) -> None:
        """Keep `record`; never blocks, never raises."""
        self._waiting.append(record)
        self._go_on()

    async def close(self) -> None:
        """Store what there is and give the log back."""
        if self._waiting:
            self._go_on()
        while self._writing is not None:
            await asyncio.wait({self._writing})
        self._waiting.clear()
        book, self.book = self.book, None
        released = book.close() if book is not None else None
        if released is not None:
            await asyncio.wait({asyncio.wrap_future(released)})

    def _go_on(self) -> None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name=f"log of {self._name}")

    async def _write(self) -> None:
        try:
            while self._waiting:
                book = self.book = self.book or await self._begin()
                taken = list(self._waiting)
                await asyncio.wrap_future(book.keep(taken))
                for _ in taken:
                    self._waiting.popleft()
                if book.kept(taken):
                    await asyncio.to_thread(book.put_together)
        except AlloyError as error:
            self._complain(f"What {self._name} does cannot be stored: {error.message}")
        finally:
            self._writing = None
