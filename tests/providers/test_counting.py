"""Token counts: each format's own question, an estimate where nobody counts, and room that ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import ChatMessage, user
from alloy_tui.domain.models import ModelFacts, ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest, CountsTokens, TokenCount
from alloy_tui.domain.token_estimate import estimate_tokens, text_tokens
from alloy_tui.domain.transcript import repair
from alloy_tui.providers import counting
from alloy_tui.providers.registry import create
from alloy_tui.providers.services import find_service
from alloy_tui.providers.tolerant_json import mapping, read_any
from alloy_tui.runtime.local_server import Endpoint
from tests.providers.conversations import MESSAGES, READ
from tests.providers.tiny_server import TinyServer, ok, respond, tiny_server
from tests.support.llama import access_to
from tests.support.official_types import complaints

pytestmark = pytest.mark.anyio

ASKED = CompletionRequest("Be brief.", (user("Hello there"),), (READ,))
JSON = "content-type: application/json"


def answering(key: str, tokens: int = 42) -> bytes:
    return ok(json.dumps({key: tokens}).encode(), JSON)


async def count(model: str, access: ServiceAccess, asked: CompletionRequest = ASKED) -> TokenCount:
    provider = create(model, lambda _: access)
    assert isinstance(provider, CountsTokens)
    try:
        return await provider.count_tokens(asked)
    finally:
        await provider.aclose()


@pytest.mark.parametrize(
    ("model", "path", "key"),
    [
        ("anthropic/claude-sonnet-5", "/v1/messages/count_tokens", "input_tokens"),
        ("openai/gpt-6", "/v1/responses/input_tokens", "input_tokens"),
        ("gemini/gemini-3-pro", "/v1beta/models/gemini-3-pro:countTokens", "totalTokens"),
        (
            "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens",
            "inputTokens",
        ),
    ],
)
async def test_a_service_that_counts_is_asked(model: str, path: str, key: str) -> None:
    """Where it wants to be asked, with the key, and nothing of what only an answer needs."""
    async with tiny_server(answering(key)) as server:
        assert await count(model, server.access()) == TokenCount(42, "exact")
    (sent,) = server.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.startswith(f"POST {path} ".encode())
    for useless in (b"max_tokens", b'"stream"', b"inferenceConfig", b"store"):
        assert useless not in body
    assert b"Hello there" in body
    assert b"Be brief." in body
    assert READ.name.encode() in body


async def test_llama_server_counts_what_its_template_makes_of_the_messages() -> None:
    """The template first, then its tokens."""
    prompt = ok(b'{"prompt": "<s>Hello there"}', JSON)
    async with tiny_server(prompt, ok(b'{"tokens": [1, 2, 3]}', JSON)) as server:
        assert await count("compat/m", server.access()) == TokenCount(3, "exact")
    first, second = server.requests
    assert first.startswith(b"POST /apply-template ")
    assert second.startswith(b"POST /tokenize ")
    assert b"<s>Hello there" in second


@pytest.mark.parametrize("status", [404, 405, 400])
async def test_who_does_not_count_is_asked_once(status: int) -> None:
    """Then it is estimated, without asking again."""
    async with tiny_server(respond(status, b"{}", JSON)) as server:
        provider = create("compat-anthropic/m", lambda _: server.access())
        assert isinstance(provider, CountsTokens)
        for _ in range(3):
            assert await provider.count_tokens(ASKED) == TokenCount(estimate_tokens(ASKED))
        await provider.aclose()
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer", [respond(503), ok(b"<html>", JSON), ok(b'{"input_tokens": "many"}', JSON), b""]
)
async def test_a_count_that_fails_is_an_estimate(answer: bytes) -> None:
    """Whatever comes back; nothing is raised."""
    async with tiny_server(answer) as server:
        found = await count("anthropic/claude-sonnet-5", server.access())
    assert found == TokenCount(estimate_tokens(ASKED))


@pytest.mark.parametrize("model", ["ollama/llama3", "groq/llama-3.3-70b-versatile"])
async def test_where_the_format_has_no_count_nobody_is_asked(model: str) -> None:
    """An address that does not exist shows it."""
    assert (await count(model, TinyServer(()).access())).kind == "estimate"


@given(MESSAGES)
def test_what_is_asked_has_the_form_that_the_services_libraries_give_it(
    messages: list[ChatMessage],
) -> None:
    """Every conversation; unknown keys are forbidden there."""
    from anthropic.types.message_count_tokens_params import MessageCountTokensParams
    from openai.types.responses.input_token_count_params import InputTokenCountParams

    asked = CompletionRequest("Be brief.", tuple(repair(messages)) or (user("x"),), (READ,))
    kinds = {"anthropic": MessageCountTokensParams, "openai": InputTokenCountParams}
    for service, kind in kinds.items():
        wire = find_service(service).wire_for("m")
        body = wire.encode(asked, ModelInfo(ModelRef(service, "m")))
        sent: list[Any] = []

        async def ask(path: str, version: str, question: Any, sent: list[Any] = sent) -> Any:
            sent.append(question)
            return {"input_tokens": 7}

        told = counting.exact(wire.name, "m", mapping(read_any(body)), ask)
        assert asyncio.run(told) == 7
        assert complaints(sent[0], kind) == []


def test_bedrocks_question_has_the_form_that_botocore_gives_it() -> None:
    """The members of its operation, and no others."""
    import botocore.session

    model = botocore.session.Session().get_service_model("bedrock-runtime")
    operation = model.operation_model("CountTokens")
    assert operation.http["requestUri"] == "/model/{modelId}/count-tokens"
    converse = operation.input_shape.members["input"].members["converse"].members
    assert set(converse) >= {"messages", "system", "toolConfig", "additionalModelRequestFields"}


LONG = CompletionRequest("", (user("word " * 800),), max_output=10)
DONE = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "ok"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


async def send(server: TinyServer, asked: CompletionRequest, window: int) -> None:
    facts = {"m": ModelFacts(context_window=window)}
    access = msgspec.structs.replace(server.access(), models=facts)
    provider = create("anthropic/m", lambda _: access)
    try:
        _ = [part async for part in provider.stream(asked)]
    finally:
        await provider.aclose()


async def test_what_is_over_the_window_by_the_services_count_is_not_sent() -> None:
    """The words have both figures."""
    async with tiny_server(answering("input_tokens", 1_001)) as server:
        with pytest.raises(ProviderError, match=r"1,001 tokens.*takes 1,000") as caught:
            await send(server, LONG, 1_000)
        assert caught.value.kind == "context_overflow"
        assert len(server.requests) == 1


async def test_what_just_fits_is_sent() -> None:
    """An estimate may think otherwise; the service's count stands."""
    answer = ok(json.dumps(DONE).encode(), JSON)
    async with tiny_server(answering("input_tokens", 999), answer) as server:
        await send(server, LONG, 1_000)
        assert len(server.requests) == 2


