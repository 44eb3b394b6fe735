"""Requests held against the types of the services' own libraries, unknown keys forbidden."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.messages import ChatMessage, user
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest, Effort
from alloy_tui.domain.transcript import repair
from alloy_tui.providers.services import find_service
from tests.providers.conversations import MESSAGES, READ
from tests.support.official_types import complaints

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}


def _responses(body: Any) -> list[str]:
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

    return complaints(body, ResponseCreateParamsStreaming)


def _chat(body: Any) -> list[str]:
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

    return complaints(body, CompletionCreateParamsStreaming)


def _groq(body: Any) -> list[str]:
    from groq.types.chat.completion_create_params import CompletionCreateParams

    # The library takes `stream` beside these.
    return complaints(
        {k: v for k, v in body.items() if k != "stream_options"}, CompletionCreateParams
    )


def _messages(body: Any) -> list[str]:
    from anthropic.types.message_create_params import MessageCreateParamsStreaming

    return complaints(body, MessageCreateParamsStreaming)


def _mistral(body: Any) -> list[str]:
    from mistralai.client import models

    kept = models.ChatCompletionStreamRequest.model_validate(body)
    return _lost(body, kept.model_dump(mode="json", by_alias=True, exclude_unset=True), "request")


def _lost(sent: Any, kept: Any, where: str) -> list[str]:
    """What the type did not take over."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        found = [f"{where}.{k}: unknown" for k in sent if k not in kept]
        return found + [
            c for k in sent if k in kept for c in _lost(sent[k], kept[k], f"{where}.{k}")
        ]
    if isinstance(sent, list) and isinstance(kept, list):
        pairs = enumerate(zip(sent, kept, strict=True))
        return [c for n, (a, b) in pairs for c in _lost(a, b, f"{where}[{n}]")]
    return []


def _gemini(body: Any) -> list[str]:
    from google.genai import types

    kinds: dict[str, Any] = {
        "contents": types.Content,
        "tools": types.Tool,
        "systemInstruction": types.Content,
        "toolConfig": types.ToolConfig,
        "generationConfig": types.GenerationConfig,
    }
    found = [f"unknown: {k}" for k in body if k not in kinds]
    for name, kind in kinds.items():
        value = body.get(name, [])
        for item in value if isinstance(value, list) else [value]:
            kind.model_validate(item)  # raises for what it does not know
    return found


def _ollama(body: Any) -> list[str]:
    from ollama._types import ChatRequest  # the one place where the library declares a request

    ChatRequest.model_validate(body)
    # The server takes these; the library of this version does not know them yet.
    newer = {"truncate"}
    found = [f"unknown: {k}" for k in body if k not in ChatRequest.model_fields and k not in newer]
    known = {"role", "content", "thinking", "images", "tool_name", "tool_calls", "tool_call_id"}
    return found + [f"unknown: {k}" for m in body["messages"] for k in m if k not in known]


def _bedrock(body: Any) -> list[str]:
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.Session().get_service_model("bedrock-runtime")
    shape = model.operation_model("ConverseStream").input_shape
    assert shape is not None
    report = ParamValidator().validate({"modelId": "m", **_with_bytes(body)}, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + [f"unknown: {k}" for k in body if k not in shape.members]


def _with_bytes(value: Any) -> Any:
    """Base64 becomes bytes, as the library takes them."""
    if isinstance(value, dict):
        made = {k: _with_bytes(v) for k, v in value.items()}
        if "bytes" in made:
            made["bytes"] = b"x"
        if "redactedContent" in made:
            made["redactedContent"] = b"x"
        return made
    return [_with_bytes(v) for v in value] if isinstance(value, list) else value


JUDGES: dict[str, tuple[str, Callable[[Any], list[str]]]] = {
    "openai": ("m", _responses),
    "xai": ("grok-4.7", _responses),
    "azure": ("m", _responses),
    "openai chat": ("gpt-4.1", _chat),
    "anthropic": ("m", _messages),
    "gemini": ("m", _gemini),
    "mistral": ("m", _mistral),
    "groq": ("m", _groq),
    "ollama": ("m", _ollama),
    "bedrock": ("m", _bedrock),
}


def _body(name: str, messages: tuple[ChatMessage, ...], **more: Any) -> Any:
    service = find_service(name.split(maxsplit=1)[0])
    model = JUDGES[name][0]
    info = ModelInfo(ModelRef(service.name, model))
    request = CompletionRequest("Be good.", messages, (READ,), conversation="c", **more)
    return json.loads(service.wire_for(model).encode(request, info))


@pytest.mark.parametrize("name", JUDGES)
@given(messages=MESSAGES, effort=st.sampled_from([None, "low", "high"]))
@settings(max_examples=25, deadline=None)
def test_any_conversation_is_a_request_of_the_official_type(
    name: str, messages: list[ChatMessage], effort: Effort | None
) -> None:
    """Whoever wrote its parts, and in whichever format."""
    body = _body(name, repair([*messages, user("End")]), effort=effort)
    assert JUDGES[name][1](body) == []


@pytest.mark.parametrize("name", sorted(set(JUDGES) - {"anthropic", "bedrock", "mistral"}))
def test_an_answer_in_a_form_is_asked_for_as_the_type_says(name: str) -> None:
    """A schema goes where each format wants it."""
    body = _body(name, (user("Go"),), schema=SCHEMA)
    assert JUDGES[name][1](body) == []
    assert json.dumps(SCHEMA) in json.dumps(body)


def test_a_wrong_request_is_noticed() -> None:
    """The judge itself: an unknown key deep inside, a missing one, a value of a wrong kind."""
    right = _body("openai", (user("Go"),))
    assert _responses(right) == []
    assert _responses({**right, "max_tokens": 3}) != []
    assert _responses({**right, "input": [{"type": "function_call", "call_id": "x"}]}) != []
    assert _responses({**right, "stream": "yes"}) != []
