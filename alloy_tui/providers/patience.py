"""A limit on waiting that costs next to nothing while nothing waits long.

A scope with a deadline for each read of a stream costs more than the read.
Here one timer serves a whole answer. Owns the timer and the cancelling; must
not know what is waited for. Belongs to one task at a time.
"""

from __future__ import annotations

import asyncio


class Patience:
    """Cancels a task whose waits add up to `limit_s` seconds without `renew` in between.

    Put `begin` before a wait and `end` after it. A CancelledError out of the
    wait is this limit's if `expired()` says so, then it must not go further up.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._waited_s = 0.0
        self._begun_s: float | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._timer: asyncio.TimerHandle | None = None
        self._rang = False

    def begin(self) -> None:
        """A wait begins, in the running task."""
        loop = asyncio.get_running_loop()
        self._begun_s = loop.time()
        self._task = asyncio.current_task()
        if self._task is not None:
            self._cancelling = self._task.cancelling()
        if self._timer is None:
            self._timer = loop.call_later(max(0.0, self._limit_s - self._waited_s), self._ring)

    def end(self) -> None:
        """The wait is over, however it ended."""
        if self._begun_s is not None:
            self._waited_s += asyncio.get_running_loop().time() - self._begun_s
            self._begun_s = None

    def renew(self) -> None:
        """What was waited for came: all of the limit is left."""
        self._waited_s = 0.0

    def expired(self) -> bool:
        """Whether the CancelledError at hand is ours alone; takes the cancellation back."""
        if not self._rang or self._task is None:
            return False
        self._rang = False
        return self._task.uncancel() <= self._cancelling

    def close(self) -> None:
        """No more waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._begun_s is None or self._task is None:
            return  # nobody waits; the next wait sets the timer anew
        loop = asyncio.get_running_loop()
        left_s = self._limit_s - self._waited_s - (loop.time() - self._begun_s)
        if left_s > 0:
            self._timer = loop.call_later(left_s, self._ring)
        else:
            self._rang = True
            self._task.cancel()
