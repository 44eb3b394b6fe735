"""A session's tree as rows: flat where it goes straight on, indented only where it parts.

Owns which nodes have a row of their own, what the others add to it, folding,
filters, search and the connectors. Pure; every pass is linear in the nodes, and
a node that only goes on at the end costs no pass at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from alloy_tui.runtime.path_values import TreeNode, TreeView

Filter: TypeAlias = Literal["path", "labelled", "user", "all"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
_ROWS = frozenset({"user", "compaction", "graft", "lost"})
"""The kinds that have a row of their own unless all are to be seen; a label gives one too."""


@dataclass(slots=True)
class TreeRow:
    """A row: `node`, and sums over it and the nodes that have no row but this.

    `first` begins the branch. `hit` is false for those that are only there to
    show where branches part. `folded` counts the nodes that folding hides.
    """

    node: TreeNode
    branch: int
    first: bool
    hit: bool
    end: str
    cost: float | None = None
    duration_ms: int = 0
    tokens: int | None = None
    folded: int = 0

    def take(self, node: TreeNode) -> None:
        """Add what a node without a row of its own took."""
        if node.cost is not None:
            self.cost = (self.cost or 0.0) + node.cost
        if node.tokens is not None:
            self.tokens = (self.tokens or 0) + node.tokens
        self.duration_ms += node.duration_ms


@dataclass(frozen=True, slots=True)
class BranchSum:
    """What a node and all below it took; None = unknown."""

    messages: int
    cost: float | None
    duration_ms: int


class TreeLayout:
    """The rows of `view` under a filter and a search.

    `path` are the nodes from the first to where the conversation stands; `here`
    is the row that it stands on, None when that is not on show.
    """

    def __init__(
        self,
        view: TreeView,
        show: Filter = "user",
        query: str = "",
        folded: Collection[str] = (),
    ) -> None:
        self.view = view
        self.show: Filter = show
        self.query = query
        self.folded = frozenset(folded)
        self._words = query.lower().split()
        self._nodes: dict[str, TreeNode] = {}
        self._row_node: dict[str, str | None] = {}  # of each node: the one whose row shows it
        self._kids: dict[str | None, list[str]] = {}
        self._hidden: set[str] = set()
        self._hits: set[str] = set()
        self._parents: list[int] = []  # of branches
        self._last: list[bool] = []
        self._index: dict[str, int] = {}
        self._owner: dict[str, int | None] = {}  # of each node: the row that shows it
        self.rows: list[TreeRow] = []
        self.path: frozenset[str] = frozenset()
        self._lay_out()

    def __len__(self) -> int:
        return len(self.rows)

    # -- what is asked ------------------------------------------------------------------------

    @property
    def here(self) -> int | None:
        """The row that the conversation stands on."""
        leaf = self.view.state.leaf
        return None if leaf is None else self.row_of(leaf)

    def row_of(self, node: str) -> int | None:
        """The row that shows a node, or the one that it is folded under."""
        return self._owner.get(node)

    def prefix(self, row: TreeRow, most: int = 40) -> str:
        """The connectors before a row, two cells a level; at most `most` levels are drawn."""
        parts: list[str] = []
        branch, first = row.branch, row.first
        while branch >= 0 and len(parts) < most:
            last = self._last[branch]
            if first:
                parts.append("└─" if last else "├─")
                first = False
            else:
                parts.append("  " if last else "│ ")
            branch = self._parents[branch]
        more = "… " if branch >= 0 else ""
        return more + "".join(reversed(parts))

    def depth(self, row: TreeRow) -> int:
        """How often history parts above a row."""
        count, branch = 0, row.branch
        while branch >= 0:
            count, branch = count + 1, self._parents[branch]
        return count

    def foldable(self, row: TreeRow) -> bool:
        """Whether anything stands below a row, folded or not."""
        return bool(row.folded or self._kids.get(row.node.id))

    def parent_row(self, index: int) -> int | None:
        """The row above which this one parts or goes on."""
        parent = self.rows[index].node.parent
        return self.row_of(parent) if parent is not None else None

    def below(self, node: str) -> BranchSum:
        """What a node and all below it took."""
        inside = {node}
        messages, cost, duration_ms = 0, None, 0
        for other in self.view.nodes:
            if other.id == node or other.parent in inside:
                inside.add(other.id)
                messages += other.kind in {"user", "answer"}
                duration_ms += other.duration_ms
                if other.cost is not None:
                    cost = (cost or 0.0) + other.cost
        return BranchSum(messages, cost, duration_ms)

    def update(self, view: TreeView) -> bool:
        """Show `view` from now on; whether the rows that were there have stayed as they were."""
        before = self.view.nodes
        self.view = view
        count = len(before)
        if self._words or self.show in {"labelled", "path"} or view.nodes[:count] != before:
            self._lay_out()
            return False
        self._find_path()
        for node in view.nodes[count:]:
            if not self._goes_on(node):
                self._lay_out()
                return False
        return True

    # -- laying out ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._find_path()
        self._nodes = {node.id: node for node in self.view.nodes}
        self._hidden.clear()
        for node in self.view.nodes:
            if node.hidden or node.parent in self._hidden:
                self._hidden.add(node.id)
        self._hits = {node.id for node in self.view.nodes if self._wanted(node)}
        kept = self._hits
        if self._words or self.show == "labelled":
            kept = kept | self._partings()
        self._row_node.clear()
        self._kids = {}
        for node in self.view.nodes:
            above = self._row_node.get(node.parent) if node.parent is not None else None
            self._row_node[node.id] = node.id if node.id in kept else above
            if node.id in kept:
                self._kids.setdefault(above, []).append(node.id)
        self._make_rows()
        self._owner = {}
        for node in self.view.nodes:
            self._count(node)

    def _find_path(self) -> None:
        nodes = {node.id: node.parent for node in self.view.nodes}
        found: set[str] = set()
        at = self.view.state.leaf
        while at is not None and at in nodes and at not in found:
            found.add(at)
            at = nodes[at]
        self.path = frozenset(found)

    def _wanted(self, node: TreeNode) -> bool:
        if self.show != "all" and node.id in self._hidden:
            return False
        if self._words:
            text = f"{node.title} {node.label} {node.note} {node.model}".lower()
            if not all(word in text for word in self._words):
                return False
            return self.show != "path" or node.id in self.path
        match self.show:
            case "all":
                return True
            case "labelled":
                return bool(node.label or node.note)
            case "path":
                return self._has_row(node) and node.id in self.path
            case _:
                return self._has_row(node)

    def _has_row(self, node: TreeNode) -> bool:
        return node.kind in _ROWS or bool(node.label)

    def _partings(self) -> set[str]:
        """The messages after which nodes that are wanted part: they keep the ancestry visible."""
        below: dict[str, int] = {}
        partings: set[str] = set()
        for node in reversed(self.view.nodes):
            if node.parent is not None and (node.id in self._hits or below.get(node.id)):
                below[node.parent] = below.get(node.parent, 0) + 1
        owner: dict[str, str | None] = {}
        for node in self.view.nodes:
            above = owner.get(node.parent) if node.parent is not None else None
            owner[node.id] = mine = node.id if node.kind in _ROWS else above
            if below.get(node.id, 0) > 1 and mine is not None:
                partings.add(mine)
        return partings

    def _make_rows(self) -> None:
        self.rows, self._index = [], {}
        self._parents, self._last = [], []
        # (node, branch, begins it, index of the row that it is folded under)
        waiting: list[tuple[str, int, bool, int]] = []
        self._stack(waiting, self._kids.get(None, []), -1, -1)
        while waiting:
            name, branch, first, under = waiting.pop()
            if under >= 0:
                self.rows[under].folded += 1
            else:
                self._index[name] = len(self.rows)
                node = self._nodes[name]
                self.rows.append(TreeRow(node, branch, first, name in self._hits, name))
                under = len(self.rows) - 1 if name in self.folded else -1
            self._stack(waiting, self._kids.get(name, []), branch, under)

    def _stack(
        self, waiting: list[tuple[str, int, bool, int]], kids: list[str], branch: int, under: int
    ) -> None:
        if len(kids) == 1 or under >= 0:
            waiting.extend((kid, branch, False, under) for kid in reversed(kids))
            return
        for place, kid in enumerate(reversed(kids)):
            self._parents.append(branch)
            self._last.append(place == 0)
            waiting.append((kid, len(self._parents) - 1, True, -1))

    def _count(self, node: TreeNode) -> None:
        """Add a node to the row that shows it; those above it were counted before."""
        index = self._index.get(node.id)
        if index is None and node.parent is not None:
            index = self._owner.get(node.parent)
        self._owner[node.id] = index
        if index is None or (node.id in self._hidden and self.show != "all"):
            return
        if self.show == "path" and node.id not in self.path:
            return
        row = self.rows[index]
        row.take(node)
        if self._row_node.get(node.id) == row.node.id and not self._parts_off(row, node):
            row.end = node.id

    def _parts_off(self, row: TreeRow, node: TreeNode) -> bool:
        """Whether a node without a row is beside the way on from `row`."""
        return node.id != row.node.id and node.parent != row.end

    # -- going on -----------------------------------------------------------------------------

    def _goes_on(self, node: TreeNode) -> bool:
        """Take in a new node that changes no other row; False if it does."""
        if node.id in self._nodes or node.hidden or node.parent in self._hidden:
            return False
        above = self._row_node.get(node.parent) if node.parent is not None else None
        wanted = self._wanted(node)
        if wanted:
            if above is None or self._kids.get(above) or self._index.get(above) != len(self) - 1:
                return False
            if above in self.folded:
                return False
            self._hits.add(node.id)
            self._kids[above] = [node.id]
            self._index[node.id] = len(self.rows)
            self.rows.append(TreeRow(node, self.rows[-1].branch, False, True, node.id))
        elif above is None:
            return False
        self._nodes[node.id] = node
        self._row_node[node.id] = node.id if wanted else above
        self._count(node)
        return True
