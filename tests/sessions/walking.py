"""Random walks through everything a session can do, beside a tree of plain dictionaries.

`Plain` is written for being obviously right. `Walk` does the same steps on it
and on a session in a store; `Walk.check` compares all that can be asked.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from alloy_tui.domain import transcript
from alloy_tui.domain.messages import (
    ChatMessage,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    user,
)
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamp
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    Entry,
    Graft,
    KnownNode,
    ModelSwitch,
    Opened,
    ToolResult,
    UserMessage,
    entry_of,
)
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import view


@dataclass
class Plain:
    """A tree the way one would write it in five minutes."""

    parent: dict[str, str | None] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    leaf: str | None = None
    undone: list[str | None] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def grow(self, node: str, parent: str | None, *, follow: bool) -> None:
        self.parent[node] = parent
        self.order.append(node)
        if follow:
            self.leaf = node
            self.undone.clear()

    def move(self, to: str | None) -> None:
        self.undone.append(self.leaf)
        self.leaf = to

    def redo(self) -> None:
        self.leaf = self.undone.pop()

    def path(self, node: str | None) -> list[str]:
        found: list[str] = []
        while node is not None:
            found.insert(0, node)
            node = self.parent[node]
        return found

    def children(self, node: str | None) -> list[str]:
        return [n for n in self.order if self.parent[n] == node]

    def tip(self, node: str | None) -> str | None:
        below = [node]
        for each in self.order:
            if self.parent[each] in below:
                below.append(each)
        return below[-1]


class Stand:
    """Stamps without a clock: readable, unique, the same for the same walk."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> Stamp:
        self._count += 1
        return Stamp(f"n{self._count:07}", 1_000_000 + self._count)


def said(rng: random.Random) -> KnownNode:
    """Some node that may stand on a path, sensible or not."""
    words = rng.choice(("fix it", "why \ud800?", "a\x00b", "日本語", "x" * 5000, "", "ok"))
    number = rng.randrange(6)
    if number <= 1:
        return UserMessage(user(words))
    if number == 2:
        calls = tuple(
            ToolCallBlock(f"c{rng.randrange(9)}", "read", {"path": words[:9]})
            for _ in range(rng.randrange(3))
        )
        cut = rng.choice((None, None, "cancelled"))
        message = ChatMessage("assistant", (TextBlock(words), *calls), "s/m", cut)
        cost = rng.choice((None, 0.25))
        return Answer(message, rng.choice(("s/m", "s/n")), TokenUsage(input=3, output=4), cost)
    if number == 3:
        result = ToolResultBlock(f"c{rng.randrange(9)}", (TextBlock(words),), rng.random() < 0.3)
        return ToolResult(result, "read", duration_ms=5, details={"lines": [1, words[:5]]})
    if number == 4:
        return ModelSwitch("s/m", "s/n")
    if rng.random() < 0.5:
        return Graft("other", "node", "answer", (user(words),))
    return Compaction((user("summary " + words[:20]),), 900, 30)


