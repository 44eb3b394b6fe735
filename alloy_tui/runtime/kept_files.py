"""The workspace's files beside the session: which manifest belongs to which message.

Owns the marks that tie the two together, what a rewind would do to files and
the doing of it. How files are followed is `file_keeping`'s business, how a
conversation moves `tree_verbs`'. All methods belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

import msgspec

from alloy_tui.domain.errors import AlloyError, SessionError
from alloy_tui.domain.events import EngineEvent, Notice
from alloy_tui.runtime import file_views as views
from alloy_tui.runtime.branch_values import ComparisonView, FileChange, FileChoice
from alloy_tui.runtime.file_keeping import FileKeeper
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamp
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Checkpoint, Entry, Opened
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.workspace.manifest import EMPTY, write
from alloy_tui.workspace.planning import RestorePlan
from alloy_tui.workspace.restoring import RestoreReport

Move: TypeAlias = Callable[[SessionTree, Stamp, str | None], Entry | None]
"""What a restore of files does to the conversation: from the tree, a stamp and the
manifest that held before (None = nothing was changed) to the move, if there is one."""

_PATIENCE_S = 10.0
"""How long a large folder may take to be looked at before one goes on without."""


class KeptFiles:
    """The files of the session on screen, as far as they are followed.

    The state at a node is that of the nearest mark at it or above; without one,
    nothing had been touched. A session of another folder has no files here.
    """

    def __init__(
        self,
        desk: SessionDesk,
        keeper: FileKeeper,
        folder: Callable[[], str],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self.keeper = keeper
        self._desk = desk
        self._folder = folder
        self._publish = publish
        self._marks: dict[str, str] = {}
        self._elsewhere = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def opened(self) -> None:
        """Another session is on screen: follow its files from where they were left."""
        live, self._marks, self._elsewhere = self._desk.live, {}, ""
        last: str | None = None
        if live is not None:
            about, marks = await asyncio.to_thread(_read_marks, live)
            if about.cwd != self._folder():
                self._elsewhere = about.cwd or "another folder"
            else:
                self._marks = {node: address for node, address in marks if node is not None}
                last = marks[-1][1] if marks else None
        ours = live is not None and live.writable and not self._elsewhere
        with self._words():
            for report in await self.keeper.resume(last, live.id if live and ours else ""):
                if live is not None and ours and report.owner == live.id:
                    if report.mark not in live.tree:  # not killed just after it was written down
                        await self._keep(
                            report, Stamp(report.mark, self._desk.stamps().at_ms), stay
                        )
                    await self.keeper.settle(report)
                self._tell("A rewind of files that had been interrupted was finished.", report)

    async def finish(self) -> None:
        """Nothing is on screen yet: finish what a program was restoring when it was killed."""
        if self.keeper.is_waiting:
            await self.opened()

    def mark(self, node: str | None) -> None:
        """Tie the files as they are after all calls so far to `node`, in the background."""
        if node is None or self._elsewhere:
            return
        task = asyncio.create_task(self._mark(node), name="marking files")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def preview(self, node: str | None) -> tuple[tuple[FileChange, ...], tuple[str, ...]]:
        """What going back to the files at `node` would do, and words about what is not known."""
        if self._elsewhere:
            return (), (self._where(),)
        try:
            address = await self.address_at(node)
        except AlloyError as error:
            return (), (error.message,)
        return await self.changes_to(address)

    async def changes_to(self, address: str) -> tuple[tuple[FileChange, ...], tuple[str, ...]]:
        """The same for going to the manifest at `address`."""
        if self._elsewhere:
            return (), (self._where(),)
        try:
            plan = await self.keeper.plan_restore(address)
            problems = await self.keeper.coverage()
        except AlloyError as error:
            return (), (error.message,)
        return views.changes(plan), problems

    async def restore(self, address: str, choices: Mapping[str, FileChoice], move: Move) -> None:
        """Go to the files of a manifest; those as they are now stay tied to the leaf.

        What `move` makes of the tree is stored with it. Raises SessionError,
        WorkspaceError when nothing was done.
        """
        if self._elsewhere:
            raise SessionError(self._where())
        await self._carry_out(await self.keeper.plan_restore(address), choices, move)

    async def bring(self, node: str) -> tuple[str, ...]:
        """Bring what the branch of `node` did to files since it left ours; tells which.

        Files that ours has changed as well are merged where that is clean.
        Raises SessionError, WorkspaceError.
        """
        live = self._desk.session()
        if self._elsewhere:
            raise SessionError(self._where())
        tree = live.tree
        shared = tree.common_ancestor(node, tree.leaf)
        address, store = await self.address_at(node), await self._desk.store()
        base = await self.keeper.files_at(await self.address_at(shared))
        goal = await self.keeper.files_at(address)
        whole = await self.keeper.plan_restore(address)
        plan = await asyncio.to_thread(views.only, whole, base, goal, store.blob)
        if not plan.changes and not plan.impossible:
            raise SessionError("That branch has changed no files that are not here already.")
        choices: dict[str, FileChoice] = {
            c.path: "merge"
            for c in plan.changes
            if c.conflict is not None and c.merged is not None and not c.merged.conflicts
        }
        return (await self._carry_out(plan, choices, stay)).restored

    async def compared(self, made: ComparisonView) -> ComparisonView:
        """A comparison with its files. Raises WorkspaceError, StoreError."""
        if self._elsewhere or not self._marks:
            return made
        store = await self._desk.store()
        addresses = [
            await self.address_at(node) for node in (made.ancestor, made.left.node, made.right.node)
        ]
        base, one, other = [await self.keeper.files_at(address) for address in addresses]

        def work() -> ComparisonView:
            sides = [views.sums(base, side, store.blob) for side in (one, other)]
            left, right = (
                msgspec.structs.replace(side, files=files, plus=plus, minus=minus)
                for side, (files, plus, minus) in zip((made.left, made.right), sides, strict=True)
            )
            files = views.compared(one, other, store.blob)
            return msgspec.structs.replace(made, left=left, right=right, files=files)

        return await asyncio.to_thread(work)

    async def settle(self) -> None:
        """Wait until every mark that was begun is made, within reason."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=_PATIENCE_S)

    async def close(self) -> None:
        """Follow no more."""
        await self.settle()
        await asyncio.to_thread(self.keeper.close)

    async def _mark(self, node: str) -> None:
        with self._words():
            live = self._desk.live
            address = await self.keeper.manifest()
            if address is None or live is None or live is not self._desk.live:
                return
            if live.writable and node in live.tree and self._above(live, node) != address:
                self._marks[node] = address
                stamp = self._desk.stamps()
                await self._desk.do([moves.checkpoint(live.tree, node, stamp, manifest=address)])

    def _above(self, live: LiveSession, node: str | None) -> str | None:
        """The nearest mark at `node` or above."""
        if not self._marks:
            return None
        while node is not None:
            if node in self._marks:
                return self._marks[node]
            node = live.tree.parent(node)
        return None

    async def address_at(self, node: str | None) -> str:
        """The address of the manifest of the files at `node`. Raises StoreError."""
        await self.settle()
        known = self._above(self._desk.session(), node)
        if known is not None:
            return known
        store, nothing = await self._desk.store(), write(EMPTY)
        for data in nothing.blobs.values():
            await asyncio.wrap_future(store.put_blob(data))
        return nothing.address

    async def _carry_out(
        self, plan: RestorePlan, choices: Mapping[str, FileChoice], move: Move
    ) -> RestoreReport:
        # By this entry the next start knows, if we are killed, whether all was written down.
        stamp = self._desk.stamps()
        live = self._desk.session()
        owner = live.id if live.writable else ""
        report = await self.keeper.apply(plan, choices, owner=owner, mark=stamp.id)
        await self._keep(report, stamp, move)
        await self.keeper.settle(report)
        self._tell(views.in_short(report), report)
        return report

    async def _keep(self, report: RestoreReport, stamp: Stamp, move: Move) -> None:
        """Store what was done to files, and the way back, with the move that it belongs to.

        All together or not at all; `stamp` is that of the files that hold now.
        """
        live = self._desk.session()
        leaf = live.tree.leaf
        known = self._above(live, leaf)
        stamps, marks = self._desk.stamps, list[Entry]()
        if report.before not in (None, known) and leaf is not None:
            self._marks[leaf] = report.before
            marks.append(moves.checkpoint(live.tree, leaf, stamps(), manifest=report.before))
        if report.after is not None:
            # Without it the next start would take what was put back for somebody else's work.
            marks.append(moves.files_now(report.after, stamp))
        moved = move(live.tree, stamps(), report.before if report.restored else None)
        if moved is not None:
            marks.append(moved)
        if live.writable and marks:
            await self._desk.do(marks)

    def _where(self) -> str:
        return f"The files of this session are in {self._elsewhere}."

    def _tell(self, words: str, report: RestoreReport) -> None:
        failed = [f"{path}: {why}" for path, why in report.failed]
        level = "warning" if failed else "info"
        self._publish(Notice(level, "\n".join((words, *failed, *report.notes))))

    @contextlib.contextmanager
    def _words(self) -> Generator[None, None, None]:
        try:
            yield
        except AlloyError as error:
            self._publish(Notice("warning", f"Files are not kept: {error.message}"))


def stay(tree: SessionTree, stamp: Stamp, before: str | None) -> Entry | None:
    """The conversation stays; that files changed can be taken back like any other move."""
    return None if before is None else moves.rewind(tree, tree.leaf, stamp, files=before)


def _read_marks(live: LiveSession) -> tuple[Opened, list[tuple[str | None, str]]]:
    """What the session is, and its nodes with a manifest, the latest mark last; None = no node."""
    tree = live.stored
    first = live.read(tree.of_kind("opened")[:1])
    about = first[0].node if first and isinstance(first[0].node, Opened) else Opened()
    marks = live.read(tree.of_kind("checkpoint"))
    return about, [
        (e.parent, e.node.manifest)
        for e in marks
        if isinstance(e.node, Checkpoint) and e.node.manifest
    ]
