"""Blocking work beside the event loop, with a way to stop it.

Owns the two bridges: `in_thread` for our own work, which looks at its `Stop`
and is waited for when cancelled, and `in_daemon_thread` for functions of other
people, which cannot be stopped and must not keep the program alive.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio import CapacityLimiter

T = TypeVar("T")


class Stop:
    """A flag that a worker looks at; `on_set` also wakes one that waits elsewhere."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._call: Callable[[], None] | None = None

    def is_set(self) -> bool:
        """Whether the work should end now."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask the work to end; from any thread."""
        with self._lock:
            self._event.set()
            call, self._call = self._call, None
        if call is not None:
            call()

    def on_set(self, call: Callable[[], None] | None) -> None:
        """Call `call` once when the flag is set, at once if it is already; None forgets it."""
        with self._lock:
            if call is None or not self._event.is_set():
                self._call = call
                return
        call()


async def in_thread(work: Callable[[Stop], T], *, at_once: bool = False) -> T:
    """Run `work(stop)` in a worker thread; cancelling sets `stop` and waits for its end.

    Work that still returns after the stop has its result returned, so that
    what was done is told; work that raises then is cancelled. `at_once` is for
    work that may take minutes: it does not use up one of the slots (40 by
    default) for which short work would then have to wait.
    """
    stop = Stop()
    limiter = CapacityLimiter(1) if at_once else None
    # A task of its own, because a shield holds off cancel scopes only, and a
    # plain `Task.cancel` would leave the thread behind.
    task = asyncio.create_task(_worker(work, stop, limiter))
    task.add_done_callback(_seen)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        stop.set()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({task})
        if task.cancelled() or task.exception() is not None:
            raise
    return task.result()


async def _worker(work: Callable[[Stop], T], stop: Stop, limiter: CapacityLimiter | None) -> T:
    return await anyio.to_thread.run_sync(work, stop, limiter=limiter)


def _seen(task: asyncio.Task[Any]) -> None:
    """An exception that nobody waits for any more is no news."""
    if not task.cancelled():
        task.exception()


async def in_daemon_thread(work: Callable[[], T], name: str) -> T:
    """Run `work` in a daemon thread of its own; cancelling leaves it behind.

    A pool thread would be waited for at the program's end, however long the
    function still takes.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():  # cancelled meanwhile
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - None is T's own here

    def body() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = context.run(work)
        except StopIteration as stopped:  # a future refuses it
            error = RuntimeError(f"StopIteration: {stopped}")
        except BaseException as caught:  # noqa: BLE001 - handed to the caller
            error = caught
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    threading.Thread(target=body, name=f"tool-{name}", daemon=True).start()
    return await future
