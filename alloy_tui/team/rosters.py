"""Who is in a team that comes back: what its specification says now, and what became of it.

Owns that reconciliation: where a specification says what it said last, changes since
then count; where it was edited, it counts. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alloy_tui.domain.team_events import MemberAdded
from alloy_tui.team.log import Record
from alloy_tui.team.recording import PERSON
from alloy_tui.team.spec import MemberSpec

OF_THE_SPECIFICATION = "team"
"""By whom an agent joins that the specification names; others are by a person."""


class Joined(msgspec.Struct, frozen=True):
    """One to be in the team, by whom it joined, and as what it was told of, None = not yet."""

    spec: MemberSpec
    by: str
    told: dict[str, object] | None = None


def roster(
    members: Sequence[MemberSpec], records: Iterable[Record], now: dict[str, MemberAdded]
) -> list[Joined]:
    """Who is to be in it, in order; `now` is who was when `records` end.

    Those that were spawned for a task are not: it broke off. One that was taken
    out stays out until the specification says something else of it.
    """
    said: dict[str, dict[str, object]] = {}
    for record in records:
        event = record.event
        if isinstance(event, MemberAdded) and record.by == OF_THE_SPECIFICATION:
            said[event.name] = event.member
    made: list[Joined] = []
    for spec in members:
        added = now.get(spec.name)
        told = added.member if added is not None else None
        if said.get(spec.name) != as_read(spec):
            made.append(Joined(spec, OF_THE_SPECIFICATION, told))
        elif added is not None:
            made.append(Joined(_spec(added), OF_THE_SPECIFICATION, told))
    named = {spec.name for spec in members}
    for name, added in now.items():
        if name not in named and name not in said and not added.parent:
            made.append(Joined(_spec(added), PERSON, added.member))
    return made


def as_read(spec: MemberSpec) -> dict[str, object]:
    """A specification as events carry it."""
    made: dict[str, Any] = msgspec.to_builtins(spec)
    return made


def _spec(added: MemberAdded) -> MemberSpec:
    return msgspec.convert(added.member, MemberSpec)