async def test_far_from_the_end_nothing_is_counted() -> None:
    """The usual request costs no question."""
    async with tiny_server(respond(500)) as server:
        with pytest.raises(ProviderError):
            await send(server, ASKED, 100_000)
    (sent,) = server.requests
    assert b"count_tokens" not in sent


@given(st.text(max_size=500), st.text(max_size=500))
def test_an_estimate_grows_with_the_text(one: str, two: str) -> None:
    """And is never negative, whatever the letters."""
    assert 0 <= text_tokens(one) <= text_tokens(one + two)


def test_other_scripts_have_more_tokens_a_letter() -> None:
    """About 1.5 characters a token in Chinese, 2 in Cyrillic."""
    assert text_tokens("漢" * 150) == pytest.approx(100, rel=0.05)
    assert text_tokens("я" * 200) == pytest.approx(100, rel=0.1)


@pytest.mark.realmodel
@pytest.mark.parametrize("service", ["compat", "compat-responses", "compat-anthropic"])
async def test_a_real_server_bills_what_it_counted(service: str, llama: Endpoint) -> None:
    """In each format that llama-server speaks: the count before is the usage after."""
    asked = msgspec.structs.replace(ASKED, tools=(), max_output=2)
    counted = await count(f"{service}/{llama.model}", access_to(llama), asked)
    provider = create(f"{service}/{llama.model}", lambda _: access_to(llama))
    done = [part async for part in provider.stream(asked)][-1]
    await provider.aclose()
    assert counted.kind == "exact"
    assert counted.tokens == done.usage.prompt  # type: ignore[union-attr]  # the last part is the answer
