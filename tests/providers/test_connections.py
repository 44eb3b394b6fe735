"""Connections: whom we believe, what lies on the way, and that a second request needs no other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import user
from alloy_tui.domain.provider import Completion, CompletionRequest, Provider
from alloy_tui.providers import transport
from alloy_tui.providers.registry import create
from alloy_tui.providers.service_provider import ServiceProvider
from alloy_tui.providers.trust import widen
from alloy_tui.providers.way import connect_words
from tests.providers.tiny_server import KEY, Connection, ok, respond
from tests.providers.tls import NAME, Authority, access_to, proxy_to, tls_server

pytestmark = pytest.mark.anyio

HELLO = ok(
    b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
SERVICE = f"https://{NAME}/v1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is believed is worked out once in a program's life: here once in each test."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    transport._tls.cache_clear()
    yield
    transport._tls.cache_clear()


async def ask(provider: Provider) -> str:
    last = [part async for part in provider.stream(CompletionRequest("", (user("hi"),)))][-1]
    assert isinstance(last, Completion)
    return last.message.text


async def once(access: ServiceAccess) -> str:
    provider = create("compat/m", lambda _: access)
    try:
        return await ask(provider)
    finally:
        await provider.aclose()


async def failure(access: ServiceAccess) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await once(access)
    return caught.value


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"])
async def test_a_private_authority_is_believed_where_it_is_named(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By the variable of OpenSSL, and by those that people have set for other programs."""
    monkeypatch.setenv(name, str(authority.file))
    async with tls_server(authority.server("127.0.0.1"), HELLO) as server:
        assert await once(access_to(server.url)) == "Hello"


async def test_a_private_authority_is_believed_from_a_folder(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of certificates, as systems keep them: named by their hashes."""
    monkeypatch.setenv("SSL_CERT_DIR", str(authority.hashed()))
    async with tls_server(authority.server("127.0.0.1"), HELLO) as server:
        assert await once(access_to(server.url)) == "Hello"


async def test_an_unknown_authority_is_refused_and_nothing_is_sent(authority: Authority) -> None:
    """The words say what to do where a company's proxy looks into connections."""
    async with tls_server(authority.server("127.0.0.1"), HELLO) as server:
        error = await failure(access_to(server.url))
        assert server.requests == []
    assert error.kind == "network"
    assert "is not believed" in error.message
    assert "SSL_CERT_FILE" in str(error.hint)


async def test_a_certificate_of_another_name_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is about the address, not about authorities."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with tls_server(authority.server("elsewhere.test"), HELLO) as server:
        error = await failure(access_to(server.url))
    assert "127.0.0.1" in error.message
    assert "Check the address" in str(error.hint)


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ("junk", "no certificate")])
async def test_a_file_of_certificates_that_cannot_be_used_is_told(
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: str | None,
    why: str,
) -> None:
    """OpenSSL would say nothing, and the user wonder why the file does not help."""
    path = tmp_path / "mine.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(path))
    async with tls_server(authority.server("127.0.0.1"), HELLO) as server:
        error = await failure(access_to(server.url))
    assert "NODE_EXTRA_CA_CERTS" in error.message
    assert why in error.message
    assert not error.retryable


def test_the_systems_own_certificates_are_believed() -> None:
    """Those of the store that every program of this machine uses, whatever else is."""
    own = ssl.create_default_context()
    mine = widen(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), {})
    assert mine.cert_store_stats()["x509_ca"] == own.cert_store_stats()["x509_ca"]
    assert mine.verify_mode is ssl.CERT_REQUIRED
    assert mine.check_hostname


@pytest.mark.parametrize(
    ("verdict", "hint"),
    [
        ("certificate has expired", "clock"),
        ("certificate is not yet valid", "clock"),
        ("Hostname mismatch, certificate is not valid for 'x'", "address"),
        ("self-signed certificate in certificate chain", "SSL_CERT_FILE"),
        ("unable to get local issuer certificate", "NODE_EXTRA_CA_CERTS"),
    ],
)
def test_each_verdict_on_a_certificate_has_its_remedy(verdict: str, hint: str) -> None:
    said = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {verdict} (_ssl.c:1006)"
    words, told = connect_words(said, "Anthropic", "https://api.example")
    assert verdict in words
    assert "_ssl.c" not in words
    assert hint in told


