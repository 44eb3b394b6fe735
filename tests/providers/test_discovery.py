"""Reachable models are listed and local servers recognised, quickly and without exceptions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.discovery import Found, find_local, list_models, probe
from tests.providers.replay import free_port
from tests.providers.tiny_server import KEY, Connection, respond, tiny_server

pytestmark = pytest.mark.anyio

JSON = "content-type: application/json"


def answer(value: Any, status: int = 200) -> bytes:
    return respond(status, json.dumps(value).encode(), JSON)


@pytest.mark.parametrize(
    "listing",
    [
        {"object": "list", "data": [{"id": "a"}, {"id": "b"}, {"id": "a"}, {"x": 1}, 5]},
        {"models": [{"name": "a"}, {"model": "b"}]},
    ],
)
async def test_models_of_a_service(listing: dict[str, Any]) -> None:
    """Both list shapes in use, each name once, odd entries skipped."""
    async with tiny_server(answer(listing)) as server:
        assert await list_models("openai", lambda _: server.access()) == ("a", "b")
    assert server.requests[0].startswith(b"GET /v1/models ")
    assert KEY.encode() in server.requests[0]


@pytest.mark.parametrize(
    ("service", "listing", "path", "due"),
    [
        (
            "gemini",
            {
                "models": [
                    {"name": "models/g-1", "supportedGenerationMethods": ["generateContent"]},
                    {"name": "models/e-1", "supportedGenerationMethods": ["embedContent"]},
                ]
            },
            b"GET /v1beta/models?pageSize=1000 ",
            ("g-1",),
        ),
        ("ollama", {"models": [{"name": "l:8b"}]}, b"GET /api/tags ", ("l:8b",)),
        ("anthropic", {"data": [{"id": "c"}]}, b"GET /v1/models?limit=1000 ", ("c",)),
        ("groq", {"data": [{"id": "o/g"}]}, b"GET /v1/models ", ("o/g",)),
        ("ours", {"data": [{"id": "m"}]}, b"GET /v1/models ", ("m",)),
    ],
)
async def test_each_service_is_asked_where_it_lists_its_models(
    service: str, listing: dict[str, Any], path: bytes, due: tuple[str, ...]
) -> None:
    """In its own shape, with its own path; a service of the user's own as its format has it."""
    async with tiny_server(answer(listing)) as server:
        assert await list_models(service, lambda _: server.access()) == due
    assert server.requests[0].startswith(path), server.requests[0]


async def test_bedrock_elsewhere_has_no_list() -> None:
    """Its list is at AWS, and signed for it."""
    access = ServiceAccess(base_url="http://127.0.0.1:1", api_key=Secret("k"))
    with pytest.raises(ConfigError, match="another"):
        await list_models("bedrock", lambda _: access)


async def test_a_refused_list_is_a_typed_error() -> None:
    """A wrong key is said so, without the key."""
    async with tiny_server(answer({"error": f"bad key {KEY}"}, 401)) as server:
        with pytest.raises(ProviderError) as caught:
            await list_models("anthropic", lambda _: server.access())
    assert caught.value.kind == "auth"
    assert KEY not in caught.value.message


async def test_a_list_needs_a_key_and_an_address() -> None:
    """Nothing is asked that cannot be answered."""
    for service in ("openai", "compat", "nowhere"):
        with pytest.raises(ConfigError):
            await list_models(service, lambda _: ServiceAccess())


async def test_ollama_is_recognised() -> None:
    """By its own list."""
    async with tiny_server(answer({"models": [{"name": "llama3:8b"}]})) as server:
        assert await probe(server.url) == Found("ollama", "ollama", server.url, ("llama3:8b",))
        assert await find_local([server.url]) == (await probe(server.url),)


async def test_llama_server_is_recognised_ready_and_loading() -> None:
    """By the owner of its models, or by the error it gives while it loads."""
    listing = {"data": [{"id": "smol", "owned_by": "llamacpp"}]}
    async with tiny_server(respond(404), answer(listing)) as server:
        assert await probe(server.url) == Found("llama-server", "local", server.url, ("smol",))
    loading = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
    async with tiny_server(answer(loading, 503)) as server:
        found = await probe(server.url)
    assert found == Found("llama-server", "local", server.url, (), ready=False)


async def test_a_llama_server_with_a_key_is_recognised_as_locked() -> None:
    """Its list is closed, its health is not."""
    refusal = answer({"error": {"code": 401, "type": "authentication_error"}}, 401)
    async with tiny_server(refusal, refusal, answer({"status": "ok"})) as server:
        found = await probe(server.url)
    assert found == Found("llama-server", "local", server.url, (), locked=True)
    async with tiny_server(refusal) as server:
        assert await probe(server.url) is None


async def test_any_other_compatible_server_is_compat() -> None:
    """It speaks the format, whoever it is."""
    async with tiny_server(respond(404), answer({"data": [{"id": "m"}]})) as server:
        assert await probe(server.url) == Found("openai-compatible", "compat", server.url, ("m",))


async def test_what_is_no_model_server_is_none() -> None:
    """Nobody, a web page, and somebody who never answers."""

    async def mute(connection: Connection) -> None:
        await connection.gone()

    assert await probe(f"http://127.0.0.1:{free_port()}") is None
    async with tiny_server(respond(200, b"<html>")) as server:
        assert await probe(server.url) is None
    async with tiny_server(mute) as server:
        assert await probe(server.url, limit_s=0.1) is None
        assert await find_local([f"http://127.0.0.1:{free_port()}"]) == ()