class Walk:
    """A session in a store and a plain tree, taking the same steps."""

    def __init__(self, rng: random.Random, store: SessionStore, session: str = "s1") -> None:
        self.rng, self.store, self.session = rng, store, session
        self.stand = Stand()
        self.plain = Plain()
        self.entries: dict[str, Entry] = {}
        stamp = self.stand()
        opened = entry_of(Opened("walk"), id=stamp.id, parent=None, at_ms=stamp.at_ms)
        self.token = store.create(session, [opened]).result()
        self.entries[opened.id] = opened
        self.tree = SessionTree().add(opened)

    def reopen(self, store: SessionStore) -> None:
        """Go on with another store on the same disk; everything is read anew."""
        self.store = store
        claim = store.claim(self.session).result()
        assert claim.token is not None
        self.token = claim.token
        self.tree = store.tree(self.session)

    def step(self) -> None:
        """One random thing."""
        {
            0: self._say,
            1: self._say,
            2: self._say,
            3: self._beside,
            4: self._branch,
            5: self._rewind,
            6: self._redo,
            7: self._switch,
            8: self._mark,
            9: self._prune,
        }[self.rng.randrange(10)]()

    def check(self) -> None:
        """Compare the stored tree with the plain one, in everything."""
        tree, plain = self.store.tree(self.session), self.plain
        assert tree.ids() == tuple(self.entries)
        assert tree.leaf == plain.leaf
        assert list(tree.undone) == plain.undone
        assert tree.labels == plain.labels
        assert tree.hidden == plain.hidden
        assert tuple(n for n in tree.ids() if not tree.is_mark(n)) == tuple(plain.order)
        assert tree.children(None) == tuple(plain.children(None))
        for node in self.rng.sample(plain.order, min(5, len(plain.order))):
            other = self.rng.choice(plain.order)
            assert tree.parent(node) == plain.parent[node]
            assert tree.children(node) == tuple(plain.children(node))
            assert tree.path(node) == tuple(plain.path(node))
            assert tree.tip(node) == plain.tip(node)
            shared = [n for n in plain.path(node) if n in plain.path(other)]
            assert tree.common_ancestor(node, other) == (shared[-1] if shared else None)
            assert tree.is_ancestor(other, node) == (other in plain.path(node))
            assert tree.is_hidden(node) == any(n in plain.hidden for n in plain.path(node))
        some = self.rng.sample(list(self.entries), min(20, len(self.entries)))
        assert self.store.read(self.session, some) == tuple(self.entries[n] for n in some)
        for node in (tree.leaf, self._any()):
            shown = view(tree, lambda ids: self.store.read(self.session, ids), node)
            if shown:
                transcript.check(shown, continuing=True)

    def _keep(self, *entries: Entry) -> None:
        self.store.append(self.session, entries, self.token).result()
        for entry in entries:
            self.tree = self.tree.add(entry)
            self.entries[entry.id] = entry

    def _any(self) -> str | None:
        """A node, or None for the start."""
        return self.rng.choice([None, *self.plain.order[-200:]])

    def _say(self) -> None:
        entry = moves.follow(self.tree, said(self.rng), self.stand(), agent="main")
        self.plain.grow(entry.id, self.plain.leaf, follow=True)
        self._keep(entry)

    def _beside(self) -> None:
        parent = self._any()
        entry = moves.beside(self.tree, parent, said(self.rng), self.stand())
        self.plain.grow(entry.id, parent, follow=False)
        self._keep(entry)

    def _branch(self) -> None:
        to = self._any()
        self._keep(moves.branch(self.tree, to, self.stand()))
        self.plain.move(to)

    def _rewind(self) -> None:
        to = self.rng.choice([None, *self.plain.path(self.plain.leaf)[-50:]])
        self._keep(moves.rewind(self.tree, to, self.stand()))
        self.plain.move(to)

    def _redo(self) -> None:
        if self.plain.undone:
            self._keep(moves.redo(self.tree, self.stand()))
            self.plain.redo()

    def _switch(self) -> None:
        if (node := self._any()) is not None:
            self._keep(moves.switch(self.tree, node, self.stand()))
            self.plain.move(self.plain.tip(node))

    def _mark(self) -> None:
        if (node := self._any()) is None:
            return
        if self.rng.random() < 0.5:
            self._keep(moves.note(self.tree, node, "look here", self.stand()))
            return
        label = self.rng.choice(("", "before", "good"))
        self._keep(moves.checkpoint(self.tree, node, self.stand(), label=label))
        self.plain.labels.pop(node, None)
        if label:
            self.plain.labels[node] = label

    def _prune(self) -> None:
        if (node := self._any()) is None:
            return
        if self.rng.random() < 0.5:
            self._keep(moves.unprune(self.tree, node, self.stand()))
            self.plain.hidden.discard(node)
            return
        self._keep(*moves.prune(self.tree, node, self.stand(), self.stand()))
        if node in self.plain.path(self.plain.leaf):
            self.plain.move(self.plain.parent[node])
        self.plain.hidden.add(node)
