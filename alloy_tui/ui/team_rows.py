"""A team's agents as lines of the dashboard: groups, order, filters, search. Pure.

Owns which line stands where. Within a group agents keep the order of the tree,
so a line moves only when its group changes; sorting by a figure is done when
it is asked for, and then held until it is asked for again. Lines can be held
altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import msgspec
from msgspec.structs import replace

from alloy_tui.runtime.team_port import AgentRow, RowGroup, counted

Order: TypeAlias = Literal["state", "tree", "name", "cost", "tokens", "context", "idle"]
ORDERS: tuple[Order, ...] = get_args(Order)
Show: TypeAlias = Literal["all", "needs you", "failed", "working", "ready", "done", "crashed"]
SHOWS: tuple[Show, ...] = get_args(Show)
GROUPS: dict[RowGroup, str] = {
    "needs_you": "needs you",
    "failed": "failed",
    "working": "working",
    "idle": "ready",
    "done": "done",
}
"""The groups in their order, and what they are called."""

NEW = "new"
"""The heading of who came while the lines had to stay where they are."""


class Line(msgspec.Struct, frozen=True):
    """A line: an agent's, or the heading of a group with its `counted`, or neither."""

    row: AgentRow | None = None
    heading: str = ""
    count: int = 0
    indent: int = 0


class Layout:
    """The lines of a team under an order, a filter and a search; `names` holds its order."""

    def __init__(
        self,
        rows: Sequence[AgentRow] = (),
        *,
        order: Order = "state",
        show: Show = "all",
        query: str = "",
        held: Sequence[str] = (),
        still: Layout | None = None,
    ) -> None:
        """`held` is an order to keep; of `still` every line stays, and who is new comes last."""
        stays = frozenset(still.names) if still is not None else frozenset[str]()
        query = query.casefold()
        found = [row for row in rows if row.name in stays or _wanted(row, show, query)]
        if held:
            places = {name: place for place, name in enumerate(held)}
            found.sort(key=lambda row: places.get(row.name, len(places)))
        elif order not in {"state", "tree"}:
            found.sort(key=lambda row: _rank(row, order))
        if still is not None:
            self.lines = tuple(_stilled(found, still))
        else:
            self.lines = tuple(_grouped(found) if order == "state" else _plain(found))
        self.names = tuple(line.row.name for line in self.lines if line.row is not None)
        self._places = {
            line.row.name: place for place, line in enumerate(self.lines) if line.row is not None
        }

    def __len__(self) -> int:
        return len(self.lines)

    def place_of(self, name: str | None) -> int | None:
        """The line of that agent, None = it has none."""
        return self._places.get(name or "")

    def row_at(self, place: int) -> AgentRow | None:
        """The agent of that line, None = a heading, or nothing."""
        return self.lines[place].row if 0 <= place < len(self.lines) else None


def _wanted(row: AgentRow, show: Show, query: str) -> bool:
    if show == "crashed" and not (row.cause or row.restarts):
        return False
    if show in GROUPS.values() and GROUPS[row.group] != show:
        return False
    if not query:
        return True
    heard = (row.name, row.role, row.activity, row.view.model, row.prompt)
    return any(query in words.casefold() for words in heard)


def _rank(row: AgentRow, order: Order) -> tuple[float, str]:
    view = row.view
    match order:
        case "cost":
            figure = -(view.cost or 0.0)
        case "tokens":
            figure = -float(view.usage.total or 0)
        case "context":
            figure = -(view.context_share or 0.0)
        case "idle":
            figure = float(row.last_ms)
        case _:
            figure = 0.0
    return figure, row.name.casefold()


def _stilled(rows: Sequence[AgentRow], still: Layout) -> list[Line]:
    """The lines of `still`, empty where an agent has gone; the others behind them."""
    there = {row.name: row for row in rows}
    counts = {heading: counted(rows, group) for group, heading in GROUPS.items()}
    lines: list[Line] = []
    for line in still.lines:
        if line.row is None:
            known = not line.count or counts.get(line.heading) == line.count
            lines.append(line if known else replace(line, count=0))
        else:
            row = there.pop(line.row.name, None)
            lines.append(Line() if row is None else replace(line, row=row))
    if there and not any(line.heading == NEW for line in lines):
        lines.append(Line(heading=NEW))
    return [*lines, *(Line(row) for row in there.values())]


def _grouped(rows: Sequence[AgentRow]) -> list[Line]:
    members: dict[RowGroup, list[AgentRow]] = {group: [] for group in GROUPS}
    for row in rows:
        members[row.group].append(row)
    lines: list[Line] = []
    for group, mine in members.items():
        if mine:
            lines.append(Line(heading=GROUPS[group], count=counted(mine, group)))
            lines += [Line(row) for row in mine]
    return lines


def _plain(rows: Sequence[AgentRow]) -> list[Line]:
    return [Line(row, indent=row.depth) for row in rows]


_BARS = "▁▂▃▄▅▆▇█"


def sparkline(rates: Sequence[int], width: int) -> str:
    """Tokens per second as bars, the latest at the right; silence is a blank."""
    shown = list(rates[-width:])
    most = max([*shown, 1])
    bars = [" " if rate <= 0 else _BARS[min(7, rate * 8 // (most + 1))] for rate in shown]
    return "".join(bars).rjust(width)
