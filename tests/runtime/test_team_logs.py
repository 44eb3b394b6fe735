"""The log of a team: opened from its last snapshot, whole whatever happens to one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from queue import SimpleQueue

import msgspec
import pytest

from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import StoreError
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.session_folder import open_store
from alloy_tui.runtime.team_log import LogBook, LogWriter, read_log
from alloy_tui.runtime.team_port import Span
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Entry, Opened, TeamRecord, entry_of
from alloy_tui.settings import locate
from alloy_tui.team.log import Record, Restored
from alloy_tui.team.snapshots import EVERY
from tests.runtime.team_stage import Stage, until_view

pytestmark = pytest.mark.anyio

LOG = "team-x"


class Counting(MemoryStore):
    """A store that counts what is read of logs, and refuses snapshots while it is `full`."""

    def __init__(self) -> None:
        super().__init__()
        self.read_entries = 0
        self.full = False

    def since(self, session: str, count: int) -> tuple[Entry, ...]:
        found = super().since(session, count)
        self.read_entries += len(found)
        return found

    def append(self, session: str, entries: Sequence[Entry], token: str):
        if self.full and any(_is_snapshot(entry) for entry in entries):
            raise StoreError("The disk is full.", kind="full")
        return super().append(session, entries, token)


def _is_snapshot(entry: Entry) -> bool:
    return isinstance(entry.node, TeamRecord) and entry.node.event["type"] == "snapshot"


def happened(count: int) -> list[Record]:
    """A team that works, and puts up one task in all that time: the first thing that it does."""
    spec: dict[str, object] = {"name": "a"}
    task = te.TeamTask("t1", "build", "pending")
    records = [
        Record("team", 1, te.MemberAdded("a", spec, session="s1")),
        Record("a", 2, te.TaskChanged(task)),
    ]
    for n in range((count - len(records)) // 2):
        records.append(Record("user", 10 + n, te.DelegationStarted(f"d{n}", "a", f"do {n}")))
        done = te.DelegationFinished(f"d{n}", "a", "completed", "done")
        records.append(Record("user", 10 + n, done))
    return records


def written(store: MemoryStore, records: Sequence[Record], batch: int = 100) -> LogBook:
    """A log that these were written to, as they happened."""
    book = LogBook.begin(store, Opened("crew", agent="team"), Stamps(), LOG)
    go_on(book, records, batch)
    return book


def go_on(book: LogBook, records: Sequence[Record], batch: int = 100) -> None:
    for at in range(0, len(records), batch):
        taken = records[at : at + batch]
        book.keep(taken).result()
        if book.kept(taken):
            book.put_together()


def tasks(records: Sequence[Record]) -> list[str]:
    return [task.title for task in Restored().fold(records).board.tasks]


def snapshots(store: MemoryStore) -> int:
    return sum(map(_is_snapshot, store.since(LOG, 0)))


def test_what_opening_reads_does_not_grow_with_what_was_done() -> None:
    read: list[int] = []
    for count in (6 * EVERY, 30 * EVERY):
        store = Counting()
        book = written(store, happened(count))
        store.read_entries = 0
        records = read_log(store, LOG)
        read.append(store.read_entries)
        assert records == book.records
        assert tasks(records) == ["build"]
        assert list(Restored().fold(records).roster) == ["a"]
        assert len(store.since(LOG, 0)) > count, "all that happened is still there"
    assert read[0] == read[1] <= 3 * EVERY


def test_a_short_log_has_no_snapshot_and_is_read_whole() -> None:
    store = MemoryStore()
    records = happened(EVERY // 2)
    written(store, records)
    assert snapshots(store) == 0
    assert list(read_log(store, LOG)) == records


def test_a_long_log_without_snapshots_is_read_whole_and_gets_one() -> None:
    """As earlier versions wrote it."""
    store = MemoryStore()
    book = LogBook.begin(store, Opened("crew", agent="team"), Stamps(), LOG)
    records = happened(5 * EVERY)
    book.keep(records).result()
    book.close()
    assert list(read_log(store, LOG)) == records
    book = LogBook.open(store, LOG, Stamps())
    go_on(book, [Record("user", 9_000_000, te.MemberPaused("a"))])
    assert snapshots(store) == 1
    state = Restored().fold(read_log(store, LOG))
    assert state.paused == {"a"}
    assert [task.title for task in state.board.tasks] == ["build"]


def test_a_snapshot_of_a_later_version_is_passed_over() -> None:
    store = MemoryStore()
    book = written(store, happened(3 * EVERY))
    strange = TeamRecord("team", {"type": "snapshot", "pages": 3})
    stamp = Stamps()()
    entry = entry_of(strange, id=stamp.id, parent=None, at_ms=stamp.at_ms)
    released = book.close()
    assert released is not None
    released.result()
    token = store.claim(LOG).result().token
    assert token is not None
    store.append(LOG, [entry], token).result()
    assert tasks(read_log(store, LOG)) == ["build"]
    assert read_log(store, LOG) == book.records


def test_when_a_snapshot_cannot_be_stored_nothing_is_lost_and_nothing_kept_twice() -> None:
    store = Counting()
    book = written(store, happened(2))
    store.full = True
    records = happened(2 * EVERY)[2:]
    go_on(book, records)
    assert snapshots(store) == 0
    assert len(read_log(store, LOG)) == 2 + len(records)
    store.full = False
    go_on(book, [Record("user", 9_000_000, te.MemberPaused("a"))])
    assert snapshots(store) == 1
    assert Restored().fold(read_log(store, LOG)).paused == {"a"}


def test_a_second_program_cannot_write_it() -> None:
    store = MemoryStore()
    written(store, happened(2))
    other = LogBook.open(store, LOG, Stamps())
    assert not other.writable
    with pytest.raises(StoreError, match="another program"):
        other.keep(happened(2))


async def test_records_are_stored_in_order_while_the_loop_goes_on() -> None:
    store, said = MemoryStore(), list[str]()
    book = LogBook.begin(store, Opened("crew", agent="team"), Stamps(), LOG)

    async def begin() -> LogBook:
        return book

    writer = LogWriter("crew", None, begin, said.append)
    records = happened(3 * EVERY)
    for n, record in enumerate(records):
        writer.append(record)
        if n % 97 == 0:
            await asyncio.sleep(0)
    await writer.close()
    events = [e.node.event for e in store.since(LOG, 0) if isinstance(e.node, TeamRecord)]
    kept = [event for event in events if event["type"] != "snapshot"]
    assert kept == [msgspec.to_builtins(record.event) for record in records]
    assert said == []
    assert tasks(read_log(store, LOG)) == ["build"]


def test_a_team_with_a_long_past_comes_back_with_all_of_it(stage: Stage) -> None:
    """What happened before the snapshot as well: roster, board, who worked for whom, timeline."""
    stage.team("crew", {"coder": [{"text": "It is done."}], "reviewer": []})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    runtime.team.put_task("Mend the build")
    runtime.team.act("pause", "reviewer")
    for n in range(EVERY + 50):
        runtime.team.share("count", str(n))
    before = until_view(
        runtime, listener, lambda v: v.shared and v.shared[0].value == str(EVERY + 49)
    )
    assert before.tasks
    runtime.close()

    runtime, listener = stage.opened("crew")
    store = open_store(locate())
    try:
        (log,) = [info for info in store.sessions() if info.agent == "team"]
        assert sum(map(_is_snapshot, store.since(log.id, 0))) == 1
        assert log.entries > EVERY
        assert len(read_log(store, log.id)) < EVERY
    finally:
        store.close()
    view = until_view(runtime, listener, lambda v: len(v.rows) == 3)
    assert (view.tasks, view.shared) == (before.tasks, before.shared)
    assert [d.brought for d in view.delegations] == ["It is done."]
    reviewer, coder = view.row("reviewer"), view.row("coder")
    assert reviewer is not None
    assert coder is not None
    assert (reviewer.paused, coder.turns, coder.tail) == (True, 1, "It is done.")
    spans = [span for span in asked_spans(runtime) if span.agent == "coder"]
    assert [(span.kind, span.title) for span in spans][:1] == [("run", "mend it")]


def asked_spans(runtime: Runtime) -> tuple[Span, ...]:
    """What took time, as a screen is told."""
    came: SimpleQueue[tuple[Span, ...]] = SimpleQueue()
    runtime.team.timeline(came.put)
    return came.get(timeout=30)
