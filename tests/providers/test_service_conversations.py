"""A whole conversation with each service over a real socket: what comes, what is sent back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.events import Envelope, ThinkingDelta, TurnFinished
from alloy_tui.domain.usage import TokenUsage
from tests.providers import streams
from tests.providers.streams import CHAT_USAGE, USAGE, Call, Said, event
from tests.providers.tiny_server import TinyServer, ok, tiny_server

pytestmark = pytest.mark.anyio

MARK = "ErUBCkYI+/9=A_b-c=="
CALLS = (
    Call("call_A1", "read", ('{"file_path":', '"one.txt"}')),
    Call("call_B2", "read", ('{"file_path"', ':"two.txt"}')),
)
ASKED = Said(("I ", "look."), ("Hm", "m."), CALLS, MARK)
FINAL = Said(("All ", "seen."), ("So.",), (), "bGFzdA==")


class Service(msgspec.Struct, frozen=True):
    """One of the services: how it streams, what it counts, and what must come back to it."""

    model: str
    path: str
    stream: Callable[[Said], list[bytes]]
    check: Callable[[dict[str, Any]], None]
    usage: TokenUsage = USAGE
    kind: str = "text/event-stream"
    base: str = ""
    shown: bytes | None = None
    """The answer to the question what the model is, for services that are asked first."""


def _responses(body: dict[str, Any]) -> None:
    """Every item as it came, then the outputs."""
    kinds = [i["type"] for i in body["input"]]
    call, output = ["function_call"] * 2, ["function_call_output"] * 2
    assert kinds[:7] == ["message", "reasoning", "message", *call, *output]
    reasoning, said, first, second, one, two = body["input"][1:7]
    part = {"type": "summary_text", "text": "Hmm."}
    assert reasoning == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [part],
        "encrypted_content": MARK,
    }
    assert (said["id"], said["phase"], said["content"][0]["text"]) == (
        "msg_1",
        "final_answer",
        "I look.",
    )
    assert (first["id"], first["call_id"]) == ("fc_0", "call_A1")
    assert (second["id"], second["call_id"]) == ("fc_1", "call_B2")
    assert "alpha" in one["output"], one
    assert "beta" in two["output"], two
    assert (body["store"], body["include"]) == (False, ["reasoning.encrypted_content"])


def _anthropic(body: dict[str, Any]) -> None:
    """The answer as it came, both results in one message."""
    _, said, results = body["messages"][:3]
    assert [b["type"] for b in said["content"]] == ["thinking", "text", "tool_use", "tool_use"]
    assert said["content"][0] == {"type": "thinking", "thinking": "Hmm.", "signature": MARK}
    assert [r["tool_use_id"] for r in results["content"]] == ["call_A1", "call_B2"]


def _gemini(body: dict[str, Any]) -> None:
    """The signature on the first call alone, both responses in one content."""
    _, said, results = body["contents"][:3]
    calls = [p for p in said["parts"] if "functionCall" in p]
    assert [c.get("thoughtSignature") for c in calls] == [MARK, None]
    assert [c["functionCall"]["id"] for c in calls] == ["call_A1", "call_B2"]
    assert [p["functionResponse"]["id"] for p in results["parts"]] == ["call_A1", "call_B2"]
    assert not any(p.get("thought") for p in said["parts"])


def _bedrock(body: dict[str, Any]) -> None:
    """The answer as it came, both results in one message, the mark for the cache last."""
    _, said, results = body["messages"][:3]
    thought = {"reasoningText": {"text": "Hmm.", "signature": MARK}}
    assert said["content"][0] == {"reasoningContent": thought}
    assert [b["toolUse"]["toolUseId"] for b in said["content"][2:]] == ["call_A1", "call_B2"]
    kept = [b["toolResult"]["toolUseId"] for b in results["content"] if "toolResult" in b]
    assert kept == ["call_A1", "call_B2"]
    assert body["messages"][-1]["content"][-1] == {"cachePoint": {"type": "default"}}
    assert body["toolConfig"]["tools"]


def _ollama(body: dict[str, Any]) -> None:
    """The thinking, the calls, and the results by name and id; the model's own window."""
    said, one, two = body["messages"][2:5]
    assert (said["thinking"], said["content"]) == ("Hmm.", "I look.")
    assert [c["function"]["arguments"]["file_path"] for c in said["tool_calls"]] == [
        "one.txt",
        "two.txt",
    ]
    assert (one["tool_name"], one["tool_call_id"], two["tool_call_id"]) == (
        "read",
        "call_A1",
        "call_B2",
    )
    assert body["options"]["num_ctx"] == 8192


