"""Over a real socket: connections are kept and closed in time, and failures are told in words."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import user
from alloy_tui.domain.provider import Completion, CompletionRequest, StreamPart, TextPart
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.registry import create
from alloy_tui.providers.way import address
from tests.providers.answers import chat, claude, text_block
from tests.providers.replay import free_port
from tests.providers.tiny_server import KEY, Connection, chunked, ok, respond, tiny_server

pytestmark = pytest.mark.anyio

HELLO = chat({"content": "Hel"}, {"content": "lo"})
FIRST = chat({"content": "Hel"}, finish=None, done=False)


def request(*, stream: bool = True) -> CompletionRequest:
    return CompletionRequest("", (user("go"),), stream=stream)


async def ask(access: ServiceAccess, service: str = "compat", *, stream: bool = True) -> str:
    """The text of one answer; raises what the provider raises."""
    provider = create(f"{service}/m", lambda _: access)
    try:
        parts = [p async for p in provider.stream(request(stream=stream))]
    finally:
        await provider.aclose()
    assert isinstance(parts[-1], Completion)
    return parts[-1].message.text


async def failure(access: ServiceAccess, service: str = "compat") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(access, service)
    assert KEY not in str(caught.value)
    return caught.value


async def test_what_goes_out() -> None:
    """Method, path, key, and a body as JSON."""
    async with tiny_server(ok(HELLO)) as server:
        assert await ask(server.access()) == "Hello"
    (sent,) = server.requests
    head = sent.split(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"post /v1/chat/completions http/1.1")
    assert f"authorization: bearer {KEY}".encode() in head
    assert b"content-type: application/json" in head
    assert sent.split(b"\r\n\r\n")[1].startswith(b'{"model":"m"')


async def test_anthropic_headers_go_out() -> None:
    """Key and version in the headers of that service."""
    async with tiny_server(ok(claude(text_block("Hello")))) as server:
        assert await ask(server.access(), "anthropic") == "Hello"
    head = server.requests[0].lower()
    assert head.startswith(b"post /v1/messages ")
    assert f"x-api-key: {KEY}".encode() in head
    assert b"anthropic-version: 2026-10-21" in head
    assert b"authorization" not in head


async def test_a_plain_request_is_plain() -> None:
    """Without streaming one document is asked for and read."""
    body = b'{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'
    async with tiny_server(ok(body, "content-type: application/json")) as server:
        assert await ask(server.access(), stream=False) == "Hi"
    assert b"stream" not in server.requests[0].split(b"\r\n\r\n")[1]


async def test_gzip_is_understood_and_a_lie_about_it_is_an_error() -> None:
    """A compressed stream is read; one that only claims to be compressed is malformed."""
    header = "content-encoding: gzip"
    async with tiny_server(ok(gzip.compress(HELLO), header)) as server:
        assert await ask(server.access()) == "Hello"
    async with tiny_server(ok(HELLO, header)) as server:
        assert (await failure(server.access())).kind == "malformed"
    async with tiny_server(ok(gzip.compress(HELLO)[:-60], header)) as server:
        assert (await failure(server.access())).kind == "stream_cut"


async def test_connections_are_kept_between_requests_and_shared_between_providers() -> None:
    """A second turn does not pay for a second handshake."""
    async with tiny_server(ok(HELLO)) as server:
        one, two = (create("compat/m", lambda _: server.access()) for _ in "12")
        for provider in (one, two, one):
            assert [p async for p in provider.stream(request())]
        await one.aclose()
        await one.aclose()
        assert [p async for p in two.stream(request())]
        await two.aclose()
    assert len(server.requests) == 4
    assert server.connections == 1


async def test_a_provider_survives_its_event_loop() -> None:
    """A provider that is used again in another loop gets a new connection."""
    # Closed by the server, for nobody can close what a finished loop has left open.
    async with tiny_server(ok(HELLO, "connection: close")) as server:
        access = server.access()
        provider = create("compat/m", lambda _: access)

        async def once() -> None:
            assert [p async for p in provider.stream(request())]

        await asyncio.to_thread(asyncio.run, once())
        await once()
        await provider.aclose()


@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_the_socket_closes_at_once(how: str) -> None:
    """Cancelling the task or closing the generator ends the connection, mid-answer."""
    gone = asyncio.Event()

    async def stall(connection: Connection) -> None:
        await connection.send(chunked(FIRST))
        await connection.gone()
        gone.set()

    async with tiny_server(stall) as server:
        provider = create("compat/m", lambda _: server.access())
        seen = asyncio.Event()

        async def consume() -> None:
            async for _ in provider.stream(request()):
                seen.set()

        if how == "cancel":
            task = asyncio.create_task(consume())
            await seen.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            stream: AsyncGenerator[StreamPart, None] = provider.stream(request())
            async with aclosing(stream):
                assert await anext(stream) == TextPart("Hel")
        async with asyncio.timeout(5):
            await gone.wait()
        await provider.aclose()


async def test_silence_is_a_timeout() -> None:
    """Nothing for longer than chunk_s: before the headers, and in the middle."""

    async def mute(connection: Connection) -> None:
        await connection.gone()

    async def stall(connection: Connection) -> None:
        await connection.send(chunked(FIRST))
        await connection.gone()

    for behaviour in (mute, stall):
        async with tiny_server(behaviour) as server:
            error = await failure(server.access(chunk_s=0.2))
        assert error.kind == "timeout"
        assert "silent" in error.message


async def test_a_plain_answer_may_take_as_long_as_content_may() -> None:
    """A service that writes its whole answer first is silent meanwhile, and not timed out."""
    body = b'{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'

    async def thinks(connection: Connection) -> None:
        await asyncio.sleep(0.3)
        await connection.send(ok(body, "content-type: application/json"))

    async with tiny_server(thinks) as server:
        assert await ask(server.access(chunk_s=0.1), stream=False) == "Hi"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_provider_asks_once(status: int) -> None:
    """Asking again is the engine's decision: neither we nor the HTTP library do it here."""
    answer = f"HTTP/1.1 {status} No\r\ncontent-length: 2\r\n\r\n{{}}".encode()
    async with tiny_server(answer) as server:
        error = await failure(server.access())
        assert error.status == status
        assert len(server.requests) == 1


