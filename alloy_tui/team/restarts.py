"""Which agents stop and start when one has ended: pure, no clock, no tasks.

Owns the strategies, the kinds of restart and the limit of restarts in a period,
as supervisors of the Erlang school have them. Must not know what it is that runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
"""Who is started anew beside the one that ended: nobody, all, those that began after it."""

RestartKind: TypeAlias = Literal["permanent", "transient", "temporary"]
"""When one is started anew: always, after an abnormal end, never."""

ExitKind: TypeAlias = Literal["normal", "crashed", "hung", "killed", "gave_up"]


class Exit(msgspec.Struct, frozen=True):
    """How a child ended; `cause` is a sentence for people."""

    kind: ExitKind
    cause: str = ""

    @property
    def abnormal(self) -> bool:
        """Whether it was to go on."""
        return self.kind != "normal"

    @property
    def wanted(self) -> bool:
        """Whether somebody ended it: no sign that anything is wrong, so it counts as no crash."""
        return self.kind == "killed"


class Place(msgspec.Struct, frozen=True):
    """A child in the order of starting; one that does not run has ended and stays so."""

    name: str
    restart: RestartKind = "permanent"
    runs: bool = True


class Plan(msgspec.Struct, frozen=True):
    """What is to be done, in this order: stop these, start these; `gone` leave for good.

    The one that ended is not among those to stop.
    """

    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def due(kind: RestartKind, ended: Exit) -> bool:
    """Whether one that ended like this is started anew."""
    return kind == "permanent" or (kind == "transient" and ended.abnormal)


def plan(strategy: Strategy, places: Sequence[Place], name: str, ended: Exit) -> Plan:
    """What follows from the end of `name`, one of `places`.

    One that is not due concerns nobody else. A temporary one that is stopped
    for another's sake is not started again.
    """
    at = next(i for i, place in enumerate(places) if place.name == name)
    if not due(places[at].restart, ended):
        return Plan(gone=(name,) if places[at].restart == "temporary" else ())
    since = {"one_for_one": at, "one_for_all": 0, "rest_for_one": at}[strategy]
    until = at + 1 if strategy == "one_for_one" else len(places)
    with_it = [p for p in places[since:until] if p.runs or p.name == name]
    return Plan(
        stop=tuple(p.name for p in reversed(with_it) if p.name != name),
        start=tuple(p.name for p in with_it if p.restart != "temporary"),
        gone=tuple(p.name for p in with_it if p.restart == "temporary"),
    )


class Intensity:
    """Counts restarts: `most` within any `period_s` seconds are borne, no more."""

    def __init__(self, most: int, period_s: float) -> None:
        self.most = most
        self.period_s = period_s
        self._times: deque[float] = deque()

    def bear(self, now_s: float) -> bool:
        """Count a restart at `now_s`, monotonic seconds; false when it is one too many."""
        while self._times and self._times[0] <= now_s - self.period_s:
            self._times.popleft()
        self._times.append(now_s)
        return len(self._times) <= self.most
