"""An answer on its way to the disk: looked at now and then, and handed on when it has grown.

Owns when: a kill is to lose less than a second of it, though the disk is slow or
something else has to be stored first; and no oftener than that takes. Must not
know what an answer is stored as. Belongs to the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from alloy_tui.domain.messages import ChatMessage
from alloy_tui.sessions.ids import Stamp

GROWTH_S = 0.5
"""How often a growing answer is stored where the disk is quick."""
WITHIN_S = 0.9
"""How old a token may be when it is on disk; below a second, for a loop may be late."""
_LEAST_S = 0.1


class Timed(Protocol):
    """What of an event loop is used."""

    def time(self) -> float:
        """Seconds."""
        ...

    def call_at(self, when: float, callback: Callable[[], object]) -> Any:
        """Call it then; what is returned has `cancel`."""
        ...

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> Any:
        """Call it soon; may be asked from any thread."""
        ...


class Growth:
    """One answer. `so_far` tells what has arrived, None = nothing yet.

    `keep` hands that on; it returns None where it cannot be stored just now, and
    otherwise a future that is done when it is on disk.
    """

    def __init__(
        self,
        stamp: Stamp,
        model: str,
        so_far: Callable[[], ChatMessage | None],
        keep: Callable[[Growth, ChatMessage], Future[None] | None],
        loop: Timed | None = None,
    ) -> None:
        self.stamp = stamp
        self.model = model
        self.grown = False
        """Whether anything of it was handed on."""
        self._so_far = so_far
        self._keep = keep
        self._last: ChatMessage | None = None
        self._stopped = False
        self._loop: Timed = loop or asyncio.get_running_loop()
        self._looked_s = self._loop.time()
        self._timer = self._loop.call_at(self._looked_s + GROWTH_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        self._timer.cancel()

    def _look(self) -> None:
        self._looked_s = self._loop.time()
        message = self._so_far()
        if message is None or message == self._last:
            self._again(GROWTH_S)
            return
        stored = self._keep(self, message)
        if stored is None:
            self._again(_LEAST_S)
            return
        self.grown, self._last = True, message
        # Until it is on disk there is no point in handing more on: both would wait in one queue.
        stored.add_done_callback(self._answered)

    def _answered(self, stored: Future[None]) -> None:
        """On the store's thread."""
        failed = stored.exception() is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: it is all over
            self._loop.call_soon_threadsafe(lambda: self._stored(failed=failed))

    def _stored(self, *, failed: bool) -> None:
        if failed:
            self._last = None  # tried again, though nothing more came
        took_s = self._loop.time() - self._looked_s
        # What arrived just after the look waits for the next one, and then for the disk.
        self._again(min(GROWTH_S, max(_LEAST_S, WITHIN_S - took_s)))

    def _again(self, after_s: float) -> None:
        """Look that long after the last look, or at once where that has passed."""
        if not self._stopped:
            due_s = max(self._looked_s + after_s, self._loop.time())
            self._timer = self._loop.call_at(due_s, self._look)
