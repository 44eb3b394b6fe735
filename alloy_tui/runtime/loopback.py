"""Asking a server on this machine one small question, without an HTTP library.

Owns a single GET with a limit on time and size, for looking round at the start
and for health. Everything that talks to models is the providers' business.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

_LIMIT = 2_000_000
_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(address: str) -> bool:
    """Whether `address` is plain HTTP on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _HOSTS


async def get(address: str, path: str, *, timeout_s: float = 1.0) -> tuple[int, bytes] | None:
    """Status and body of `path` below the root of `address`; None when nobody answers in time."""
    if not is_loopback(address):
        return None
    parts = urlsplit(address)
    host = parts.hostname or "127.0.0.1"
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, parts.port or 80)
            try:
                # 1.0, so that the body ends with the connection and is never chunked.
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                body = await _rest(reader)
            finally:
                writer.close()
        return int(head.split(None, 2)[1]), body
    except (OSError, ValueError, IndexError, EOFError, asyncio.LimitOverrunError):
        return None  # TimeoutError is an OSError, IncompleteReadError an EOFError


async def _rest(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while len(body) < _LIMIT and (chunk := await reader.read(65_536)):
        body += chunk
    return bytes(body)
