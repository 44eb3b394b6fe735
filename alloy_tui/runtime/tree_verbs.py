"""The verbs of `TreePort` on the engine's loop: look at the session on screen, move about in it.

Owns what each verb means. A verb that moves the conversation first cancels what
runs and withdraws what waits (what has arrived is kept); marks such as labels do
not disturb anything. Must not know the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import msgspec

from alloy_tui.domain.errors import SessionError, StoreError
from alloy_tui.domain.events import CheckpointMade, EngineEvent
from alloy_tui.runtime import session_views as views
from alloy_tui.runtime.branch_values import ComparisonView, FileChoice, RewindPreview, RewindScope
from alloy_tui.runtime.conversing import Conversing
from alloy_tui.runtime.kept_files import KeptFiles
from alloy_tui.runtime.path_values import PathPage, TreeView
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamp
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Entry, UserMessage
from alloy_tui.sessions.tree import SessionTree


class TreeVerbs:
    """What can be asked of and done to the session on screen. Verbs raise SessionError."""

    def __init__(
        self,
        desk: SessionDesk,
        recorder: Recorder,
        conversing: Conversing,
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self._desk = desk
        self._recorder = recorder
        self._conversing = conversing
        self._publish = publish
        self._reader: views.TreeReader | None = None
        self.files: KeptFiles | None = None

    async def view(self) -> TreeView:
        """The whole tree."""
        live = await self._settled()
        if live is None:
            return TreeView(self._desk.state, ())
        if self._reader is None or self._reader.live is not live:
            self._reader = views.TreeReader(live)
        return await asyncio.to_thread(self._reader.view, self._desk.state)

    async def items(self, before: str | None, limit: int) -> PathPage:
        """A stretch of the path on screen."""
        live = await self._settled()
        if live is None:
            return PathPage("", None, (), 0)

        def look() -> PathPage:
            growing = () if live.writable else live.growing()
            return views.page(
                live.id, live.stored, live.read, before=before, limit=limit, growing=growing
            )

        return await asyncio.to_thread(look)

    async def preview(self, node: str) -> RewindPreview:
        """What `rewind` would do."""
        live = await self._settled()
        if live is None:
            raise StoreError("There is no session yet.", kind="unknown")
        tree = live.stored
        to, prompt = await asyncio.to_thread(_target, live, node)
        left = tree.path(tree.leaf)[len(tree.path(to)) :] if tree.is_ancestor(to, tree.leaf) else ()
        count = sum(tree.kind(n) in {"user", "answer"} for n in left)
        made = RewindPreview(node, prompt, count)
        if self.files is None:
            return made
        files, problems = await self.files.preview(node)
        return msgspec.structs.replace(made, files=files, problems=problems)

    async def rewind(
        self, node: str, scope: RewindScope, choices: Mapping[str, FileChoice]
    ) -> None:
        """Go back to before a user message, or to any other node of the path.

        Files first: when they cannot be put back, nothing has moved.
        """
        live = await self._still()
        to, _ = await asyncio.to_thread(_target, live, node)
        if scope == "conversation":
            await self._move(lambda tree, stamp: moves.rewind(tree, to, stamp))
            return
        if scope == "both":
            moves.rewind(live.tree, to, self._desk.stamps())  # complains before files have moved
        goal = await self._kept().address_at(node)
        await self._with_files(goal, choices, to if scope == "both" else live.tree.leaf)

    async def branch(self, node: str | None) -> None:
        """Let the next message follow `node`."""
        await self._still()
        await self._move(lambda tree, stamp: moves.branch(tree, node, stamp))

    async def switch(self, node: str) -> None:
        """Go to the end of the branch that `node` is on."""
        await self._still()
        await self._move(lambda tree, stamp: moves.switch(tree, node, stamp))

    async def preview_redo(self) -> RewindPreview:
        """What `redo` would do."""
        live = await self._known()
        tree = live.tree
        if not tree.undone:
            raise SessionError("There is no move to take back.")
        to, held = tree.undone[-1], tree.undone_files[-1]
        shared = len(tree.path(tree.common_ancestor(to, tree.leaf)))
        count = sum(tree.kind(n) in {"user", "answer"} for n in tree.path(to)[shared:])
        made = RewindPreview(to or "", "", count, again=True)
        if held is None or self.files is None:
            return made
        files, problems = await self.files.changes_to(held)
        scope: RewindScope = "files" if to == tree.leaf else "both"
        return msgspec.structs.replace(made, files=files, problems=problems, scope=scope)

    async def redo(self, scope: RewindScope, choices: Mapping[str, FileChoice]) -> None:
        """Take the last move of the leaf back, the files that held before it too if asked."""
        live = await self._still()
        held = live.tree.undone_files[-1] if live.tree.undone else None
        if scope == "conversation" or held is None:
            await self._move(moves.redo)
        elif scope == "files" and live.tree.undone[-1] != live.tree.leaf:
            await self._with_files(held, choices, live.tree.leaf)
        else:
            await self._kept().restore(
                held, choices, lambda tree, stamp, _: moves.redo(tree, stamp)
            )
            await self._conversing.arrived(moved=True)

    async def label(self, node: str | None, label: str) -> None:
        """Label a node, None = where we stand."""
        live = await self._known()
        target = node or live.tree.leaf
        if target is None:
            raise SessionError("There is nothing to label yet.")
        await self._desk.do([moves.checkpoint(live.tree, target, self._desk.stamps(), label=label)])
        self._publish(CheckpointMade(target, label))

    async def note(self, node: str, text: str) -> None:
        """Words of the user about a node."""
        live = await self._known()
        await self._desk.do([moves.note(live.tree, node, text, self._desk.stamps())])
        self._publish(CheckpointMade(node))

    async def prune(self, node: str, *, hidden: bool) -> None:
        """Hide a node and all below it, or show it again."""
        live, stamps = await self._known(), self._desk.stamps
        if not hidden:
            await self._desk.do([moves.unprune(live.tree, node, stamps())])
        elif live.tree.is_ancestor(node, live.tree.leaf):
            live = await self._still()
            await self._desk.do(moves.prune(live.tree, node, stamps(), stamps()))
            await self._conversing.arrived(moved=True)
        else:
            await self._desk.do(moves.prune(live.tree, node, stamps(), stamps()))
        self._publish(CheckpointMade(node))

    async def compare(self, left: str, right: str) -> ComparisonView:
        """Two branches of this session, from where they part."""
        live = await self._settled()
        if live is None:
            raise StoreError("There is no session yet.", kind="unknown")
        made = await asyncio.to_thread(views.comparison, live.stored, live.read, left, right)
        return made if self.files is None else await self.files.compared(made)

    async def _with_files(
        self, goal: str, choices: Mapping[str, FileChoice], to: str | None
    ) -> None:
        """Put the files of the manifest `goal` back and go to `to`: one step for `redo`."""

        def move(tree: SessionTree, stamp: Stamp, before: str | None) -> Entry | None:
            if to == tree.leaf and before is None:
                return None  # nothing was there to be done
            return moves.rewind(tree, to, stamp, files=before)

        await self._kept().restore(goal, choices, move)
        await self._conversing.arrived(moved=True)

    def _kept(self) -> KeptFiles:
        if self.files is None:
            raise SessionError("Files are not kept here.")
        return self.files

    async def _settled(self) -> LiveSession | None:
        """The session on screen, once what was said so far is on disk, or cannot be."""
        with contextlib.suppress(StoreError):
            await self._recorder.durable()
        return self._desk.live

    async def _known(self) -> LiveSession:
        """The session on screen with all that was said so far. Raises StoreError."""
        await self._recorder.durable()
        return self._desk.session()

    async def _still(self) -> LiveSession:
        """The same, with nothing under way."""
        await self._conversing.quiet()
        return self._desk.session()

    async def _move(self, verb: Callable[[SessionTree, Stamp], Entry]) -> None:
        live = self._desk.session()
        await self._desk.do([verb(live.tree, self._desk.stamps())])
        await self._conversing.arrived(moved=True)


def _target(live: LiveSession, node: str) -> tuple[str | None, str]:
    """Where a rewind to `node` leads, and the words that can be said anew there."""
    tree = live.stored
    if tree.kind(node) != "user":
        return node, ""
    (entry,) = live.read((node,))
    prompt = entry.node.message.text if isinstance(entry.node, UserMessage) else ""
    return tree.parent(node), prompt
