"""Per-path locks, shared by every agent that runs on one event loop.

Owns fairness and the order of acquisition. Knows paths only as strings; a
tool's `lock_keys` gives them resolved.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from anyio.lowlevel import RunVar


class _Entry:
    """One key's lock and how many hold it or wait for it."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.users = 0


class PathLocks:
    """Locks by key; waiting is first come, first served, for each key.

    Keys are taken in sorted order, so calls that need several cannot block
    each other for good. Not re-entrant. Every event loop has locks of its own:
    one `PathLocks` may outlive a loop, but does not exclude between two.
    """

    def __init__(self) -> None:
        self._entries: RunVar[dict[str, _Entry]] = RunVar(f"path-locks-{id(self)}")

    @asynccontextmanager
    async def hold(self, keys: Iterable[str]) -> AsyncGenerator[None]:
        """Hold all of `keys` for the length of the block; none is fine."""
        async with AsyncExitStack() as stack:
            for key in sorted(set(keys)):
                await stack.enter_async_context(self._one(key))
            yield

    @asynccontextmanager
    async def _one(self, key: str) -> AsyncGenerator[None]:
        entries = self._table()
        entry = entries.setdefault(key, _Entry())
        entry.users += 1
        try:
            async with entry.lock:
                yield
        finally:
            entry.users -= 1
            if not entry.users:
                del entries[key]

    def held(self) -> tuple[str, ...]:
        """The keys that are held or waited for on this event loop."""
        return tuple(sorted(self._table()))

    def _table(self) -> dict[str, _Entry]:
        try:
            return self._entries.get()
        except LookupError:
            self._entries.set({})
            return self._entries.get()


SHARED_LOCKS = PathLocks()
"""What every agent of the process uses unless it is given others."""
