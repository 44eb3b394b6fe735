"""HTTP to the services: the one module that imports httpx, and only when first used.

Owns connections, patience, redirect and size rules, and the translation of
everything that can go wrong on the way into ProviderError. Knows no wire
format: it hands out raw bytes.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import ssl
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Final, NoReturn, cast

import anyio

from alloy_tui.domain.access import Timeouts
from alloy_tui.domain.errors import ErrorKind, ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.errors import from_body
from alloy_tui.providers.gathering import gather
from alloy_tui.providers.patience import Patience
from alloy_tui.providers.retry_hints import retry_after_s, should_retry
from alloy_tui.providers.trust import widen
from alloy_tui.providers.way import (
    address,
    connect_words,
    is_loopback,
    proxy_words,
    unusable_proxy,
)

if TYPE_CHECKING:
    import httpx

ERROR_BODY_LIMIT: Final = 64 * 1024
_COMMAND_LINE: Final = "httpx._main"
_LIST_LIMIT: Final = 4 * 1024 * 1024
_DRAIN_LIMIT: Final = 64 * 1024
_DRAIN_S: Final = 0.1
_ERROR_BODY_S: Final = 5.0
_KEEP_S: Final = 90.0
"""How long an idle connection is kept for the next request: a reader's pause, and no longer than
most services keep theirs. One that they have closed is noticed before it is used."""
_FIRST_SCREEN_S: Final = 0.4
"""What is typed at once comes before what is only made ready."""


class Reply:
    """An answer with status 200 whose body is being read.

    Call `progress` whenever what was read turned out to carry content: bytes
    without content for longer than `content_s` are a timeout. Call `finish`
    when the answer is whole, so that the rest of the body is drained and the
    connection kept for the next request.
    """

    def __init__(self, response: httpx.Response, service: str, timeouts: Timeouts) -> None:
        self._response = response
        self._service = service
        self._content_s = timeouts.content_s
        self._patience = Patience(timeouts.content_s)
        # Typed as an iterator by httpx, yet it is a generator that wants closing.
        self._bytes = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())
        self._finished = False
        self.content_type: str = response.headers.get("content-type", "").lower()

    async def read(self) -> bytes | None:
        """The body's next decoded bytes, None at its end. Raises ProviderError."""
        # Only our own waiting counts: a slow reader is not the service's fault.
        self._patience.begin()
        try:
            return await anext(self._bytes)
        except StopAsyncIteration:
            return None
        except asyncio.CancelledError:
            if not self._patience.expired():
                raise
        except Exception as error:  # noqa: BLE001 (all of httpx's and h11's, told apart there)
            raise_plain(error, self._service, address(str(self._response.url)), began=True)
        finally:
            self._patience.end()
        raise ProviderError(
            f"{self._service} kept the connection open for {self._content_s:g} s"
            " without saying anything.",
            kind="timeout",
            hint="Try again; ALLOY_CONTENT_TIMEOUT_S sets how long to wait.",
        )

    def progress(self) -> None:
        """Content arrived: patience starts anew."""
        self._patience.renew()

    def finish(self) -> None:
        """The answer is whole; what follows does not matter."""
        self._finished = True

    async def aclose(self) -> None:
        """Close the answer; a finished one is drained first if little is left of it."""
        self._patience.close()
        if self._finished:
            left = _DRAIN_LIMIT
            with anyio.move_on_after(_DRAIN_S), suppress(Exception):
                async for chunk in self._bytes:
                    left -= len(chunk)
                    if left < 0:
                        break
        with anyio.CancelScope(shield=True), suppress(Exception):
            await self._bytes.aclose()
            await self._response.aclose()


