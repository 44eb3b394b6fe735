"""A team's records put together: the same team comes back from them, at any cut, any often."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import AgentRestarted
from alloy_tui.team import snapshots
from alloy_tui.team.log import Record, Restored
from alloy_tui.team.recording import Channel
from alloy_tui.team.rosters import as_read, roster
from alloy_tui.team.snapshots import Snapshot, StoredEvent, compacted
from alloy_tui.team.spec import MemberSpec

NAMES = ("a", "b", "c")
names = st.sampled_from(NAMES)
numbers = st.integers(0, 3)


class History:
    """A team that lives, and what it told."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.state = Restored(Channel(self.tell, self._now_ms))
        self._sessions: dict[str, str] = {}
        self._works: list[str] = []

    def _now_ms(self) -> int:
        return len(self.records) + 1

    def tell(self, by: str, event: Any) -> None:
        """As the hub does, for what shared things tell; they apply it themselves."""
        self.records.append(Record(by, self._now_ms(), event))

    def also(self, by: str, event: Any) -> None:
        """For what is folded in alone."""
        self.tell(by, event)
        self.state.fold(self.records[-1:])

    def add(self, name: str, n: int) -> None:
        spec = as_read(MemberSpec(name, role=f"role {n}"))
        if n or name not in self._sessions:
            self._sessions[name] = f"s{len(self.records)}"
        parent = "a" if n == 3 and name not in self.state.roster else ""
        by = ("team", "user", "team", "a")[n]
        self.also(by, te.MemberAdded(name, spec, parent, self._sessions[name]))

    def remove(self, name: str, _n: int) -> None:
        if name in self.state.roster:
            self.also("user", te.MemberRemoved(name))

    def send(self, name: str, n: int) -> None:
        to = [each for each in NAMES if each != name][: 1 + n % 2]
        self.state.mail.send(name, to, f"words {n}")

    def read(self, name: str, _n: int) -> None:
        self.state.mail.take(name)

    def task(self, name: str, n: int) -> None:
        board = self.state.board
        known = [task.id for task in board.tasks]
        board.add(name, f"task {n}", needs=known[-1:] if n == 1 else ())

    def done(self, name: str, n: int) -> None:
        for task in self.state.board.tasks[n : n + 1]:
            (self.state.board.claim if n % 2 else self.state.board.finish)(name, task.id)

    def off(self, name: str, n: int) -> None:
        for task in self.state.board.tasks[n : n + 1]:
            self.state.board.remove(name, task.id)

    def share(self, name: str, n: int) -> None:
        self.state.shared.put(name, f"key {n}", None if n == 2 else f"by {name}")

    def pause(self, name: str, n: int) -> None:
        self.also("user", te.MemberPaused(name) if n % 2 else te.MemberResumed(name))

    def limit(self, name: str, n: int) -> None:
        self.also("user", te.BudgetRaised(name if n else "", float(n), None))

    def restart(self, name: str, n: int) -> None:
        if name in self.state.roster:
            self.also(name, AgentRestarted(f"cause {n}", 1))

    def work(self, name: str, n: int) -> None:
        id_ = f"d{len(self.records)}"
        self._works.append(id_)
        self.also("user", te.DelegationStarted(id_, name, f"do {n}"))

    def end(self, name: str, n: int) -> None:
        for id_ in self._works[n : n + 1]:
            self._works.remove(id_)
            self.also("user", te.DelegationFinished(id_, name, "completed", "done"))


DEEDS = (
    *(History.add, History.remove, History.send, History.read, History.task, History.done),
    *(History.off, History.share, History.pause, History.limit, History.restart),
    *(History.work, History.end),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """What a team told that lived somehow."""
    history = History()
    for deed, name, n in draw(st.lists(st.tuples(st.sampled_from(DEEDS), names, numbers))):
        with contextlib.suppress(TeamError):
            deed(history, name, n)
    return history.records


def told(records: list[Record]) -> dict[str, Any]:
    """All that a team that comes back from `records` is, the order of all things included."""
    state = Restored().fold(records)
    specs = [MemberSpec(name, role=f"role {n}") for n, name in enumerate(NAMES)]
    joined = [r.event for r in records if isinstance(r.event, te.MemberAdded)]
    works = [
        r for r in records if isinstance(r.event, te.DelegationStarted | te.DelegationFinished)
    ]
    # The next number of each is part of it.
    fresh = [state.board.add("x", "next").id, state.mail.send("x", ["x"], "next").id]
    return {
        "roster": list(state.roster.items()),
        "coming": roster(specs, records, state.roster),
        "sessions": {event.name: event.session for event in joined},
        "all sessions": {event.session for event in joined},
        "parents": {event.session: event.parent for event in joined},
        "tasks": [msgspec.structs.replace(t, at_ms=0) for t in state.board.tasks],
        "mail": state.mail.timeline[:-1],
        "unread": {name: state.mail.unread(name) for name in NAMES},
        "shared": state.shared.entries,
        "versions": [state.shared.put("x", f"key {n}", "v") for n in range(4)],
        "paused": state.paused,
        "limits": state.limits,
        "restarts": state.restarts,
        "broken off": list(state.broken_off.items()),
        "works": works,
        "fresh": fresh,
    }


@settings(max_examples=300, deadline=None)
@given(histories(), st.data())
def test_the_same_team_comes_back_from_what_was_put_together(
    records: list[Record], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(records)))
    later = data.draw(st.integers(cut, len(records)))
    once = compacted(records[:cut])
    twice = compacted([*once, *records[cut:later]])
    assert told([*once, *records[cut:]]) == told(records)
    assert told([*twice, *records[later:]]) == told(records)


@given(histories())
def test_a_snapshot_is_read_as_it_was_written(records: list[Record]) -> None:
    snapshot = Snapshot(tuple(compacted(records)))
    stored = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(snapshot)))
    assert msgspec.convert(stored, StoredEvent) == snapshot


def test_what_is_put_together_is_as_long_as_what_there_is_and_not_as_what_there_was() -> None:
    history = History()
    history.add("a", 0)
    for n in range(3_000):
        history.work("a", n)
        history.end("a", 0)
        history.send("a", 0)
        history.read("b", 0)
        history.share("a", n % 2)
        history.task("a", 0)
        history.off("a", 0)
    history.restart("a", 0)
    kept = compacted(history.records)
    # Mail is kept to its own limit, delegations to theirs; the rest is a handful.
    assert len(kept) <= 2 * snapshots.MOST_DELEGATIONS + 3_000 + 20
    assert told(kept)["roster"] == told(history.records)["roster"]
