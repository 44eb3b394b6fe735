"""A service that answers with raw bytes on loopback, one answer a request, in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import cast


def answer(status: bytes, body: bytes, kind: bytes = b"application/json", *more: bytes) -> bytes:
    """An answer whose status line and headers are given as bytes, whatever they hold."""
    head = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, *more, b"Connection: close", b"", body])


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    answers: Sequence[bytes] = ()
    asked = 0


class _Handler(StreamRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server)
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        number, server.asked = server.asked, server.asked + 1
        self.wfile.write(server.answers[min(number, len(server.answers) - 1)])


@contextmanager
def serving(*answers: bytes) -> Iterator[str]:
    """Within it, the address of a server that gives `answers`, the last one for ever."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answers = answers
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