class Transport:
    """Requests to one base address, over a client that all its users share.

    May be built outside an event loop; the client is leased on first use and
    belongs to the loop that is running then.
    """

    def __init__(self, service: str, base_url: str, key: Secret | None) -> None:
        self.service = service
        self.address = address(base_url)
        self._key = key
        self._lease: _Shared | None = None

    @asynccontextmanager
    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
    ) -> AsyncGenerator[Reply]:
        """Send `body`; the reply is open inside the block and closed at its end, come what may.

        Raises ProviderError for everything that is not an answer with status 200.
        """
        reply = await self._open("POST", url, headers, body, timeouts)
        try:
            yield reply
        finally:
            await reply.aclose()

    async def get(self, url: str, headers: Mapping[str, str], timeouts: Timeouts) -> bytes:
        """The body of a small document. Raises ProviderError."""
        return await self._document(await self._open("GET", url, headers, None, timeouts))

    async def ask(
        self, url: str, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
    ) -> bytes:
        """The small document that answers `body`. Raises ProviderError."""
        return await self._document(await self._open("POST", url, headers, body, timeouts))

    async def _document(self, reply: Reply) -> bytes:
        try:
            body = bytearray()
            while (chunk := await reply.read()) is not None:
                body += chunk
                if len(body) > _LIST_LIMIT:
                    raise ProviderError(f"{self.service} sent too long a list.", kind="malformed")
            return bytes(body)
        finally:
            await reply.aclose()

    async def warm(self, timeouts: Timeouts) -> None:
        """Open a connection for a request that is about to come; tells nothing, raises nothing.

        It asks for nothing and carries no key. To this machine a connection is opened at once;
        what that needs is imported, after the first screen.
        """
        if is_loopback(self.address):
            await asyncio.sleep(_FIRST_SCREEN_S)
            await asyncio.to_thread(prepare)
            return
        with suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(timeouts.connect_s):
                reply = await self._open("HEAD", self.address, {}, None, timeouts)
                reply.finish()
                await reply.aclose()

    async def aclose(self) -> None:
        """Give the client back; its connections close with its last user."""
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.release()

    def _client(self) -> httpx.AsyncClient:
        if self._lease is None or not self._lease.usable():
            self._lease = _Shared.lease(self.address)
        return self._lease.client

    async def _open(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        t: Timeouts,
    ) -> Reply:
        prepare()
        import httpx

        patience = httpx.Timeout(t.chunk_s, connect=t.connect_s, pool=t.connect_s)
        client = self._client()
        try:
            request = client.build_request(
                method, url, headers=dict(headers), content=body, timeout=patience
            )
            response = await client.send(request, stream=True)
        except Exception as error:  # noqa: BLE001 (all of httpx's, h11's and ssl's, told apart there)
            raise_plain(error, self.service, self.address, began=False)
        reply = Reply(response, self.service, t)
        if response.status_code == 200:
            return reply
        try:
            raise await self._refusal(response, reply)
        finally:
            await reply.aclose()

    async def _refusal(self, response: httpx.Response, reply: Reply) -> ProviderError:
        status, headers = response.status_code, response.headers
        if 300 <= status < 400:
            return ProviderError(
                f"{self.service} at {self.address} wants to send us elsewhere"
                f" ({address(headers.get('location', '')) or 'nowhere'}, status {status});"
                " keys never follow a redirect.",
                kind="invalid_request",
                status=status,
                hint="Set the service's base URL to where it really is.",
            )
        if status < 300:
            return ProviderError(
                f"{self.service} answered with status {status} and no content.",
                kind="malformed",
                status=status,
            )
        error = from_body(self.service, status, await self._error_body(reply))
        error.should_retry = should_retry(headers)
        error.retry_after_s = retry_after_s(headers, time.time()) or error.retry_after_s
        return error

    async def _error_body(self, reply: Reply) -> bytes:
        body = bytearray()
        # The status says enough if the body is slow or broken.
        with anyio.move_on_after(_ERROR_BODY_S), suppress(ProviderError):
            while len(body) < ERROR_BODY_LIMIT and (chunk := await reply.read()) is not None:
                body += chunk
        # Redacted while whole: a later cut inside the key would leave a part of it.
        key = self._key.reveal().encode() if self._key else b""
        return bytes(body).replace(key, b"[redacted]") if key else bytes(body)


