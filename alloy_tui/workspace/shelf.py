"""The way of content into the store and back.

Owns what is on its way: many small files share the store's syncs, and only so
much of them waits in memory at a time. Belongs to one thread.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future

from alloy_tui.domain.errors import AlloyError
from alloy_tui.workspace.manifest import Manifest, save
from alloy_tui.workspace.states import BlobStore, File, Seen

_MOST_WAITING = 16 << 20


class Shelf:
    """Puts content into a store, each once."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._known: set[str] = set()
        self._waiting: deque[tuple[str, int, Future[str]]] = deque()
        self._bytes = 0
        self._failure: AlloyError | None = None

    def keep(self, seen: Seen) -> None:
        """See to it that the content of a file that was seen can be had again."""
        state, data = seen.state, seen.data
        if not isinstance(state, File) or data is None or state.address in self._known:
            return
        self._known.add(state.address)
        self._waiting.append((state.address, len(data), self._store.put_blob(data)))
        self._bytes += len(data)
        while self._bytes > _MOST_WAITING:
            self._wait_for_one()

    def keep_manifest(self, manifest: Manifest) -> str:
        """The address of `manifest`, once it and all content before it are safe.

        Raises StoreError when something is not; what failed is tried again the next time.
        """
        known = set(self._known)
        address, waits = save(manifest, self._store.put_blob, known)
        while self._waiting:
            self._wait_for_one()
        for wait in waits:
            wait.result()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self._known |= known
        return address

    def get(self, address: str) -> bytes | None:
        """Content that was kept, None when it is lost."""
        return self._store.blob(address)

    def _wait_for_one(self) -> None:
        address, size, future = self._waiting.popleft()
        self._bytes -= size
        try:
            future.result()
        except AlloyError as error:
            self._known.discard(address)
            self._failure = error