async def test_bytes_without_content_are_a_timeout_too() -> None:
    """Keep-alive comments do not count as an answer."""

    async def ping(connection: Connection) -> None:
        await connection.send(chunked(FIRST))
        while True:
            await connection.send(b"8\r\n: ping\n\n\r\n")
            await asyncio.sleep(0.01)

    async with tiny_server(ping) as server:
        error = await failure(server.access(content_s=0.3))
    assert error.kind == "timeout"
    assert "0.3 s" in error.message


async def test_a_slow_reader_is_not_a_timeout() -> None:
    """Time that we spend ourselves is not held against the service."""
    body = chat(*({"content": "x"} for _ in range(6)))
    async with tiny_server(ok(body)) as server:
        provider = create("compat/m", lambda _: server.access(content_s=1))
        parts: list[Any] = []
        async for part in provider.stream(request()):
            parts.append(part)
            await asyncio.sleep(0.2)
        await provider.aclose()
    assert isinstance(parts[-1], Completion)


async def test_a_connection_broken_before_and_in_the_answer() -> None:
    """Before any answer it is the network's fault and worth a retry, later a cut."""

    async def hang_up(connection: Connection) -> None:
        connection.writer.close()

    async def break_off(connection: Connection) -> None:
        await connection.send(chunked(FIRST))
        connection.writer.close()

    async with tiny_server(hang_up) as server:
        error = await failure(server.access())
    assert (error.kind, error.retryable) == ("network", True)
    async with tiny_server(break_off) as server:
        error = await failure(server.access())
    assert (error.kind, error.retryable) == ("stream_cut", False)


async def test_nobody_there() -> None:
    """Refused connections and unknown names say address and remedy."""
    port = free_port()
    error = await failure(ServiceAccess(f"http://127.0.0.1:{port}/v1", Secret(KEY)))
    assert error.kind == "network"
    assert f"http://127.0.0.1:{port}" in error.message
    assert error.hint
    error = await failure(ServiceAccess("http://no-such-host.invalid/v1"))
    assert error.kind == "network"
    assert "no-such-host.invalid" in error.message


async def test_tls_where_there_is_none() -> None:
    """An https address of a plain server is explained, not dumped."""

    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(respond(400))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(ServiceAccess(f"https://127.0.0.1:{port}"))
    assert error.kind == "network"
    assert "TLS" in error.message


