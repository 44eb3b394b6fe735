"""Fewer and larger pieces of an answer: what came meanwhile is read in one go.

A model's answer comes as hundreds of HTTP chunks of one token each. Each would
wake this program and pass through every layer of the HTTP library by itself.
So a connection over which pieces come faster than anybody reads is read at most
`1 / GAP_S` times a second, and the chunks of what was read are joined into one.
The bytes of the body stay the same, in order, and none waits longer than the
gap; calm pieces, and the first ones after a silence, do not wait at all. Owns
the pauses, and how httpx is given connections that make them; knows nothing of
requests.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from alloy_tui.providers.chunk_joining import ChunkJoiner

GAP_S = 0.025
"""The pause between two reads of many small pieces: less than a frame of the screen."""
CALM_S = 0.015
"""Pieces further apart than this are each read as they come."""
BURST_BYTES = 32 * 1024
"""The most that is read at once, so that its beginning does not wait for its end to be decoded.
A read of this size means that more is waiting: no pause."""
_SILENCE_S = 0.1
"""As much of a silence as counts: a few pieces later it is forgotten."""
_NEWEST = 0.3
"""The weight of the newest distance between pieces."""


class GatheringStream:
    """`stream` (an `httpcore.AsyncNetworkStream`), read less often while little comes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._joiner = ChunkJoiner()
        self._gap_s = 0.0
        self._read_s = 0.0
        self._apart_s = _SILENCE_S

    async def read(self, max_bytes: int, **options: Any) -> bytes:
        """What has come, once something has; empty at the end."""
        while True:
            wait_s = self._read_s + self._gap_s - monotonic() if self._gap_s else 0.0
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            data: bytes = await self._stream.read(min(max_bytes, BURST_BYTES), **options)
            if not data:
                return self._joiner.close()
            before = self._joiner.begun
            shown = self._joiner.feed(data)
            self._pace(len(data), self._joiner.begun - before or 1)
            if shown:
                return shown

    def _pace(self, size: int, pieces: int) -> None:
        """Learn from `pieces` that came at once how far they are apart."""
        before_s, self._read_s = self._read_s, monotonic()
        silence_s = min(self._read_s - before_s, _SILENCE_S)
        self._apart_s += _NEWEST * (silence_s / pieces - self._apart_s)
        fast = self._apart_s < CALM_S and self._joiner.in_body
        self._gap_s = GAP_S if fast and size < BURST_BYTES else 0.0

    async def write(self, buffer: bytes, **options: Any) -> None:
        """Send a part of a request; what is read after it is a new response."""
        if self._joiner.in_body:
            self._joiner.request_sent()
            self._gap_s = 0.0
        await self._stream.write(buffer, **options)

    async def start_tls(self, *arguments: Any, **options: Any) -> GatheringStream:
        """The same connection with TLS; what comes out of it is gathered."""
        return GatheringStream(await self._stream.start_tls(*arguments, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class GatheringBackend:
    """`backend` (an `httpcore.AsyncNetworkBackend`), whose connections gather."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    async def connect_tcp(self, *arguments: Any, **options: Any) -> GatheringStream:
        """A connection to a host."""
        return GatheringStream(await self._backend.connect_tcp(*arguments, **options))

    async def connect_unix_socket(self, *arguments: Any, **options: Any) -> GatheringStream:
        """A connection on this machine."""
        return GatheringStream(await self._backend.connect_unix_socket(*arguments, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def gather(client: object) -> bool:
    """Let the connections of an `httpx.AsyncClient` gather; false where it is built otherwise.

    The library has no public way to give it a backend and keep its proxies.
    """
    found = False
    mounts: dict[Any, Any] = getattr(client, "_mounts", {})
    for transport in (getattr(client, "_transport", None), *mounts.values()):
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if backend is not None:
            pool._network_backend = GatheringBackend(backend)  # noqa: SLF001  # pyright: ignore[reportOptionalMemberAccess] -- it was found there
            found = True
    return found
