"""From the records of another program to entries of ours, each in its place.

Owns the ids: which of ours stands for which of theirs, and what to do where
theirs name nothing. Must not know any format.
"""

from __future__ import annotations

from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Entry, KnownNode, entry_of


class Growth:
    """The tree as it grows; ids of ours sort by the time that the records tell."""

    def __init__(self, at_ms: int) -> None:
        """`at_ms` stands in where a record tells no time, in epoch milliseconds."""
        self.now_ms = at_ms
        self.rehung = 0
        self.tip: str | None = None
        """The node that was placed last, marks and asides left out."""
        self._stamps = Stamps(lambda: self.now_ms)
        self._ours: dict[str, str | None] = {}
        self._parents: set[str | None] = set()
        self._nodes = 0

    @property
    def branches(self) -> int:
        """How many ends the tree has."""
        return self._nodes - len(self._parents - {None})

    def knows(self, theirs: str) -> bool:
        """Whether a record of that id came before."""
        return theirs in self._ours

    def call(self, theirs: str, ours: str | None) -> None:
        """Let their id stand for a node of ours, or for the start."""
        self._ours[theirs] = ours

    def place_of(self, theirs: str | None) -> str | None:
        """The node of ours that a record follows; the last one when theirs is not known."""
        if theirs is None:
            return None
        if theirs not in self._ours:
            self.rehung += 1
            return self.tip
        return self._ours[theirs]

    def at(self, moment_ms: int | None) -> None:
        """The time of what comes next; None leaves it as it was."""
        if moment_ms is not None:
            self.now_ms = moment_ms

    def put(
        self, node: KnownNode, parent: str | None, *, agent: str = "", aside: bool = False
    ) -> Entry:
        """An entry for `node` below `parent`."""
        stamp = self._stamps()
        entry = entry_of(
            node, id=stamp.id, parent=parent, at_ms=stamp.at_ms, agent=agent, aside=aside
        )
        if not entry.mark:
            self._nodes += 1
            self._parents.add(parent)
            if not aside:
                self.tip = entry.id
        return entry
