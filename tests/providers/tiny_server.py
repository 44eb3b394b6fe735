"""Support: an HTTP server of raw bytes on loopback that shows what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.secret import Secret

KEY = "sk-test-0123456789abcdef"
Answer: TypeAlias = "bytes | Callable[[Connection], Awaitable[None]]"


class Connection:
    """One connection from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client closed its end."""
        while await self.reader.read(65_536):
            pass


class TinyServer:
    """Answers the n-th request with the n-th answer, the last one for ever."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self._answers = answers
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""

    def access(self, key: str | None = KEY, **timeouts: float) -> ServiceAccess:
        patience = Timeouts(**{"connect_s": 5.0, "chunk_s": 5.0, "content_s": 5.0, **timeouts})
        return ServiceAccess(self.url, Secret(key) if key else None, timeouts=patience)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = Connection(reader, writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.requests.append(head + await reader.readexactly(length))
                answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
                if isinstance(answer, bytes):
                    await connection.send(answer)
                else:
                    await answer(connection)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def tiny_server(*answers: Answer) -> AsyncGenerator[TinyServer]:
    """Serve `answers` on a free port."""
    tiny = TinyServer(answers)
    server = await asyncio.start_server(tiny.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tiny.url = f"http://127.0.0.1:{port}"
    try:
        yield tiny
    finally:
        server.close()


def ok(body: bytes, headers: str = "content-type: text/event-stream") -> bytes:
    """A whole 200 answer."""
    return respond(200, body, headers)


def respond(status: int, body: bytes = b"", headers: str = "content-type: text/plain") -> bytes:
    """A whole answer of any status."""
    head = f"HTTP/1.1 {status} X\r\n{headers}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(*pieces: bytes) -> bytes:
    """A chunked 200 answer, its end missing."""
    head = (
        b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    return head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
