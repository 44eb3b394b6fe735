"""The workspace's files beside the agent: followed through calls, kept at turns, put back.

Owns when a workspace is looked at. No request waits for it: scans run in a
thread of their own while the model answers. Only the first command of a
session waits, and not for long, until what it might overwrite is in reserve.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from alloy_tui.agent.middleware import HookContext, Middleware
from alloy_tui.domain.errors import AlloyError, WorkspaceError
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.tool import Access, Tool, ToolContext, ToolReply, ToolSpec
from alloy_tui.runtime.workspace_thread import WorkspaceThread
from alloy_tui.workspace.journal import JOURNALS, is_waiting, settle
from alloy_tui.workspace.manifest import Manifest
from alloy_tui.workspace.planning import Choice, RestorePlan
from alloy_tui.workspace.restoring import RestoreReport, catch_up, preview, restore
from alloy_tui.workspace.states import BlobStore
from alloy_tui.workspace.tracker import Call, Limits, Tracker

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

FIRST_WAIT_S = 2.0
"""How long the first command of a session waits for the reserve, at most."""


class FileKeeper:
    """Follows `folder` for one session; methods belong to the engine's loop.

    `private` is a folder of the program's own, for plans under way and for the
    reserve. `left_out` are folders that are no one's work. `tell` gets words
    for the user when files could not be kept.
    """

    def __init__(
        self,
        folder: Path,
        store: Callable[[], BlobStore],
        *,
        private: Path,
        left_out: Sequence[Path] = (),
        tell: Callable[[str], object] = lambda _: None,
        limits: Limits | None = None,
    ) -> None:
        self._journals = private / JOURNALS
        self._tell = tell
        self._begun = False
        self._waited = False
        self._told = False

        def make() -> Tracker:
            private.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Tracker(
                folder,
                store(),
                reserve_in=private,
                limits=limits,
                left_out=(*left_out, private),
            )

        self._thread = WorkspaceThread(make)

    def make_ready(self) -> None:
        """Load what following needs, in the background; nothing is looked at yet."""
        self._background(self._thread.do(lambda _: None))

    def before_turn(self) -> None:
        """A turn begins: look at what others have done, and fill the reserve."""
        self._begun = True
        self._background(self._thread.do(lambda tracker: tracker.look()))

    @asynccontextmanager
    async def around(self, paths: Sequence[str] = (), *, sweeping: bool) -> AsyncGenerator[None]:
        """A call that changes `paths` (absolute, resolved), or with `sweeping` anything.

        What it did is found out afterwards, in the background.
        """
        call = await self._begin(paths, sweeping=sweeping)
        try:
            yield
        finally:
            if call is not None:
                self._background(self._thread.do(lambda tracker: tracker.end(call)))

    async def manifest(self, *, anew: bool = False) -> str | None:
        """The address of the files as they are after all calls so far, safely stored.

        None while nothing was touched. `anew` looks once more for what others
        have changed. Raises StoreError, WorkspaceError.
        """

        def work(tracker: Tracker) -> str | None:
            if anew:
                tracker.look()
            return tracker.save()

        return await self._done(work)

    @property
    def is_waiting(self) -> bool:
        """Whether a restoring may have to be finished, here or in another folder."""
        return is_waiting(self._journals)

    async def resume(self, address: str | None, owner: str = "") -> tuple[RestoreReport, ...]:
        """Go on from the manifest that the session stored last; None for a new session.

        Finishes what a program that was killed was restoring here, and tells of
        it, and of what `owner` has not settled. Raises StoreError, WorkspaceError.
        """

        def work(tracker: Tracker) -> tuple[RestoreReport, ...]:
            tracker.resume(address)
            return tuple(catch_up(tracker, self._journals, owner))

        return await self._done(work)

    async def plan_restore(self, address: str) -> RestorePlan:
        """What going to that manifest would do. Raises StoreError, WorkspaceError."""
        return await self._done(lambda tracker: preview(tracker, address))

    async def apply(
        self,
        plan: RestorePlan,
        choices: Mapping[str, Choice] | None = None,
        *,
        owner: str = "",
        mark: str = "",
    ) -> RestoreReport:
        """Do it, with a person's choices by path. Raises StoreError, WorkspaceError.

        An `owner` must `settle` the report once it is written down under `mark`.
        """
        chosen = choices or {}
        return await self._done(
            lambda tracker: restore(tracker, plan, chosen, self._journals, owner=owner, mark=mark)
        )

    async def settle(self, report: RestoreReport) -> None:
        """What was restored is written down, with the way back."""
        if report.token:
            await self._done(lambda _: settle(self._journals, report.token))

    async def files_at(self, address: str) -> Manifest:
        """What stood where at that manifest, for comparing. Raises WorkspaceError."""
        return await self._done(lambda tracker: tracker.load(address))

    async def coverage(self) -> tuple[str, ...]:
        """What is not followed, in sentences."""
        return await self._done(_coverage)

    def wrap(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The same tools, followed."""
        return tuple(KeptTool(tool, self) for tool in tools)

    def close(self) -> None:
        """Look no more."""
        self._thread.close()

    async def _begin(self, paths: Sequence[str], *, sweeping: bool) -> Call | None:
        if sweeping and not self._waited:
            self._waited = True
            await self._first_wait()
        try:
            if not paths and self._thread.settled.is_set():
                return self._thread.opened().begin(sweeping=sweeping)  # no file is read for it
            return await asyncio.to_thread(
                lambda: self._thread.opened().begin(paths, sweeping=sweeping)
            )
        except WorkspaceError as error:
            self._complain(error)
            return None

    async def _first_wait(self) -> None:
        if not self._begun:
            self.before_turn()
        await asyncio.to_thread(self._thread.settled.wait, FIRST_WAIT_S)

    async def _done(self, work: Callable[[Tracker], _T]) -> _T:
        return await asyncio.wrap_future(self._thread.do(work))

    def _background(self, future: Future[Any]) -> None:
        loop = asyncio.get_running_loop()

        def over(done: Future[Any]) -> None:
            error = done.exception()
            if error is not None:
                with contextlib.suppress(RuntimeError):  # the loop has ended before the thread
                    loop.call_soon_threadsafe(self._complain, error)

        future.add_done_callback(over)

    def _complain(self, error: BaseException) -> None:
        """Say once that files are not kept; the work itself goes on."""
        _log.warning("Files could not be followed", exc_info=error)
        if not self._told:
            self._told = True
            words = error.message if isinstance(error, AlloyError) else f"{error!r}"
            self._tell(f"Changes to files can perhaps not be taken back: {words}")


