"""Runs one planned call to its one result: locks, timeout, progress, defects, clean-up.

Owns the task in which a tool works. Must not know of approvals or of the order
of calls. A tool that does not stop when told to is abandoned after
`cleanup_s`: its task keeps its locks, its result is no longer waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

import anyio
import msgspec

from alloy_tui.agent.clock import Clock
from alloy_tui.agent.planning import Plan, crashed, said
from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.events import (
    EngineEvent,
    Notice,
    OutputStream,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from alloy_tui.domain.messages import ToolCallBlock
from alloy_tui.domain.tool import ToolReply

_log = logging.getLogger(__name__)

Emit: TypeAlias = Callable[[EngineEvent], None]
Keep: TypeAlias = Callable[[ToolCallBlock, ToolReply], None]

STOPPED = "Cancelled while it ran; it may have done part of its work."

_abandoned: set[asyncio.Task[ToolReply]] = set()


class Locks(Protocol):
    """What `tools.locks.PathLocks` is."""

    def hold(self, keys: tuple[str, ...]) -> AbstractAsyncContextManager[None]:
        """Hold all of `keys` for the length of the block."""
        ...


class Limits(msgspec.Struct, frozen=True):
    """Seconds a call may take, seconds it has to clean up, reading calls at once."""

    timeout_s: float = 600.0
    cleanup_s: float = 5.0
    parallel: int = 8


def finished(
    call: ToolCallBlock, reply: ToolReply, *, duration_ms: int = 0, started: bool = False
) -> ToolFinished:
    """The event for a call's one result."""
    return ToolFinished(
        id=call.id,
        name=call.name,
        is_error=reply.is_error,
        content=reply.content,
        duration_ms=duration_ms,
        started=started,
        details=reply.details,
    )


class ToolTask:
    """One call at work; `run` may be awaited once.

    `keep` gets the call's one reply, just before the finish is published.
    """

    def __init__(
        self, plan: Plan, *, locks: Locks, limits: Limits, clock: Clock, emit: Emit, keep: Keep
    ) -> None:
        self._plan = plan
        self._locks = locks
        self._limits = limits
        self._clock = clock
        self._emit = emit
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        self._over = False
        self._since_s: float | None = None

    async def run(self) -> None:
        """Bring the call to its reply, whatever the tool does; publishes its events.

        Cancelling it stops the tool, waits for its clean-up within bounds,
        keeps and publishes a reply, and raises on.
        """
        work = asyncio.create_task(self._work(), name=f"tool {self._plan.call.name}")
        try:
            done, _ = await asyncio.wait({work}, timeout=self._limits.timeout_s)
        except asyncio.CancelledError:
            await self._stop(work)
            self._finish(self._cancelled_reply(work))
            raise
        if done:
            self._finish(self._reply(work))
            return
        await self._stop(work)
        words = f"Stopped: it did not finish within {self._limits.timeout_s:g} s."
        why = {"timed_out": True} if self._started else {"skipped": "timed_out"}
        self._finish(ToolReply.of(words, is_error=True, **why))

    @property
    def _started(self) -> bool:
        return self._since_s is not None

    async def _work(self) -> ToolReply:
        plan = self._plan
        by_s = self._clock.monotonic_s() + self._limits.timeout_s
        if plan.context.deadline is not None:
            by_s = min(by_s, plan.context.deadline)
        context = msgspec.structs.replace(plan.context, progress=self._progress, deadline=by_s)
        keys = plan.tool.lock_keys(plan.prepared, context)
        async with self._locks.hold(keys):
            self._since_s = self._clock.monotonic_s()
            call = plan.call
            self._emit(ToolStarted(call.id, call.name, call.arguments, plan.headline))
            try:
                return await plan.tool.run(plan.prepared, context)
            except SystemExit as error:
                # It would end the event loop: a task does not contain it.
                raise RuntimeError(f"it tried to end the program ({error.code})") from error

    async def _stop(self, work: asyncio.Task[ToolReply]) -> None:
        work.cancel()
        with anyio.move_on_after(self._limits.cleanup_s, shield=True):
            await asyncio.wait({work})
        if not work.done():
            name = self._plan.call.name
            _log.error("The tool %s did not stop when told to", name)
            words = f"The tool {name} did not stop when told to; it may still be at work."
            self._emit(Notice("warning", words))
            _abandoned.add(work)
            work.add_done_callback(_forget)

    def _reply(self, work: asyncio.Task[ToolReply]) -> ToolReply:
        name = self._plan.call.name
        if work.cancelled():
            return ToolReply.of(f"The tool {name} was cancelled from inside.", is_error=True)
        error = work.exception()
        if error is None:
            return _fitting(name, work.result())
        if isinstance(error, ToolError):
            return ToolReply.of(said(error), is_error=True)
        _log.error("The tool %s crashed", name, exc_info=error)
        return ToolReply.of(crashed(name, error), is_error=True)

    def _cancelled_reply(self, work: asyncio.Task[ToolReply]) -> ToolReply:
        if work.done() and not work.cancelled() and work.exception() is None:
            return self._reply(work)  # it had finished, or told what it still got done
        if self._started:
            return ToolReply.of(STOPPED, is_error=True)
        return ToolReply.of("Cancelled before it ran.", is_error=True, skipped="cancelled")

    def _finish(self, reply: ToolReply) -> None:
        self._over = True
        self._keep(self._plan.call, reply)
        duration_ms = self._clock.elapsed_ms(self._since_s) if self._since_s is not None else 0
        if not self._started and not reply.details:
            # Its own code failed before it ran: what it locks was asked and not answered.
            reply = msgspec.structs.replace(reply, details={"skipped": "crashed"})
        self._emit(finished(self._plan.call, reply, duration_ms=duration_ms, started=self._started))

    def _progress(self, text: str, stream: OutputStream) -> None:
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            self._output(text, stream)
            return
        try:
            self._loop.call_soon_threadsafe(self._output, text, stream)
        except RuntimeError:
            _log.debug("Output of %s came after the loop closed", self._plan.call.name)

    def _output(self, text: str, stream: OutputStream) -> None:
        if text and not self._over and self._since_s is not None:
            self._emit(ToolOutput(self._plan.call.id, text, stream))


def _fitting(name: str, reply: object) -> ToolReply:
    if isinstance(reply, ToolReply):
        return reply
    return ToolReply.of(
        f"The tool {name} is broken: it returned a {type(reply).__name__} and no reply.",
        is_error=True,
    )


def _forget(work: asyncio.Task[ToolReply]) -> None:
    _abandoned.discard(work)
    if not work.cancelled():
        work.exception()  # seen, so that the loop does not report it as lost
