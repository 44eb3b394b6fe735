"""Support: a server of https under a private authority, and a proxy that connects to it.

The proxy leads every name to the server, so that names which exist nowhere can
stand for a service on the internet.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.secret import Secret
from tests.providers.tiny_server import KEY, Answer, TinyServer

NAME = "service.test"


class Authority:
    """A private certificate authority in `folder`; `file` is what a client must believe."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("the program openssl is not installed")
        self._folder = folder
        self.file = folder / "ca.pem"
        new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=CA")

    def server(self, *names: str) -> ssl.SSLContext:
        """The context of a server that is believed to have these names."""
        said = ",".join(f"{'IP' if n[0].isdigit() else 'DNS'}:{n}" for n in names)
        (self._folder / "ext").write_text(f"subjectAltName={said}\n")
        new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl(*new, "-keyout", "s.key", "-out", "s.csr", "-subj", "/CN=server")
        signed = ("x509", "-req", "-in", "s.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2")
        self._openssl(*signed, "-CAcreateserial", "-extfile", "ext", "-out", "s.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "s.pem", self._folder / "s.key")
        return context

    def hashed(self) -> Path:
        """A folder that holds the authority under the name by which OpenSSL looks for it."""
        name = self._openssl("x509", "-hash", "-noout", "-in", "ca.pem").strip()
        folder = self._folder / "hashed"
        folder.mkdir(exist_ok=True)
        shutil.copy(self.file, folder / f"{name}.0")
        return folder

    def _openssl(self, *arguments: str) -> str:
        done = subprocess.run(
            ["openssl", *arguments], cwd=self._folder, check=True, capture_output=True, text=True
        )
        return done.stdout


@asynccontextmanager
async def tls_server(context: ssl.SSLContext, *answers: Answer) -> AsyncGenerator[TinyServer]:
    """Serve `answers` over TLS on a free port."""
    tiny = TinyServer(answers)
    server = await asyncio.start_server(tiny.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    tiny.url = f"https://127.0.0.1:{port}"
    try:
        yield tiny
    finally:
        server.close()


class Proxy:
    """A proxy for CONNECT: every name leads to `port` of this machine."""

    def __init__(self, port: int, password: str = "") -> None:
        self._port = port
        self._password = password
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head.split("\r\n")[0])
            if self._password and self._password not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def proxy_to(server: TinyServer, password: str = "") -> AsyncGenerator[Proxy]:
    """A proxy on a free port that leads to `server`."""
    proxy = Proxy(int(server.url.rpartition(":")[2]), password)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        listening.close()


def access_to(url: str) -> ServiceAccess:
    """How a provider reaches `url`."""
    return ServiceAccess(url, Secret(KEY), timeouts=Timeouts(5.0, 5.0, 5.0))
