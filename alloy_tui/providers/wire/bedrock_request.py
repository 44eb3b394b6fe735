"""Requests in the Bedrock Converse format.

Owns the translation of a conversation: roles that alternate, tools that stay
declared once the history has calls, breakpoints for the prompt cache. Pure, and
stable: what was sent before is spelled with the same bytes in the next request.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

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

_IDS: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ODD: Final = re.compile(r"[^a-zA-Z0-9 ()\[\]-]+")
_CACHE: Final = {"cachePoint": {"type": "default"}}
# Other families refuse the marks in some places or in all, and the first Claudes everywhere.
_CACHES: Final = re.compile(
    r"(?:.*[./])?anthropic\.claude-(?!v\d|instant|3-opus|3-sonnet|3-haiku|3-5-sonnet)"
)
_THINKS: Final = re.compile(r".*anthropic\.claude-(opus|sonnet|fable|mythos)-[5-9]")
_CHOICES: Final[dict[str, dict[str, Any]]] = {"any": {"any": {}}}
_EFFORTS: Final = {"minimal": "low"}
_DOCUMENTS: Final = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
}


def path(request: CompletionRequest, model: str) -> str:
    """Where the request goes; the model's name is one segment whatever is in it."""
    verb = "converse-stream" if request.stream else "converse"
    return f"/model/{quote(model, safe='')}/{verb}"


def encode_request(request: CompletionRequest, info: ModelInfo) -> bytes:
    """The body of a request, JSON."""
    model = info.ref.model
    caching = _CACHES.match(model) is not None
    body: dict[str, Any] = {}
    if request.max_output is not None:
        body["inferenceConfig"] = {"maxTokens": request.max_output}
    if request.effort is not None and request.effort != "none":
        effort = _EFFORTS.get(request.effort, request.effort)
        body["outputConfig"] = {"effort": effort}
    if _THINKS.match(model) and request.effort != "none":
        thinking = {"type": "adaptive", "display": "summarized"}
        body["additionalModelRequestFields"] = {"thinking": thinking}
    tools = _tools(request, caching)
    if tools:
        body["toolConfig"] = tools
    if request.system.strip():
        body["system"] = [{"text": request.system}, *([_CACHE] if caching else [])]
    body.update(request.extra or {})
    # Last, so that a longer conversation is the same bytes with more at the end.
    body.pop("messages", None)
    body["messages"] = _messages(request.messages, str(info.ref))
    if caching and body["messages"]:
        # At the end, to be found again by the next request, whose messages begin with these.
        body["messages"][-1]["content"].append(_CACHE)
    return encode(body)


def _tools(request: CompletionRequest, caching: bool) -> dict[str, Any]:
    specs = [
        {
            "name": wire_name(t.name),
            "description": t.description or t.name,
            "inputSchema": {"json": t.input_schema},
        }
        for t in request.tools
    ]
    if not specs:
        # A history with calls is refused when no tool is declared at all.
        names = dict.fromkeys(wire_name(c.name) for m in request.messages for c in m.tool_calls)
        specs = [
            {"name": n, "description": n, "inputSchema": {"json": {"type": "object"}}}
            for n in names
        ]
    if not specs:
        return {}
    made: dict[str, Any] = {"tools": [{"toolSpec": s} for s in specs]}
    if caching:
        made["tools"].append(_CACHE)
    if request.tools and request.tool_choice in _CHOICES:
        made["toolChoice"] = _CHOICES[request.tool_choice]
    return made


def _messages(messages: tuple[ChatMessage, ...], target: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for message in messages:
        own = message.origin == target
        blocks = [
            spelled
            for block in message.blocks
            for spelled in (_said(block, own=own) if message.role == "assistant" else _asked(block))
        ] or [{"text": NO_TEXT}]
        if made and made[-1]["role"] == message.role:
            made[-1]["content"].extend(blocks)
        else:
            made.append({"role": message.role, "content": blocks})
    if made and made[0]["role"] != "user":
        made.insert(0, {"role": "user", "content": [{"text": NO_TEXT}]})
    return made


def _said(block: Block, *, own: bool) -> Iterator[dict[str, Any]]:
    """An assistant's block; thinking goes back only to the model that made it, and only signed."""
    match block:
        case TextBlock(text) if text.strip():
            yield {"text": text}
        case ThinkingBlock(text, {"signature": signature}) if own:
            yield {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}
        case ThinkingBlock(_, {"redacted": data}) if own:
            yield {"reasoningContent": {"redactedContent": data}}
        case ToolCallBlock():
            yield {
                "toolUse": {
                    "toolUseId": wire_id(block.id, _IDS),
                    "name": wire_name(block.name),
                    "input": {} if block.invalid is not None else block.arguments,
                }
            }
        case _:
            pass


def _asked(block: Block) -> Iterator[dict[str, Any]]:
    match block:
        case TextBlock(text) if text.strip():
            yield {"text": text}
        case ImageBlock():
            yield _image(block)
        case DocumentBlock():
            yield from _document(block)
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
            content.append({"text": item.text})
    made: dict[str, Any] = {
        "toolUseId": wire_id(block.call_id, _IDS),
        "content": content or [{"text": NO_OUTPUT}],
    }
    if block.is_error:
        made["status"] = "error"
    return {"toolResult": made}


def _image(block: ImageBlock) -> dict[str, Any]:
    form = block.media_type.rpartition("/")[2].replace("jpg", "jpeg")
    return {"image": {"format": form, "source": {"bytes": _base64(block.data)}}}


def _document(block: DocumentBlock) -> Iterator[dict[str, Any]]:
    form = _DOCUMENTS.get(block.media_type)
    if form is None:
        yield {"text": unreadable(block)}
        return
    # Few characters are taken in a name, and it may not be empty.
    name = " ".join(_ODD.sub(" ", block.name).split())[:200] or "document"
    source = {"bytes": _base64(block.data)}
    yield {"document": {"format": form, "name": name, "source": source}}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
