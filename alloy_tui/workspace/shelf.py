"""The way of content into the store and back.

Owns what is on its way: many small files share the store's syncs, and only so
much of them waits in memory at a time. Belongs to one thread.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future

from alloy_tui.domain.errors import AlloyError
from alloy_tui.workspace.manifest import Manifest, write
from alloy_tui.workspace.states import BlobStore, File, Seen

_MOST_WAITING = 16 << 20


class Shelf:
    """Puts content into a store, each once."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._known: set[str] = set()
        self._waiting: deque[tuple[str, bytes, Future[str]]] = deque()
        self._bytes = 0
        self._refused: dict[str, bytes] = {}
        self._failure: AlloyError | None = None

    def keep(self, seen: Seen) -> None:
        """See to it that the content of a file that was seen can be had again."""
        state, data = seen.state, seen.data
        if isinstance(state, File) and data is not None and state.address not in self._known:
            self._put(state.address, data)

    def keep_manifest(self, manifest: Manifest) -> str:
        """The address of `manifest`, once it and all content before it are safe.

        Raises StoreError when something is not; what was refused is tried again
        the next time.
        """
        self._failure = None
        refused, self._refused = self._refused, {}
        for address, data in refused.items():
            self._put(address, data)
        written = write(manifest)
        for address, data in written.blobs.items():
            if address not in self._known:
                self._put(address, data)
        while self._waiting:
            self._wait_for_one()
        if self._failure is not None:
            raise self._failure
        return written.address

    def get(self, address: str) -> bytes | None:
        """Content that was kept, None when it is lost."""
        return self._store.blob(address)

    def _put(self, address: str, data: bytes) -> None:
        self._known.add(address)
        self._waiting.append((address, data, self._store.put_blob(data)))
        self._bytes += len(data)
        while self._bytes > _MOST_WAITING:
            self._wait_for_one()

    def _wait_for_one(self) -> None:
        address, data, future = self._waiting.popleft()
        self._bytes -= len(data)
        try:
            future.result()
        except AlloyError as error:
            self._known.discard(address)
            self._failure = error
            if sum(map(len, self._refused.values())) + len(data) <= _MOST_WAITING:
                self._refused[address] = data
