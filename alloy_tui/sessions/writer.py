"""The one thread that writes: it joins jobs to transactions and tells when they are safe.

Owns the thread, group commit, the wait for other programs and recovery from a
failed disk. Must not know what jobs do. While the disk syncs one group the
next one gathers, so that many small jobs share a sync and a lone one waits for none.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.connecting import connect, patiently
from alloy_tui.sessions.faults import explain

_T = TypeVar("_T")
Job: TypeAlias = Callable[[sqlite3.Connection], _T]
"""Work within a transaction; may be done again when the transaction could not be ended."""
Prepare: TypeAlias = Callable[[], Job[_T]]
"""Work that needs no transaction, such as compression; gives the job."""

_GROUP = 256


class _Asked:
    """A job with its answer to be."""

    __slots__ = ("_prepare", "future", "job")

    def __init__(self, prepare: Prepare[Any]) -> None:
        self._prepare = prepare
        self.job: Job[Any] = _nothing
        self.future: Future[Any] = Future()
        # A job that is taken in will be done: cancelling must not make its fate unknown.
        self.future.set_running_or_notify_cancel()

    def prepare(self) -> bool:
        """Make the job; false, and the future told, when that failed."""
        try:
            self.job = self._prepare()
        except Exception as error:  # noqa: BLE001 -- a defect of one job must not spoil the others
            self.future.set_exception(error if isinstance(error, StoreError) else _defect(error))
            return False
        return True


class Writer:
    """A queue of jobs and the thread that does them; every method may be called from any thread."""

    def __init__(self, path: Path, name: str = "alloy-sessions") -> None:
        self._path = path
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Job[_T]) -> Future[_T]:
        """Do `job` in a transaction; see `submit_prepared`."""
        return self.submit_prepared(lambda: job)

    def submit_prepared(self, prepare: Prepare[_T]) -> Future[_T]:
        """Do the job of `prepare` in a transaction; the future is done once that is on disk.

        A job that raises leaves no trace and spoils no other. Its StoreErrors
        come through the future as they are, other errors as StoreErrors.
        """
        asked = _Asked(prepare)
        with self._lock:
            if self._closed:
                asked.future.set_exception(
                    StoreError("The store of sessions was closed.", kind="closed")
                )
            else:
                self._queue.put(asked)
        return asked.future

    def close(self) -> None:
        """Do what was taken in, then end the thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            group: list[_Asked] = []
            first = self._queue.get()
            if first is None:
                break
            group.append(first)
            with suppress(queue.Empty):
                while len(group) < _GROUP:
                    following = self._queue.get_nowait()
                    if following is None:
                        last = True
                        break
                    group.append(following)
            group = [asked for asked in group if asked.prepare()]
            if group:
                self._do(group)
            del group, first  # what was written need not stay in memory until the next job
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()

    def _do(self, group: list[_Asked]) -> None:
        """Try the group as one; what spoils it as a whole is found by trying each alone."""
        try:
            results = patiently(lambda: self._commit(group))
        except (sqlite3.Error, OSError) as error:
            self._forget_connection()
            if len(group) > 1:
                for asked in group:
                    self._do([asked])
            else:
                group[0].future.set_exception(explain(error, self._path))
            return
        except BaseException as error:  # noqa: BLE001 -- a defect must not end the thread
            self._forget_connection()
            for asked in group:
                asked.future.set_exception(_defect(error))
            return
        for asked, (result, error) in zip(group, results, strict=True):
            if error is None:
                asked.future.set_result(result)
            else:
                asked.future.set_exception(error)

    def _commit(self, group: list[_Asked]) -> list[tuple[Any, Exception | None]]:
        connection = self._connection
        if connection is None:
            connection = self._connection = connect(self._path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [_within(connection, asked.job) for asked in group]
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return results

    def _forget_connection(self) -> None:
        """After a failed write nothing that the connection remembers can be trusted."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _within(connection: sqlite3.Connection, job: Job[Any]) -> tuple[Any, Exception | None]:
    """Do one job so that its failure undoes it alone. Raises what spoils the whole transaction."""
    connection.execute("SAVEPOINT job")
    try:
        result = job(connection)
    except (sqlite3.Error, OSError):
        raise
    except StoreError as error:
        result, failed = None, error
    except Exception as error:  # noqa: BLE001 -- a defect of one job must not spoil the others
        result, failed = None, _defect(error)
    else:
        connection.execute("RELEASE job")
        return result, None
    connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")
    return result, failed


def _nothing(_connection: sqlite3.Connection) -> None:
    """The job of those that are not prepared yet."""


def _defect(error: BaseException) -> StoreError:
    made = StoreError(f"Storing failed: {error!r}.", kind="io")
    made.__cause__ = error
    return made
