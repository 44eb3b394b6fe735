"""The tree of a session: who follows whom, and where the conversation stands.

Pure. A `SessionTree` is a value: adding an entry gives a new one and leaves the
old as it was. All values that grew from one another share one log and differ in
how much of it they see, so a snapshot costs nothing and a branch is one entry.
Knows the shape, the labels and the moves of the leaf; the content of messages
is fetched by whoever needs it (`view`, `compare`). Must not know of any store.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from copy import copy

import msgspec

from alloy_tui.domain.errors import SessionError, UnknownNodeError
from alloy_tui.sessions.nodes import Checkpoint, Entry, LeafMove, Prune

ASIDE, MARK, ADOPTED = 1, 2, 4
"""Bits of an entry's flags. An adopted node's own parent is lost: it hangs elsewhere."""
UNDO_LIMIT = 1000
"""How many moves in a row can be taken back."""


class Heads(msgspec.Struct, frozen=True):
    """The shape of a session in columns, in the order of its log.

    `parents` are positions in these columns, -1 = none; `flags` are made of
    `ASIDE`, `MARK` and `ADOPTED`.
    """

    ids: Sequence[str] = ()
    parents: Sequence[int] = ()
    kinds: Sequence[str] = ()
    flags: Sequence[int] = ()


_EMPTY = Heads()


class _Log:
    """The columns, grown at the end only; index and children beside them."""

    __slots__ = ("_children", "_lock", "flags", "ids", "kinds", "parents", "places")

    def __init__(self, heads: Heads) -> None:
        self.ids = list(heads.ids)
        self.parents = list(heads.parents)
        self.kinds = list(heads.kinds)
        self.flags = list(heads.flags)
        self.places = dict(zip(self.ids, range(len(self.ids)), strict=True))
        self._children: dict[int, list[int]] | None = None
        self._lock = threading.Lock()

    def add(self, size: int, id_: str, parent: int, kind: str, flags: int) -> _Log:
        """Self with one more entry at position `size`, or a copy if another took that place."""
        with self._lock:
            if size < len(self.ids):
                # An add that is repeated (a snapshot catching up) finds its entry there.
                if (self.ids[size], self.parents[size]) == (id_, parent):
                    return self
                head = Heads(
                    self.ids[:size], self.parents[:size], self.kinds[:size], self.flags[:size]
                )
                return _Log(head).add(size, id_, parent, kind, flags)
            self.parents.append(parent)
            self.kinds.append(kind)
            self.flags.append(flags)
            self.ids.append(id_)
            self.places[id_] = size
            if self._children is not None and not flags & MARK:
                self._children.setdefault(parent, []).append(size)
            return self

    def children(self, parent: int) -> Sequence[int]:
        """Positions of the placed nodes below `parent`; the map is made when first asked."""
        with self._lock:
            if self._children is None:
                found: dict[int, list[int]] = {}
                for place, (above, flags) in enumerate(zip(self.parents, self.flags, strict=True)):
                    if not flags & MARK:
                        found.setdefault(above, []).append(place)
                self._children = found
            return tuple(self._children.get(parent, ()))


class SessionTree:
    """A session's tree as of some moment; a value that any thread may read."""

    __slots__ = ("_log", "_size", "hidden", "labels", "leaf", "undone", "undone_files")

    leaf: str | None
    """Where the conversation stands: the next message follows this node; None = at the start."""
    labels: dict[str, str]
    """The label of every labelled node, newest last. Not to be changed."""
    hidden: frozenset[str]
    """The nodes that were pruned themselves; all below them is hidden too."""
    undone: tuple[str | None, ...]
    """Where `redo` leads, nearest last: the leaves that moves left since the last new message."""
    undone_files: tuple[str | None, ...]
    """The files that held before each of them (see `LeafMove.files`), None = they stayed."""

    def __init__(self, heads: Heads = _EMPTY, marks: Iterable[Entry] = ()) -> None:
        """A tree of that shape; `marks` are its moves, checkpoints and prunings, in log order."""
        self._log = _Log(heads)
        self._size = len(self._log.ids)
        self.labels, self.hidden = {}, frozenset()
        self.undone = self.undone_files = ()
        flags = self._log.flags
        last = next((n for n in range(self._size - 1, -1, -1) if not flags[n] & (MARK | ASIDE)), -1)
        self.leaf = self._log.ids[last] if last >= 0 else None
        for mark in marks:
            place = self._log.places.get(mark.id, -1)
            if not isinstance(mark.node, LeafMove) or place > last:
                self._heed(mark, known_parent=mark.parent in self._log.places)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, node: object) -> bool:
        return isinstance(node, str) and self._log.places.get(node, self._size) < self._size

    def add(self, entry: Entry) -> SessionTree:
        """The tree with `entry` at its end. Amortised O(1).

        Raises UnknownNodeError when the parent is not here, SessionError when
        the id is taken or the parent is a mark.
        """
        if entry.id in self:
            raise SessionError(f"The session already has a node {entry.id}.")
        parent = -1 if entry.parent is None else self._place(entry.parent)
        if parent >= 0 and self._log.flags[parent] & MARK:
            raise SessionError(f"{entry.parent} is a mark; nothing can follow it.")
        flags = (ASIDE if entry.aside else 0) | (MARK if entry.mark else 0)
        grown = copy(self)
        log = self._log.add(self._size, entry.id, parent, entry.node.kind, flags)
        return grown._take(entry, log)  # noqa: SLF001 -- another value of this class

    def ids(self) -> tuple[str, ...]:
        """Every entry's id in log order, marks included."""
        return tuple(self._log.ids[: self._size])

    def place(self, node: str) -> int:
        """The entry's place in the log; later ones are greater. Raises UnknownNodeError."""
        return self._place(node)

    def kind(self, node: str) -> str:
        """The kind of an entry (`Node.kind`). Raises UnknownNodeError, like all that follow."""
        return self._log.kinds[self._place(node)]

    def is_mark(self, node: str) -> bool:
        """Whether the entry marks its parent and is no part of any path."""
        return bool(self._log.flags[self._place(node)] & MARK)

    def is_adopted(self, node: str) -> bool:
        """Whether the node's own parent was lost to damage, and it hangs below another."""
        return bool(self._log.flags[self._place(node)] & ADOPTED)

    def parent(self, node: str) -> str | None:
        """What the node follows (for a mark: what it marks); None for a first one."""
        above = self._log.parents[self._place(node)]
        return self._log.ids[above] if above >= 0 else None

    def children(self, node: str | None) -> tuple[str, ...]:
        """What follows the node, oldest first; of None, every first node."""
        place = -1 if node is None else self._place(node)
        ids, size = self._log.ids, self._size
        return tuple(ids[n] for n in self._log.children(place) if n < size)

    def parts(self, node: str | None) -> bool:
        """Whether more than one node follows this one. O(1)."""
        place = -1 if node is None else self._place(node)
        following = self._log.children(place)
        return len(following) > 1 and following[1] < self._size

    def siblings(self, node: str) -> tuple[str, ...]:
        """The node and all that share its parent, oldest first."""
        return self.children(self.parent(node))

    def path(self, node: str | None) -> tuple[str, ...]:
        """The nodes from the first down to `node`, both included; () for None. O(depth)."""
        found: list[str] = []
        place = -1 if node is None else self._place(node)
        ids, parents = self._log.ids, self._log.parents
        while place >= 0:
            found.append(ids[place])
            place = parents[place]
        found.reverse()
        return tuple(found)

    def common_ancestor(self, one: str | None, other: str | None) -> str | None:
        """The last node that both paths share; None if they part at the start. O(depth)."""
        if one is None or other is None:
            return None
        # A parent stands before its children in the log, so the later one climbs.
        parents = self._log.parents
        a, b = self._place(one), self._place(other)
        while a != b:
            if a > b:
                a = parents[a]
            else:
                b = parents[b]
        return self._log.ids[a] if a >= 0 else None

    def is_ancestor(self, above: str | None, node: str | None) -> bool:
        """Whether `above` stands on the path to `node` (a node stands on its own)."""
        if above is None:
            return True
        if node is None:
            return False
        goal, place, parents = self._place(above), self._place(node), self._log.parents
        while place > goal:
            place = parents[place]
        return place == goal

    def tip(self, node: str | None) -> str | None:
        """The newest node below `node`, or itself: where its branch was left. O(nodes after it)."""
        start = -1 if node is None else self._place(node)
        flags, newest = self._log.flags, start
        below = {start}
        for place, above in enumerate(self._log.parents[start + 1 : self._size], start + 1):
            if above in below and not flags[place] & MARK:
                below.add(place)
                newest = place
        return self._log.ids[newest] if newest >= 0 else None

    def tips(self) -> tuple[str, ...]:
        """The last node of every branch, oldest first."""
        log, size = self._log, self._size
        inner = {log.parents[n] for n in range(size) if not log.flags[n] & MARK}
        return tuple(log.ids[n] for n in range(size) if n not in inner and not log.flags[n] & MARK)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """The entries of those kinds, oldest first."""
        wanted = frozenset(kinds)
        return tuple(
            i
            for i, k in zip(self._log.ids[: self._size], self._log.kinds, strict=False)
            if k in wanted
        )

    def is_hidden(self, node: str) -> bool:
        """Whether the node or one above it was pruned."""
        return bool(self.hidden) and not self.hidden.isdisjoint(self.path(node))

    def _place(self, node: str) -> int:
        place = self._log.places.get(node, self._size)
        if place >= self._size:
            raise UnknownNodeError(f"The session has no node {node}.")
        return place

    def _take(self, entry: Entry, log: _Log) -> SessionTree:
        """Become the tree with `entry`; only while the value is being made."""
        self._log = log
        self._size += 1
        if entry.mark:
            self._heed(entry, known_parent=True)
        elif not entry.aside:
            self.leaf = entry.id
            self.undone = self.undone_files = ()
        return self

    def _heed(self, mark: Entry, *, known_parent: bool) -> None:
        """Let a mark count; only while the tree is being made."""
        node, target = mark.node, mark.parent
        if isinstance(node, LeafMove):
            if target is not None and not known_parent:
                return  # the goal is lost to damage: stay
            if node.reason == "redo":
                self.undone, self.undone_files = self.undone[:-1], self.undone_files[:-1]
            else:
                self.undone = (*self.undone[1 - UNDO_LIMIT :], self.leaf)
                self.undone_files = (*self.undone_files[1 - UNDO_LIMIT :], node.files)
            self.leaf = target
        elif target is None or not known_parent:
            return
        elif isinstance(node, Checkpoint) and node.label is not None:
            self.labels = {k: v for k, v in self.labels.items() if k != target}
            if node.label:
                self.labels[target] = node.label
        elif isinstance(node, Prune):
            self.hidden = self.hidden | {target} if node.hidden else self.hidden - {target}
