"""The scripted provider plays exactly its script, and complains when it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.messages import (
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    assistant,
    tool_results,
    user,
)
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    CompletionRequest,
    Provider,
    StreamPart,
    TextPart,
    ThinkingPart,
)
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.providers.registry import create
from alloy_tui.providers.script import Reply, ScriptedCall
from alloy_tui.providers.scripted import ScriptedProvider, call, cut, fail, say

TWICE_TOLD = '{"name": "x", "raw": "", "arguments": {"a": 1}}'
NAMED = '{"name": "x", "id": "1"}'

pytestmark = pytest.mark.anyio


def request(*messages: Any, stream: bool = True) -> CompletionRequest:
    return CompletionRequest("", messages or (user("go"),), stream=stream)


async def ask(provider: Provider, asked: CompletionRequest | None = None) -> list[StreamPart]:
    return [part async for part in provider.stream(asked or request())]


async def refused(provider: Provider) -> tuple[list[StreamPart], ProviderError]:
    parts: list[StreamPart] = []
    with pytest.raises(ProviderError) as caught:  # noqa: PT012 (what came before the error counts)
        async for part in provider.stream(request()):
            parts.append(part)  # noqa: PERF401 (a comprehension would lose them)
    return parts, caught.value


async def test_a_reply_streams_in_pieces_and_ends_whole() -> None:
    """Thinking, text and calls in pieces of `chunk` characters, then the Completion."""
    calls = (ScriptedCall("read", {"p": 1}), ScriptedCall("bash", id="b", raw="{oops"))
    reply = Reply("abcd", thinking="xyz", tool_calls=calls, chunk=3, usage=TokenUsage(1, output=2))
    parts = await ask(ScriptedProvider([reply]))
    assert parts == [
        ThinkingPart("xyz"),
        TextPart("abc"),
        TextPart("d"),
        CallPart("call_1", "read"),
        ArgumentsPart("call_1", '{"p'),
        ArgumentsPart("call_1", '":1'),
        ArgumentsPart("call_1", "}"),
        CallPart("b", "bash"),
        ArgumentsPart("b", "{oo"),
        ArgumentsPart("b", "ps"),
        Completion(
            assistant(
                ThinkingBlock("xyz"),
                TextBlock("abcd"),
                ToolCallBlock("call_1", "read", {"p": 1}),
                ToolCallBlock("b", "bash", {}, invalid="{oops"),
                origin="scripted/inline",
            ),
            Stop("tool_use"),
            TokenUsage(1, output=2),
        ),
    ]


async def test_replies_come_in_order_and_requests_are_recorded() -> None:
    """One reply a request; what was asked can be asserted on."""
    provider = ScriptedProvider([say("one"), call("read", file_path="x")])
    first, second = request(user("a")), request(user("b"), stream=False)
    assert (await ask(provider, first))[0] == TextPart("one")
    with pytest.raises(ProviderError):
        provider.assert_consumed()
    assert len(provider.unconsumed()) == 1
    parts = await ask(provider, second)
    assert parts[0] == CallPart("call_1", "read")
    assert provider.requests == [first, second]
    assert provider.unconsumed() == ()
    provider.assert_consumed()


async def test_a_request_beyond_the_script_is_an_error_of_the_script() -> None:
    """Exhaustion is said, and still counts as too many requests afterwards."""
    provider = ScriptedProvider([])
    assert (await refused(provider))[1].kind == "script"
    with pytest.raises(ProviderError):
        provider.assert_consumed()


async def test_expect_looks_at_the_last_message_and_its_results() -> None:
    """A script notices when the conversation took another course."""
    provider = ScriptedProvider([say("x", expect="42"), say("y", expect="42")])
    with pytest.raises(ProviderError) as caught:
        await ask(provider, request(user("no"), assistant("42"), user("nothing")))
    assert caught.value.kind == "script"
    assert "42" in caught.value.message
    result = tool_results(ToolResultBlock("c", (TextBlock("it is 42"),)))
    assert await ask(provider, request(result))


async def test_failures_and_cuts() -> None:
    """An error at once, an error after text, and a stream without its end."""
    provider = ScriptedProvider(
        [
            fail("rate_limited", "slow", status=429, code="c", retry_after_s=0.5),
            fail("overloaded", after="par"),
            cut("half"),
            Reply("cut here", cut=3),
        ]
    )
    parts, error = await refused(provider)
    assert parts == []
    assert (error.kind, error.message, error.status) == ("rate_limited", "slow", 429)
    assert (error.code, error.retry_after_s) == ("c", 0.5)
    parts, error = await refused(provider)
    assert (parts, error.kind) == ([TextPart("par")], "overloaded")
    parts, error = await refused(provider)
    assert (parts, error.kind) == ([TextPart("half")], "stream_cut")
    parts, error = await refused(provider)
    assert (parts, error.kind) == ([TextPart("cut")], "stream_cut")


async def test_delays_go_through_the_given_sleep() -> None:
    """Before the first part and between parts, in seconds."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    reply = Reply("abc", chunk=1, delay_ms=500, chunk_delay_ms=20)
    await ask(ScriptedProvider([reply], sleep=sleep))
    assert slept == [0.5, 0.02, 0.02]