async def test_redirects_are_refused_and_nothing_follows_them() -> None:
    """Keys never travel to another address, nor to another path."""
    async with tiny_server(ok(HELLO)) as other:
        target = f"location: {other.url}/steal"
        async with tiny_server(respond(307, b"", target)) as server:
            error = await failure(server.access())
    assert other.requests == []
    assert (error.kind, error.status, error.retryable) == ("invalid_request", 307, False)
    assert other.url in error.message


async def test_an_error_says_what_the_service_said_and_when_to_come_back() -> None:
    """Status, kind, words, wait and the service's own advice."""
    body = b'{"error":{"message":"Slow down, ' + KEY.encode() + b'","code":"rate_limit_exceeded"}}'
    headers = "retry-after: 1.5\r\nx-should-retry: false"
    async with tiny_server(respond(429, body, headers)) as server:
        error = await failure(server.access())
    assert (error.kind, error.status, error.code) == ("rate_limited", 429, "rate_limit_exceeded")
    assert (error.retry_after_s, error.should_retry) == (1.5, False)
    assert "Slow down, [redacted]" in error.message


async def test_a_key_in_an_error_in_the_stream_is_redacted() -> None:
    """Servers echo keys in the middle of answers, too."""
    event = b'data: {"error":{"message":"bad key ' + KEY.encode() + b'"}}\n\n'
    async with tiny_server(ok(FIRST + event)) as server:
        assert "[redacted]" in (await failure(server.access())).message


async def test_a_huge_error_body_is_read_only_so_far() -> None:
    """64 kB say enough; the message stays short."""
    sent = 0

    async def flood(connection: Connection) -> None:
        nonlocal sent
        await connection.send(b"HTTP/1.1 500 X\r\ncontent-length: 50000000\r\n\r\n")
        while sent < 50_000_000:
            await connection.send(b"<b>x</b>" * 8000)
            sent += 64_000

    async with tiny_server(flood) as server:
        error = await failure(server.access())
    assert (error.kind, len(error.message) <= 4000) == ("server_error", True)
    assert sent < 20_000_000


@pytest.mark.parametrize("status", [201, 204, 304])
async def test_statuses_without_an_answer_are_errors(status: int) -> None:
    """Only 200 carries one."""
    async with tiny_server(f"HTTP/1.1 {status} X\r\n\r\n".encode()) as server:
        assert (await failure(server.access())).status == status


async def test_proxies_of_the_environment_are_not_asked_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy elsewhere cannot reach a server on this machine."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    async with tiny_server(ok(HELLO)) as server:
        assert await ask(server.access()) == "Hello"


async def test_a_dead_proxy_is_a_network_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """For other addresses the environment decides; the proxy is named, its password is not."""
    port = free_port()
    monkeypatch.setenv("HTTP_PROXY", f"http://ada:secret@127.0.0.1:{port}")
    error = await failure(ServiceAccess("http://model.example/v1"))
    assert error.kind == "network"
    assert f"through the proxy 127.0.0.1:{port}." in error.message
    assert "secret" not in error.message
    assert "HTTP_PROXY" in (error.hint or "")


async def test_a_model_that_is_not_there_is_told_with_those_much_like_it() -> None:
    """What the catalogue knows of the service goes before the usual hint."""
    refusal = respond(404, b'{"error": {"message": "no model gpt-6-lunar"}}')
    async with tiny_server(refusal) as server:
        access = server.access()
        provider = create("openai/gpt-6-lunar", lambda _: access)
        try:
            with pytest.raises(ProviderError) as caught:
                _ = [p async for p in provider.stream(CompletionRequest("", (user("go"),)))]
        finally:
            await provider.aclose()
    assert "openai/gpt-6-luna" in (caught.value.hint or "")


async def test_a_defect_comes_out_as_a_provider_error_without_the_key() -> None:
    """The engine needs to know one kind of exception only."""
    provider = create("compat/m", lambda _: ServiceAccess("http://127.0.0.1:1", Secret(KEY)))
    broken: Any = CompletionRequest("", (user("go"),), extra={"x": object()})
    with pytest.raises(ProviderError) as caught:
        _ = [p async for p in provider.stream(broken)]
    assert caught.value.kind == "internal"


@pytest.mark.parametrize(
    ("url", "due"),
    [
        ("https://u:p@h.example:8443/v1?k=1", "https://h.example:8443"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("/relative", ""),
        ("http://h:99999", ""),
    ],
)
def test_an_address_for_people_has_no_password(url: str, due: str) -> None:
    """Scheme, host and port only."""
    assert address(url) == due
