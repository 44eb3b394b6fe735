"""The one thread that writes: it joins jobs to transactions and tells when they are safe.

Owns the thread, group commit and recovery from a failed disk. Must not know
what jobs do, nor which database they do it to (`Medium`). While the disk syncs
one group the next one gathers, so that many small jobs share a sync and a lone
one waits for none.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from alloy_tui.domain.errors import StoreError

_T = TypeVar("_T")
_C = TypeVar("_C")
Job: TypeAlias = Callable[[_C], _T]
"""Work within a transaction; may be done again when the transaction could not be ended."""
Prepare: TypeAlias = Callable[[], Job[_C, _T]]
"""Work that needs no transaction, such as compression; gives the job."""


class Medium(Protocol[_C]):
    """The database that is written to, through connections of type `_C`."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What it raises when a transaction as a whole is spoilt."""
        ...

    def connect(self) -> _C:
        """A connection whose transactions are begun by hand. Raises one of `errors`."""
        ...

    def is_broken(self, connection: _C) -> bool:
        """Whether the connection can no longer be used, whatever is asked of it."""
        ...

    def begin(self, connection: _C) -> None:
        """Begin a transaction that may write. Raises one of `errors`."""
        ...

    def commit(self, connection: _C) -> None:
        """End it; on return it is on disk, after one of `errors` it is not.

        Raises StoreError when its fate cannot be known.
        """
        ...

    def rollback(self, connection: _C) -> None:
        """Undo it, if one is open; raises nothing."""
        ...

    def run(self, connection: _C, statement: str) -> None:
        """Do what takes no arguments (savepoints). Raises one of `errors`."""
        ...

    def close(self, connection: _C) -> None:
        """Close it; raises nothing."""
        ...

    def patiently(self, work: Callable[[], _T]) -> _T:
        """Do `work` again while what is in the way may go away. Raises what it raises last."""
        ...

    def explain(self, error: BaseException) -> StoreError:
        """One of `errors` in words for a person."""
        ...


_GROUP = 256


class _Asked(Generic[_C]):
    """A job with its answer to be."""

    __slots__ = ("_prepare", "future", "job")

    def __init__(self, prepare: Prepare[_C, Any]) -> None:
        self._prepare = prepare
        self.job: Job[_C, Any] = _nothing
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


class Writer(Generic[_C]):
    """A queue of jobs and the thread that does them; every method may be called from any thread."""

    def __init__(self, medium: Medium[_C], name: str = "alloy-sessions") -> None:
        self._medium = medium
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Asked[_C] | None] = queue.SimpleQueue()
        self._closed = False
        self._connection: _C | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Job[_C, _T]) -> Future[_T]:
        """Do `job` in a transaction; see `submit_prepared`."""
        return self.submit_prepared(lambda: job)

    def submit_prepared(self, prepare: Prepare[_C, _T]) -> Future[_T]:
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
            group: list[_Asked[_C]] = []
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
        self._forget_connection()

    def _do(self, group: list[_Asked[_C]]) -> None:
        """Try the group as one; what spoils it as a whole is found by trying each alone."""
        try:
            results = self._medium.patiently(lambda: self._commit(group))
        except (*self._medium.errors, OSError) as error:
            self._forget_connection()
            if len(group) > 1:
                for asked in group:
                    self._do([asked])
            else:
                group[0].future.set_exception(self._medium.explain(error))
            return
        except BaseException as error:  # noqa: BLE001 -- a defect must not end the thread
            self._forget_connection()
            for asked in group:
                told = error if isinstance(error, StoreError) else _defect(error)
                asked.future.set_exception(told)
            return
        for asked, (result, error) in zip(group, results, strict=True):
            if error is None:
                asked.future.set_result(result)
            else:
                asked.future.set_exception(error)

    def _commit(self, group: list[_Asked[_C]]) -> list[tuple[Any, Exception | None]]:
        connection = self._connection
        if connection is None or self._medium.is_broken(connection):
            self._forget_connection()
            connection = self._connection = self._medium.connect()
        self._medium.begin(connection)
        try:
            results = [self._within(connection, asked.job) for asked in group]
            self._medium.commit(connection)
        except BaseException:
            self._medium.rollback(connection)
            raise
        return results

    def _within(self, connection: _C, job: Job[_C, Any]) -> tuple[Any, Exception | None]:
        """Do one job so that its failure undoes it alone. Raises what spoils the transaction."""
        run = self._medium.run
        run(connection, "SAVEPOINT job")
        try:
            result = job(connection)
        except (*self._medium.errors, OSError):
            raise
        except StoreError as error:
            result, failed = None, error
        except Exception as error:  # noqa: BLE001 -- a defect of one job must not spoil the others
            result, failed = None, _defect(error)
        else:
            run(connection, "RELEASE SAVEPOINT job")
            return result, None
        run(connection, "ROLLBACK TO SAVEPOINT job")
        run(connection, "RELEASE SAVEPOINT job")
        return result, failed

    def _forget_connection(self) -> None:
        """After a failed write nothing that the connection remembers can be trusted."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._medium.close(connection)


def _nothing(_connection: object) -> None:
    """The job of those that are not prepared yet."""


def _defect(error: BaseException) -> StoreError:
    made = StoreError(f"Storing failed: {error!r}.", kind="io")
    made.__cause__ = error
    return made