class FileKeeping(Middleware):
    """Has the keeper look around while the model thinks about the first request of a run."""

    def __init__(self, keeper: FileKeeper) -> None:
        self._keeper = keeper

    def before_completion(self, context: HookContext, request: CompletionRequest) -> None:
        """The request leaves at once; the thread does its work meanwhile."""
        del request
        if context.turn <= 1:
            self._keeper.before_turn()


class KeptTool:
    """A tool whose calls are followed; to everyone else it is the tool itself."""

    def __init__(self, tool: Tool, keeper: FileKeeper) -> None:
        self.tool = tool
        self._keeper = keeper

    @property
    def spec(self) -> ToolSpec:
        """The tool's own."""
        return self.tool.spec

    def prepare(self, arguments: dict[str, Any]) -> Any:
        """The tool's own."""
        return self.tool.prepare(arguments)

    def access(self, prepared: Any) -> Access:
        """The tool's own."""
        return self.tool.access(prepared)

    def lock_keys(self, prepared: Any, context: ToolContext) -> tuple[str, ...]:
        """The tool's own."""
        return self.tool.lock_keys(prepared, context)

    def headline(self, prepared: Any) -> str:
        """The tool's own."""
        return self.tool.headline(prepared)

    def rule(self, prepared: Any) -> str:
        """The tool's own."""
        return self.tool.rule(prepared)

    async def run(self, prepared: Any, context: ToolContext) -> ToolReply:
        """Run it; what it locks is what it will change, without that it may change anything."""
        access = self.tool.access(prepared)
        if access == "read":
            return await self.tool.run(prepared, context)
        keys = self.tool.lock_keys(prepared, context)
        paths = [key for key in keys if key.startswith("/")]
        sweeping = access == "execute" or not paths
        async with self._keeper.around(paths, sweeping=sweeping):
            return await self.tool.run(prepared, context)


def _coverage(tracker: Tracker) -> tuple[str, ...]:
    words: list[str] = []
    if tracker.unscanned is not None:
        words.append(
            f"What commands change is not followed, for {tracker.unscanned}; "
            "what tools write and edit is."
        )
    elif not tracker.complete:
        words.append(
            "The folder is too large to be followed whole; "
            "some of what commands change cannot be taken back."
        )
    if tracker.crowded:
        files, size = tracker.reserved
        words.append(
            f"Commands can be taken back for the {files:,} files changed last "
            f"({size >> 20:,} MB); there was no room for more."
        )
    return tuple(words)
