"""The engine's own thread: an asyncio loop that ends in bounded time.

Owns the thread's life. Must not know what runs on it. A daemon thread of our
own rather than a worker of some pool: pools have few slots, and leaving the
program would wait for theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from alloy_tui.runtime.child_processes import children, kill_groups

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# A thread that wants to draw waits this long for one that computes, in seconds.
_SWITCH_INTERVAL_S = 0.0005


class EngineThread:
    """An asyncio loop on a daemon thread; every method may be called from any thread.

    What is given before `start` waits for it, in order.
    """

    def __init__(self, name: str = "alloy-engine") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._early: list[Callable[[], object]] = []
        self._stopping = False
        self._others: frozenset[int] = frozenset()

    @property
    def alive(self) -> bool:
        """Whether the thread runs; after `stop` true only if something blocks the loop for good."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; once."""
        with self._lock:
            if self._thread is not None or self._stopping:
                return
            self._others = children()
            sys.setswitchinterval(_SWITCH_INTERVAL_S)
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Run `function` on the loop, soon, in the order of the calls; lost once stopped."""
        with self._lock:
            if self._stopping:
                return
            if self._loop is None:
                self._early.append(lambda: function(*arguments))
                return
            self._loop.call_soon_threadsafe(function, *arguments)

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Run `coroutine` as a task; the future is cancelled if the engine is stopped."""
        future: Future[_T] = Future()

        def launch() -> None:
            if not future.set_running_or_notify_cancel():
                coroutine.close()
                return
            task = asyncio.ensure_future(coroutine)
            task.add_done_callback(lambda done: _settle(future, done))

        if self._stopping:
            coroutine.close()
            future.cancel()
        else:
            self.call(launch)
        return future

    def stop(
        self, timeout_s: float = 2.0, *, first: Callable[[], Awaitable[object]] | None = None
    ) -> bool:
        """End everything within `timeout_s` seconds; true if the thread ended.

        `first` gets half of the time to say goodbye; then every task is
        cancelled, again and again until it gives in or the time is over. Tasks
        that refuse are abandoned. Process groups that are left are killed.
        """
        deadline = time.monotonic() + timeout_s
        with self._lock:
            thread, loop = self._thread, self._loop
            again, self._stopping = self._stopping, True
            if thread is None:
                return True
            if not again and loop is not None:
                goodbye = _wind_down(first, deadline - 0.15 * timeout_s)
                loop.call_soon_threadsafe(lambda: loop.create_task(goodbye))
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
        killed = kill_groups(spare=self._others)
        if killed:
            _log.warning("Process groups were left and killed: %s", killed)
        return not thread.is_alive()

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        with self._lock:
            for early in self._early:
                loop.call_soon(early)
            self._early.clear()
            self._loop = loop
            if self._stopping:  # stopped between start and here
                loop.call_soon(loop.stop)
        try:
            loop.run_forever()
        finally:
            # Abandoned tasks are told of when they are collected; nobody is left to hear.
            loop.set_exception_handler(_say_nothing)
            with contextlib.suppress(RuntimeError):
                loop.close()
            asyncio.set_event_loop(None)


async def _wind_down(first: Callable[[], Awaitable[object]] | None, deadline: float) -> None:
    """Say goodbye, cancel all other tasks until `deadline` (monotonic), then stop the loop."""
    loop = asyncio.get_running_loop()
    try:
        if first is not None:
            patience = max(0.0, (deadline - time.monotonic()) / 2)
            farewell = asyncio.ensure_future(first())
            await asyncio.wait({farewell}, timeout=patience)
            if farewell.done() and not farewell.cancelled() and farewell.exception():
                _log.error("Stopping failed", exc_info=farewell.exception())
        me = asyncio.current_task()
        while (left := asyncio.all_tasks() - {me}) and time.monotonic() < deadline:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=min(0.1, max(0.0, deadline - time.monotonic())))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.05, deadline - time.monotonic())):
                await loop.shutdown_asyncgens()
    finally:
        loop.stop()


def _settle(future: Future[_T], task: asyncio.Task[_T]) -> None:
    if future.cancelled():
        return
    if task.cancelled():
        # A running Future cannot be cancelled; its waiters learn it this way.
        future.set_exception(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


def _say_nothing(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    _log.debug("After the end: %s", context.get("message"))
