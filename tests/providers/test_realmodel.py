"""The three wire formats that it speaks against a real model: shapes are asserted, never words."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import TextBlock, ToolResultBlock, tool_results, user
from alloy_tui.domain.provider import (
    ArgumentsPart,
    Completion,
    CompletionRequest,
    StreamPart,
    TextPart,
)
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.tool import ToolSpec
from alloy_tui.providers.discovery import list_models, probe
from alloy_tui.providers.registry import create
from alloy_tui.runtime.local_server import Endpoint
from tests.support.llama import access_to

WIRES = ["compat", "compat-responses", "compat-anthropic"]
WEATHER = ToolSpec(
    "get_weather",
    "Get the weather in a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.realmodel,
    pytest.mark.parametrize("service", WIRES),
]


def request(text: str = "Say hello.", *, max_output: int = 24, **more: Any) -> CompletionRequest:
    # Cold and seeded: the same words every time, as far as a model goes.
    more = {"extra": {"temperature": 0, "seed": 7}, **more}
    return CompletionRequest("You are terse.", (user(text),), max_output=max_output, **more)


async def ask(
    service: str, endpoint: Endpoint, asked: CompletionRequest
) -> tuple[list[StreamPart], Completion]:
    provider = create(f"{service}/{endpoint.model}", lambda _: access_to(endpoint))
    try:
        parts = [part async for part in provider.stream(asked)]
    finally:
        await provider.aclose()
    completion = parts.pop()
    assert isinstance(completion, Completion)
    return parts, completion


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_is_whole_and_adds_up(service: str, llama: Endpoint, stream: bool) -> None:
    """Deltas join to the text, usage is known, the stop reason is told."""
    parts, done = await ask(service, llama, request(stream=stream))
    assert "".join(p.text for p in parts if isinstance(p, TextPart)) == done.message.text
    assert done.message.text
    assert done.message.origin == f"{service}/{llama.model}"
    assert done.stop.reason in ("end_turn", "max_tokens")
    assert done.usage.known
    assert (done.usage.output or 0) > 0
    if stream:
        assert len(parts) > 1


async def test_the_output_limit_is_told_apart(service: str, llama: Endpoint) -> None:
    """An answer cut at its limit says so, also where the server calls it completed."""
    _, done = await ask(service, llama, request("Count to a hundred.", max_output=3))
    assert done.stop.reason == "max_tokens"


async def test_a_tool_call_and_its_result(service: str, llama: Endpoint) -> None:
    """A forced call arrives with parsed arguments, and its result can be sent back."""
    for seed in range(5):
        sampling = {"temperature": 0.3, "seed": seed}
        asked = request(
            "Weather in Paris?", tools=(WEATHER,), tool_choice="any", max_output=40, extra=sampling
        )
        try:
            parts, done = await ask(service, llama, asked)
        except ProviderError as error:
            # A model this small sometimes writes what its own server cannot parse.
            if error.kind == "server_error":
                continue
            raise
        if done.message.tool_calls:
            break
    else:
        pytest.skip("the model made no valid call in five tries")
    call = done.message.tool_calls[0]
    raw = "".join(p.text for p in parts if isinstance(p, ArgumentsPart) and p.id == call.id)
    if call.invalid is None:
        assert msgspec.json.decode(raw or "{}") == call.arguments
    results = tool_results(
        *(ToolResultBlock(c.id, (TextBlock("sunny"),)) for c in done.message.tool_calls)
    )
    history = (*asked.messages, done.message, results)
    again = msgspec.structs.replace(asked, messages=history, tools=(), tool_choice="auto")
    _, after = await ask(service, llama, again)
    assert after.usage.known


async def test_a_second_turn_hits_the_prompt_cache(service: str, llama: Endpoint) -> None:
    """The second request is the first with more at its end, and the server notices."""
    asked = request("Tell me about the sea. " * 20, max_output=4)
    _, done = await ask(service, llama, asked)
    longer = (*asked.messages, done.message, user("Go on."))
    again = msgspec.structs.replace(asked, messages=longer)
    # Three times, for the server has two slots and may pick the cold one.
    usages = [(await ask(service, llama, again))[1].usage for _ in range(3)]
    best = max(usages, key=lambda usage: usage.cache_read or 0)
    assert (best.cache_read or 0) > 20
    assert (best.prompt or 0) >= (best.cache_read or 0)


async def test_too_long_a_prompt_is_a_context_overflow(service: str, llama: Endpoint) -> None:
    """The server's own refusal is recognised."""
    with pytest.raises(ProviderError) as caught:
        await ask(service, llama, request("word " * 12_000))
    assert caught.value.kind == "context_overflow"


async def test_a_wrong_key_is_told(service: str, llama: Endpoint) -> None:
    """Auth, without the key that was refused."""
    wrong = ServiceAccess(llama.base_url, Secret("sk-wrong-0123456789"))
    provider = create(f"{service}/m", lambda _: wrong)
    with pytest.raises(ProviderError) as caught:
        _ = [part async for part in provider.stream(request())]
    await provider.aclose()
    assert caught.value.kind == "auth"
    assert "sk-wrong" not in caught.value.message


async def test_an_interrupted_answer_does_not_disturb_the_next(
    service: str, llama: Endpoint
) -> None:
    """Closing a stream after its first delta leaves server and provider usable."""
    provider = create(f"{service}/{llama.model}", lambda _: access_to(llama))
    stream: Any = provider.stream(request("Write a long story.", max_output=500))
    async with aclosing(stream):
        await anext(stream)
    parts = [part async for part in provider.stream(request())]
    await provider.aclose()
    assert isinstance(parts[-1], Completion)


async def test_its_models_are_listed(service: str, llama: Endpoint) -> None:
    """The list names the model, and the server is recognised even without its key."""
    assert llama.model in await list_models(service, lambda _: access_to(llama))
    found = await probe(llama.base_url, limit_s=5)
    assert found is not None
    assert (found.kind, found.service, found.locked) == ("llama-server", "local", True)
