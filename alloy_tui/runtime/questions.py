"""Questions of a screen: answered beside the commands, in the order in which answers are there.

Owns the tasks, and that everybody who asked is told something.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from alloy_tui.domain.errors import AlloyError

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Questions:
    """All methods belong to the engine's loop; `trouble` gets what went wrong."""

    def __init__(self, trouble: Callable[[Exception], None]) -> None:
        self._trouble = trouble
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, answer: Awaitable[_T], then: Callable[[_T | None], object]) -> None:
        """Tell `then` the answer when it is there, or None when there is none."""
        task = asyncio.create_task(self._answer(answer, then), name="a question")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Answer no more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, answer: Awaitable[_T], then: Callable[[_T | None], object]) -> None:
        found: _T | None = None
        try:
            found = await answer
        except Exception as error:  # noqa: BLE001 -- the one who asked must be told all the same
            if not isinstance(error, AlloyError):
                _log.error("A question failed", exc_info=error)
            self._trouble(error)
        tell(then, found)


def tell(then: Callable[[_T | None], object], found: _T | None) -> None:
    """Hand an answer over; a screen that fails on it must not break the engine."""
    try:
        then(found)
    except Exception:  # noqa: BLE001 -- see above
        _log.exception("A screen failed on an answer")
