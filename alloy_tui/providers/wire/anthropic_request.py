"""Requests in the Anthropic Messages format.

Owns the translation of a conversation, with the breakpoints for the prompt
cache. Pure, and stable: what was sent before is spelled with the same bytes in
the next request.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.providers.tolerant_json import encode
from alloy_tui.providers.wire.calls import wire_id, wire_name
from alloy_tui.providers.wire.spelling import NO_OUTPUT, NO_TEXT, unreadable

VERSION: Final = "2026-10-21"
"""The API version that these requests are written for."""

DEFAULT_MAX_OUTPUT: Final = 8192
_IDS: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CACHE: Final = {"type": "ephemeral"}
_EFFORTS: Final = {"minimal": "low"}
_THINKS: Final = re.compile(r"claude-(opus|sonnet|fable|mythos)-[5-9]")
_ADAPTIVE: Final = re.compile(r"claude-(opus|sonnet)-4-[6-9]")
_ALWAYS_THINKS: Final = re.compile(r"claude-(opus-5-5|(fable|mythos)-5-[1-9])")


class MessagesQuirks(msgspec.Struct, frozen=True):
    """How a service differs.

    `caching`: it takes `cache_control`. `thinking`: it takes `thinking` and
    `output_config`, the settings of the service that the format comes from.
    """

    caching: bool = True
    thinking: bool = False


def encode_request(request: CompletionRequest, info: ModelInfo, quirks: MessagesQuirks) -> bytes:
    """The body of a request, JSON."""
    body: dict[str, Any] = {
        "model": info.ref.model,
        "max_tokens": request.max_output or info.max_output or DEFAULT_MAX_OUTPUT,
    }
    if request.stream:
        body["stream"] = True
    if quirks.thinking:
        body |= _thinking(request, info.ref.model)
    if quirks.caching:
        # The service puts this breakpoint on the last block by itself, which keeps
        # the bytes of every message the same when the next one is appended.
        body["cache_control"] = _CACHE
    if request.tools:
        body["tools"] = _tools(request, quirks)
        if request.tool_choice != "auto":
            body["tool_choice"] = {"type": request.tool_choice}
    if request.system.strip():
        body["system"] = [_marked({"type": "text", "text": request.system}, quirks)]
    body.update(request.extra or {})
    # Last, so that a longer conversation is the same bytes with more at the end.
    body.pop("messages", None)
    body["messages"] = [_message(m, str(info.ref)) for m in request.messages]
    return encode(body)


def _thinking(request: CompletionRequest, model: str) -> dict[str, Any]:
    """The thinking settings; models that think by default are asked to show a summary of it."""
    if request.effort == "none":
        return {} if _ALWAYS_THINKS.match(model) else {"thinking": {"type": "disabled"}}
    made: dict[str, Any] = {}
    if _THINKS.match(model) or (request.effort is not None and _ADAPTIVE.match(model)):
        made["thinking"] = {"type": "adaptive", "display": "summarized"}
    if request.effort is not None:
        made["output_config"] = {"effort": _EFFORTS.get(request.effort, request.effort)}
    return made


def _marked(block: dict[str, Any], quirks: MessagesQuirks) -> dict[str, Any]:
    return {**block, "cache_control": _CACHE} if quirks.caching else block


def _tools(request: CompletionRequest, quirks: MessagesQuirks) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = [
        {"name": t.name, "description": t.description, "input_schema": t.input_schema}
        for t in request.tools
    ]
    return [*tools[:-1], _marked(tools[-1], quirks)]


def _message(message: ChatMessage, target: str) -> dict[str, Any]:
    if message.role == "assistant":
        own = message.origin == target
        content = [spelled for b in message.blocks for spelled in _said(b, own=own)]
    else:
        content = [spelled for b in message.blocks for spelled in _asked(b)]
    return {"role": message.role, "content": content or [{"type": "text", "text": NO_TEXT}]}


def _said(block: Block, *, own: bool) -> Iterator[dict[str, Any]]:
    """An assistant's block; thinking goes back only to the model that made it, and only signed."""
    match block:
        case TextBlock(text) if text.strip():
            yield {"type": "text", "text": text}
        case ThinkingBlock(text, {"signature": signature}) if own:
            yield {"type": "thinking", "thinking": text, "signature": signature}
        case ThinkingBlock(_, {"redacted": data}) if own:
            yield {"type": "redacted_thinking", "data": data}
        case ToolCallBlock():
            yield {
                "type": "tool_use",
                "id": wire_id(block.id, _IDS),
                "name": wire_name(block.name),
                "input": {} if block.invalid is not None else block.arguments,
            }
        case _:
            pass


def _asked(block: Block) -> Iterator[dict[str, Any]]:
    match block:
        case TextBlock(text) if text.strip():
            yield {"type": "text", "text": text}
        case ImageBlock():
            yield _image(block)
        case DocumentBlock():
            yield _document(block)
        case ToolResultBlock():
            yield _result(block)
        case _:
            pass


def _result(block: ToolResultBlock) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for item in block.content:
        if isinstance(item, ImageBlock):
            content.append(_image(item))
        elif item.text.strip():
            content.append({"type": "text", "text": item.text})
    made: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": wire_id(block.call_id, _IDS),
        "content": content or NO_OUTPUT,
    }
    if block.is_error:
        made["is_error"] = True
    return made


def _image(block: ImageBlock) -> dict[str, Any]:
    return {"type": "image", "source": _base64(block.media_type, block.data)}


def _document(block: DocumentBlock) -> dict[str, Any]:
    if block.media_type == "application/pdf":
        source = _base64(block.media_type, block.data)
    elif block.media_type.startswith("text/"):
        text = block.data.decode("utf-8", "replace")
        source = {"type": "text", "media_type": "text/plain", "data": text}
    else:
        return {"type": "text", "text": unreadable(block)}
    return {"type": "document", "source": source, "title": block.name}


def _base64(media_type: str, data: bytes) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