class _Shared:
    """A client with the number of its users; one per event loop and address."""

    _all: Final[dict[tuple[int, str], _Shared]] = {}

    def __init__(self, key: tuple[int, str], client: httpx.AsyncClient) -> None:
        self._key = key
        self._loop = asyncio.get_running_loop()
        self._users = 0
        self.client = client

    @classmethod
    def lease(cls, where: str) -> _Shared:
        """The running loop's client for `where`, made if there is none."""
        for key, old in list(cls._all.items()):
            if old.gone():
                del cls._all[key]
        key = (id(asyncio.get_running_loop()), where)
        shared = cls._all.get(key)
        if shared is None or not shared.usable():
            shared = cls._all[key] = cls(key, _make_client(where))
        shared._users += 1
        return shared

    def gone(self) -> bool:
        """Whether the loop is over, and the sockets with it."""
        return self._loop.is_closed()

    def usable(self) -> bool:
        """Whether the running loop can send through it."""
        return self._loop is asyncio.get_running_loop() and not self.client.is_closed

    async def release(self) -> None:
        """Give up one use; the last one closes the client."""
        self._users -= 1
        if self._users > 0:
            return
        if self._all.get(self._key) is self:
            del self._all[self._key]
        # A client of a loop that is gone cannot be closed; its sockets went with the loop.
        if self.usable():
            await self.client.aclose()


def prepare() -> None:
    """Pay for the import of the HTTP library now, before a clock is started."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    if "httpx" in modules:
        return
    # Its command line would bring a third of its time and half of its memory along, where the
    # packages for that happen to be: here it is not installed, and httpx bears that.
    modules[_COMMAND_LINE] = None
    try:
        importlib.import_module("httpx")
        # These would come with the first connection.
        importlib.import_module("httpcore")
        _ = anyio.connect_tcp, anyio.create_memory_object_stream
    finally:
        del modules[_COMMAND_LINE]


@functools.cache
def _tls() -> ssl.SSLContext:
    prepare()
    import httpx

    # The well-known authorities, which not every system brings, and then the system's own.
    return widen(httpx.create_ssl_context(trust_env=False))


def _make_client(where: str) -> httpx.AsyncClient:
    prepare()
    import httpx

    loopback = is_loopback(where)
    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=20, keepalive_expiry=_KEEP_S
    )
    try:
        client = httpx.AsyncClient(
            # One answer at a time streams here: a second format would bring nothing but a package.
            http2=False,
            follow_redirects=False,
            # No certificates to load where neither TLS nor a proxy can be.
            verify=False if loopback and where.startswith("http:") else _tls(),
            # A proxy cannot reach our loopback; for anything else the environment decides.
            trust_env=not loopback,
            limits=limits,
            headers={"user-agent": "alloy-tui"},
        )
    except (ImportError, ValueError):  # SOCKS without its package; an address without a scheme
        words, hint = unusable_proxy(where)
        raise ProviderError(words, kind="network", should_retry=False, hint=hint) from None
    gather(client)
    return client


def raise_plain(error: Exception, service: str, where: str, *, began: bool) -> NoReturn:
    """Raise the ProviderError that says in plain words what `error` means.

    `began` is true once the answer's headers were read. Nothing of the request
    (its headers hold the key) is kept in the new error.
    """
    import httpx

    kind: ErrorKind = "stream_cut" if began else "network"
    hint: str | None = None
    match error:
        case ProviderError():
            raise error
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            kind, words = "timeout", f"{service} at {where} did not accept a connection in time."
            hint = (
                "Check the address and your network; ALLOY_CONNECT_TIMEOUT_S sets how long to wait."
            )
        case httpx.TimeoutException():
            kind, words = "timeout", f"{service} fell silent: nothing came from {where} in time."
            hint = "Try again; ALLOY_CHUNK_TIMEOUT_S sets how long to wait."
        case httpx.ProxyError():
            words, hint = proxy_words(str(error), service, where)
        case httpx.DecodingError():
            kind, words = (
                "malformed",
                f"{service} sent a body that its own compression header belies.",
            )
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            kind, words = (
                "invalid_request",
                f"The request to {service} at {where} cannot be sent: {error}",
            )
            hint = "Check the service's base URL."
        case httpx.ConnectError():
            words, hint = connect_words(str(error), service, where)
        case httpx.TransportError() | httpx.StreamError() | OSError():
            words = (
                f"{service} broke off the connection in the middle of its answer."
                if began
                else f"{service} at {where} closed the connection without an answer."
            )
        case _:
            kind, words = (
                "internal",
                f"The request to {service} failed: {type(error).__name__}: {error}",
            )
    raise ProviderError(words, kind=kind, hint=hint) from None
