"""The thread beside the engine in which a workspace is looked at and put back.

Owns the order of work: what is asked for comes first, in order; while nothing
is, unchanged files go into reserve, a slice at a time. Must not know of agents.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from alloy_tui.domain.errors import AlloyError, WorkspaceError
from alloy_tui.workspace.tracker import Tracker

_T = TypeVar("_T")
_SLICE_S = 0.02


class WorkspaceThread:
    """Starts with the first work. `make` opens the workspace there; it may raise OSError.

    All methods may be called from any thread.
    """

    def __init__(self, make: Callable[[], Tracker]) -> None:
        self._make = make
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._tracker: Tracker | None = None
        self._made = threading.Event()
        self._why = "it is no longer"
        self.settled = threading.Event()
        """Set once all was looked at and is in reserve, as far as it goes."""

    def do(self, work: Callable[[Tracker], _T]) -> Future[_T]:
        """Do `work` after what was asked for before; WorkspaceError when there is no workspace."""
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()

        def job() -> None:
            try:
                future.set_result(work(self._got()))
            except BaseException as error:  # noqa: BLE001 -- whoever waits is told
                future.set_exception(error)

        with self._lock:
            if self._closed:
                future.set_exception(WorkspaceError("The workspace is no longer followed."))
                return future
            self._queue.put(job)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="alloy-workspace", daemon=True
                )
                self._thread.start()
        return future

    def opened(self) -> Tracker:
        """The tracker, for what may be done from any thread; waits until it is there.

        Raises WorkspaceError when there is no workspace.
        """
        if not self._made.is_set():
            self.do(lambda _: None)  # this starts the thread
            self._made.wait()
        return self._got()

    def close(self, timeout_s: float = 5.0) -> None:
        """Finish what was asked for, within reason, and end the thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _got(self) -> Tracker:
        if self._tracker is None:
            raise WorkspaceError(f"The folder cannot be followed: {self._why}.")
        return self._tracker

    def _run(self) -> None:
        try:
            self._tracker = self._make()
        except (OSError, AlloyError) as error:
            self._why = str(error)
            self.settled.set()
        self._made.set()
        idle = False
        while True:
            try:
                job = self._queue.get(block=idle)
            except queue.Empty:
                idle = self._fill()
                continue
            if job is None:
                break
            job()
            del job
            idle = False
        if self._tracker is not None:
            self._tracker.close()

    def _fill(self) -> bool:
        """Put some more in reserve; whether there is nothing left to do."""
        if self._tracker is None:
            return True
        until_s = time.monotonic() + _SLICE_S
        done = self._tracker.fill(lambda: time.monotonic() < until_s and self._queue.empty())
        if done and (self._tracker.looked or self._tracker.unscanned is not None):
            self.settled.set()
        return done
