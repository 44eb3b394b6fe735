"""The tree as it is read: runs of messages without a fork, and what follows each.

Pure. Owns the cutting of a tree into runs. Which run goes on at a fork when
nobody chose: the one where the conversation stands, else the newest.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.sessions.tree import SessionTree

DEEPEST = 100
"""With more forks than this in a row, nesting is given up: browsers do not nest without end."""


class Run:
    """Nodes that follow one another; `branches` are the runs after its last node.

    `current` is true where the conversation goes by default.
    """

    __slots__ = ("branches", "current", "depth", "nodes")

    def __init__(self, nodes: list[str], depth: int) -> None:
        self.nodes = nodes
        self.depth = depth
        self.branches: list[Run] = []
        self.current = False


def runs(tree: SessionTree) -> list[Run]:
    """The runs that begin the session; pruned branches are left out."""
    starts = [Run([n], 0) for n in _shown(tree, None)]
    left = list(starts)
    while left:
        run = left.pop()
        following = _shown(tree, run.nodes[-1])
        while len(following) == 1:
            run.nodes.append(following[0])
            following = _shown(tree, following[0])
        run.branches = [Run([n], run.depth + 1) for n in following]
        left += run.branches
    path = frozenset(tree.path(tree.leaf))
    level: list[Sequence[Run]] = [starts]
    while level:
        siblings = level.pop()
        if siblings:
            chosen = next((r for r in siblings if r.nodes[0] in path), siblings[-1])
            chosen.current = True
            level += [r.branches for r in siblings]
    return starts


def deepest(starts: Sequence[Run]) -> int:
    """How many forks follow one another at most."""
    most, left = 0, list(starts)
    while left:
        run = left.pop()
        most = max(most, run.depth)
        left += run.branches
    return most


def _shown(tree: SessionTree, node: str | None) -> list[str]:
    return [n for n in tree.children(node) if n not in tree.hidden]