async def test_say_takes_parallel_calls_and_further_fields() -> None:
    """The builders reach everything that a reply can hold."""
    reply = say("x", calls=[call("a", n=1), call("b")], stop="max_tokens", stop_detail="d")
    completion = (await ask(ScriptedProvider([reply])))[-1]
    assert isinstance(completion, Completion)
    assert [c.name for c in completion.message.tool_calls] == ["a", "b"]
    assert completion.stop == Stop("max_tokens", detail="d")
    assert completion.usage == TokenUsage()


async def test_ids_do_not_repeat_those_of_the_history() -> None:
    """The same script entry twice in a conversation makes two different calls."""
    history = (user("a"), assistant(ToolCallBlock("call_1", "x", {})), tool_results())
    parts = await ask(ScriptedProvider([call("x")]), request(*history))
    assert parts[0] == CallPart("call_2", "x")


async def test_a_file_is_a_model(tmp_path: Path) -> None:
    """scripted/FILE.json goes through the registry like any model."""
    path = tmp_path / "s.json"
    script = {
        "context_window": 8000,
        "price": {"input": 1, "output": 2},
        "replies": [
            {"text": "hi", "usage": {"input": 3, "output": 1}},
            {"error": {"kind": "auth"}},
        ],
    }
    path.write_text(json.dumps(script))
    provider = create(f"scripted/{path}", lambda _: ServiceAccess())
    assert str(provider.ref) == f"scripted/{path}"
    assert provider.info.context_window == 8000
    assert provider.info.price == Price(1, 2)
    completion = (await ask(provider))[-1]
    assert isinstance(completion, Completion)
    assert completion.message.text == "hi"
    assert completion.usage == TokenUsage(3, output=1)
    assert (await refused(provider))[1].kind == "auth"
    await provider.aclose()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{oops", ""),
        ("[]", ""),
        ('{"replies": [], "speed": 1}', "speed"),
        ('{"replies": [{"text": "a"}, {"texte": "b"}]}', "Reply 2"),
        ('{"replies": [{}]}', "neither"),
        ('{"replies": [{"expect": "x"}]}', "neither"),
        ('{"replies": [{"text": 5}]}', "Reply 1"),
        ('{"replies": [{"text": "a", "delay_ms": -1}]}', "delay_ms"),
        ('{"replies": [{"text": "a", "chunk": 0}]}', "chunk"),
        ('{"replies": [{"text": "a", "stop": "nap"}]}', "stop"),
        ('{"replies": [{"text": "a", "cut": 5}]}', "after its end"),
        ('{"replies": [{"text": "a", "cut": true, "stop": "end_turn"}]}', "neither a stop"),
        ('{"replies": [{"cut": true, "error": {"kind": "auth"}}]}', "both an error and a cut"),
        ('{"replies": [{"error": {"kind": "bad luck"}}]}', "kind"),
        ('{"replies": [{"tool_calls": [{"arguments": {}}]}]}', "name"),
        (f'{{"replies": [{{"tool_calls": [{TWICE_TOLD}]}}]}}', "both"),
        (f'{{"replies": [{{"tool_calls": [{NAMED}, {NAMED}]}}]}}', "same id"),
    ],
)
async def test_a_wrong_script_names_file_and_entry(
    tmp_path: Path, content: str, words: str
) -> None:
    """Nothing is guessed: unknown fields, wrong types and contradictions are refused."""
    path = tmp_path / "wrong.json"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        ScriptedProvider.load(path)
    assert "wrong.json" in caught.value.message
    assert words in caught.value.message


async def test_a_missing_script_says_so(tmp_path: Path) -> None:
    """A path that leads nowhere is a configuration error."""
    with pytest.raises(ConfigError, match=r"none\.json cannot be read: No such file"):
        ScriptedProvider.load(tmp_path / "none.json")