async def test_the_second_request_takes_the_connection_of_the_first(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over turns, and over providers: another model of the service needs no new one either."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with tls_server(authority.server("127.0.0.1"), HELLO) as server:
        access = access_to(server.url)
        first, second = (create(f"compat/{name}", lambda _: access) for name in ("one", "two"))
        try:
            assert await ask(first) + await ask(first) + await ask(second) == "Hello" * 3
        finally:
            await first.aclose()
            await second.aclose()
        assert (len(server.requests), server.connections) == (3, 1)


async def test_a_connection_that_the_service_has_closed_is_not_used_again(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed before anything is sent: no failed try, no wait."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    closed = asyncio.Event()

    async def bye(connection: Connection) -> None:
        await connection.send(HELLO)
        connection.writer.transport.abort()
        closed.set()

    async with tls_server(authority.server("127.0.0.1"), bye, HELLO) as server:
        provider = create("compat/m", lambda _: access_to(server.url))
        try:
            assert await ask(provider) == "Hello"
            await closed.wait()
            assert await ask(provider) == "Hello"
        finally:
            await provider.aclose()
        assert server.connections == 2


async def test_a_proxy_of_the_environment_is_gone_through(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By CONNECT, so that it sees names and no keys; the connection is kept, too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with (
        tls_server(authority.server(NAME), HELLO) as server,
        proxy_to(server, password="YWRhOnMz") as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//ada:s3@"))
        provider = create("compat/m", lambda _: access_to(SERVICE))
        try:
            assert await ask(provider) + await ask(provider) == "Hello" * 2
        finally:
            await provider.aclose()
        assert proxy.asked == [f"CONNECT {NAME}:443 HTTP/1.1"]
        assert KEY.encode() in server.requests[0]


async def test_a_proxy_that_wants_a_password_says_so(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it wants, and how it is given."""
    async with (
        tls_server(authority.server(NAME), HELLO) as server,
        proxy_to(server, password="never") as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = await failure(access_to(SERVICE))
    assert "407" in error.message
    assert proxy.url.removeprefix("http://") in error.message
    assert "HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT" in str(error.hint)


async def test_no_proxy_goes_past_it(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is then looked for by ourselves, in vain."""
    async with tls_server(authority.server(NAME), HELLO) as server, proxy_to(server) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", NAME)
        error = await failure(access_to(SERVICE))
        assert proxy.asked == []
    assert "unknown to your network" in error.message


@pytest.mark.parametrize(
    ("url", "words"),
    [("socks5://ada:secret@127.0.0.1:1", "speaks SOCKS"), ("gopher://127.0.0.1:1", "gopher")],
)
async def test_a_proxy_of_another_kind_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    """No defect, no password, and no second try."""
    monkeypatch.setenv("ALL_PROXY", url)
    error = await failure(access_to(SERVICE))
    assert words in error.message
    assert "127.0.0.1:1" in error.message
    assert "secret" not in f"{error.message}{error.hint}"
    assert (error.kind, error.retryable) == ("network", False)


async def test_a_connection_can_be_opened_ahead(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows takes it; nothing that is secret went over it before."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with (
        tls_server(authority.server(NAME), respond(404), HELLO) as server,
        proxy_to(server) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        provider = create("compat/m", lambda _: access_to(SERVICE))
        assert isinstance(provider, ServiceProvider)
        try:
            await provider.warm()
            (first,) = server.requests
            assert first.startswith(b"HEAD / ")
            assert KEY.encode() not in first
            assert await ask(provider) == "Hello"
        finally:
            await provider.aclose()
        assert server.connections == 1


async def test_to_open_one_ahead_in_vain_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request itself will say what is wrong."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    provider = create("compat/m", lambda _: access_to(SERVICE))
    assert isinstance(provider, ServiceProvider)
    await provider.warm()
    await provider.aclose()