def _chat_said(body: dict[str, Any]) -> dict[str, Any]:
    """The assistant's message, after the results were looked at."""
    said, one, two = body["messages"][2:5]
    ids = [c["id"] for c in said["tool_calls"]]
    assert [one["tool_call_id"], two["tool_call_id"]] == ids
    assert "alpha" in one["content"], one
    assert "beta" in two["content"], two
    return said


def _deepseek(body: dict[str, Any]) -> None:
    assert _chat_said(body)["reasoning_content"] == "Hmm."


def _groq(body: dict[str, Any]) -> None:
    assert _chat_said(body)["reasoning"] == "Hmm."


def _openrouter(body: dict[str, Any]) -> None:
    """The details joined by their index, nothing of them lost."""
    said = _chat_said(body)
    assert said["reasoning_details"] == [
        {
            "type": "reasoning.text",
            "text": "Hmm.",
            "index": 0,
            "format": "anthropic-claude-v1",
            "signature": MARK,
        },
        {"type": "reasoning.encrypted", "data": "ZQ==", "index": 1, "id": "e1"},
    ]
    assert "reasoning" not in said


def _mistral(body: dict[str, Any]) -> None:
    """Thinking as a part of the content; ids of nine letters and digits."""
    said = _chat_said(body)
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]}
    assert said["content"][0] == {**thought, "signature": MARK}
    assert said["content"][1]["text"] == "I look."
    assert all(len(c["id"]) == 9 and c["id"].isalnum() for c in said["tool_calls"])
    assert "stream_options" not in body
    assert body["messages"][3]["name"] == "read"


def _delta(delta: dict[str, Any], **more: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more})


def _whole_calls(said: Said) -> list[dict[str, Any]]:
    """Calls as many servers send them: whole."""
    return [
        {
            "index": n,
            "id": c.id,
            "type": "function",
            "function": {"name": c.name, "arguments": "".join(c.pieces)},
        }
        for n, c in enumerate(said.calls)
    ]


def _end(said: Said, **more: Any) -> bytes:
    finish = "tool_calls" if said.calls else "stop"
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}], **more})


def deepseek(said: Said) -> list[bytes]:
    """With comments between, and its own words for the cache."""
    usage = {
        "prompt_tokens": 150,
        "prompt_cache_hit_tokens": 40,
        "prompt_cache_miss_tokens": 110,
        "completion_tokens": 30,
        "completion_tokens_details": {"reasoning_tokens": 12},
    }
    made = [p for p in streams.chat(said) if b'"finish_reason": "' not in p and b'"usage"' not in p]
    return [b": keep-alive\n\n", *made[:-1], _end(said, usage=usage), made[-1]]


def openrouter(said: Said) -> list[bytes]:
    """Reasoning in details, usage in a last chunk that has choices, comments."""
    base = {"type": "reasoning.text", "index": 0, "format": "anthropic-claude-v1"}
    made = [b": OPENROUTER PROCESSING\n\n"]
    made += [
        _delta({"content": "", "reasoning": t, "reasoning_details": [{**base, "text": t}]})
        for t in said.thinking
    ]
    made.append(_delta({"reasoning_details": [{**base, "signature": said.mark}]}))
    hidden = {"type": "reasoning.encrypted", "data": "ZQ==", "index": 1, "id": "e1"}
    made.append(_delta({"reasoning_details": [hidden]}))
    made += [_delta({"content": t}) for t in said.text]
    if said.calls:
        made.append(_delta({"content": None, "tool_calls": _whole_calls(said)}))
    return [*made, _end(said, usage={**CHAT_USAGE, "cost": 0.01}), event("[DONE]")]


def mistral(said: Said) -> list[bytes]:
    """Thinking as parts of the content, calls whole, usage in the last chunk."""
    made = [
        _delta({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": t}]}]})
        for t in said.thinking
    ]
    closed: dict[str, Any] = {
        "type": "thinking",
        "thinking": [],
        "signature": said.mark,
        "closed": True,
    }
    made.append(_delta({"content": [closed]}))
    made += [_delta({"content": [{"type": "text", "text": t}]}) for t in said.text]
    if said.calls:
        made.append(_delta({"content": "", "tool_calls": _whole_calls(said)}))
    return [*made, _end(said, usage=CHAT_USAGE), event("[DONE]")]


def groq(said: Said) -> list[bytes]:
    """Reasoning in its own field, calls whole, usage beside the choices."""
    made = [_delta({"reasoning": t, "channel": "analysis"}) for t in said.thinking]
    made += [_delta({"content": t}) for t in said.text]
    if said.calls:
        made.append(_delta({"tool_calls": _whole_calls(said)}))
    return [*made, _end(said, x_groq={"id": "r", "usage": CHAT_USAGE}), event("[DONE]")]


def azure(said: Said) -> list[bytes]:
    """A first event about the filter, which is nothing to us."""
    filtered: dict[str, Any] = {"choices": [], "id": "", "model": "", "prompt_filter_results": []}
    return [event({"type": "response.content_filter", **filtered}), *streams.responses(said)]


_CACHED = msgspec.structs.replace(USAGE, cache_write=None, input=110)
_SHOWN = {"capabilities": ["tools", "thinking"], "model_info": {"q.context_length": 8192}}
SERVICES = {
    "anthropic": Service("claude-sonnet-5", "/v1/messages", streams.messages, _anthropic),
    "openai": Service("gpt-6", "/v1/responses", streams.responses, _responses),
    "azure": Service("mine", "/openai/v1/responses", azure, _responses),
    "xai": Service("grok-4.7", "/v1/responses", streams.responses, _responses),
    "gemini": Service(
        "gemini-3-pro",
        "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
        streams.gemini,
        _gemini,
        _CACHED,
    ),
    "openrouter": Service("x/y", "/api/v1/chat/completions", openrouter, _openrouter, base="/api"),
    "deepseek": Service("m", "/v1/chat/completions", deepseek, _deepseek, _CACHED),
    "mistral": Service("m", "/v1/chat/completions", mistral, _mistral),
    "groq": Service("m", "/openai/v1/chat/completions", groq, _groq, base="/openai"),
    "ollama": Service(
        "m",
        "/api/chat",
        streams.ollama,
        _ollama,
        TokenUsage(input=150, output=30),
        "application/x-ndjson",
        shown=json.dumps(_SHOWN).encode(),
    ),
    "bedrock": Service(
        "us.anthropic.claude-sonnet-5-v1:0",
        "/model/us.anthropic.claude-sonnet-5-v1%3A0/converse-stream",
        streams.bedrock,
        _bedrock,
        msgspec.structs.replace(USAGE, reasoning=None),
        "application/vnd.amazon.eventstream",
    ),
}


@pytest.mark.parametrize("name", SERVICES)
async def test_a_conversation_with_tools(name: str, tmp_path: Path) -> None:
    """Thinking, text, two calls at once, results, final text; all that came goes back right."""
    service = SERVICES[name]
    (tmp_path / "one.txt").write_text("alpha\n")
    (tmp_path / "two.txt").write_text("beta\n")
    kind = f"content-type: {service.kind}"
    answers = [ok(b"".join(service.stream(s)), kind) for s in (ASKED, FINAL, FINAL)]
    first = [ok(service.shown, "content-type: application/json")] if service.shown else []
    events: list[Envelope] = []
    async with tiny_server(*first, *answers) as server:
        agent = agent_of(name, service, server, tmp_path)
        agent.hub.subscribe(events.append)
        async with agent:
            result = await agent.chat("Look.")
            again = await agent.chat("Thanks.")
    assert result.error is None
    assert (result.text, again.text) == ("All seen.", "All seen.")
    assert [c.arguments["file_path"] for c in result.tool_calls] == ["one.txt", "two.txt"]
    thoughts = [e.event.text for e in events if isinstance(e.event, ThinkingDelta)]
    assert "".join(thoughts) == "Hmm.So.So."
    usages = [e.event.usage for e in events if isinstance(e.event, TurnFinished)]
    assert usages == [service.usage] * 3
    lines = [r.split(b"\r\n")[0].decode().split() for r in server.requests[len(first) :]]
    assert lines == [["POST", service.path, "HTTP/1.1"]] * 3
    # What was sent back goes on being sent, when the next question comes.
    for request in server.requests[-2:]:
        service.check(json.loads(request.partition(b"\r\n\r\n")[2]))


def agent_of(name: str, service: Service, server: TinyServer, folder: Path) -> Agent:
    access = msgspec.structs.replace(server.access(), base_url=server.url + service.base)
    return Agent(
        f"{name}/{service.model}",
        system_prompt="You are a test.",
        approval_mode="all",
        cwd=folder,
        access=lambda _: access,
    )
