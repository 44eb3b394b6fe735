"""Requests in the Gemini format.

Owns the translation of a conversation into contents and parts. Signatures go
back to the model that gave them, on the part that they came on; calls of other
models carry the word that the service takes in their place. Pure, and stable:
what was sent before is spelled with the same bytes in the next request.
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
from alloy_tui.domain.provider import CompletionRequest, Effort
from alloy_tui.providers.tolerant_json import encode
from alloy_tui.providers.wire.calls import wire_id, wire_name
from alloy_tui.providers.wire.spelling import NO_OUTPUT, NO_TEXT, unreadable

FOREIGN: Final = "skip_thought_signature_validator"
"""Stands for the signature of a call that another model made."""

_IDS: Final = re.compile(r"[!-~]{1,128}")
_CHOICES: Final = {"any": "ANY", "none": "NONE"}
_BY_LEVEL: Final = re.compile(r"gemini-([3-9]|\d\d)|gemini-(flash|pro)(-lite)?-latest")
_BY_BUDGET: Final = re.compile(r"gemini-2\.5")
_LEVELS: Final[dict[Effort, str]] = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
    "max": "XHIGH",
}
_BUDGETS: Final[dict[Effort, int]] = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 24_576,
    "max": 24_576,
}


def path(request: CompletionRequest, model: str) -> str:
    """Where the request goes, below the version part of the address."""
    name = quote(model.removeprefix("models/"), safe="")
    return f"/models/{name}:" + (
        "streamGenerateContent?alt=sse" if request.stream else "generateContent"
    )


def encode_request(request: CompletionRequest, info: ModelInfo) -> bytes:
    """The body of a request, JSON."""
    body: dict[str, Any] = {}
    if request.system.strip():
        body["systemInstruction"] = {"parts": [{"text": request.system}]}
    if request.tools:
        declared = [
            {"name": t.name, "description": t.description, "parametersJsonSchema": t.input_schema}
            for t in request.tools
        ]
        body["tools"] = [{"functionDeclarations": declared}]
        if request.tool_choice != "auto":
            mode = {"mode": _CHOICES[request.tool_choice]}
            body["toolConfig"] = {"functionCallingConfig": mode}
    settings = _settings(request, info.ref.model)
    if settings:
        body["generationConfig"] = settings
    body.update(request.extra or {})
    # Last, so that a longer conversation is the same bytes with more at the end.
    body.pop("contents", None)
    body["contents"] = list(_Spelling(info, request.messages).contents())
    return encode(body)


def _settings(request: CompletionRequest, model: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if request.max_output is not None:
        made["maxOutputTokens"] = request.max_output
    if request.schema is not None:
        made["responseMimeType"] = "application/json"
        made["responseJsonSchema"] = request.schema
    effort = request.effort
    if _BY_BUDGET.match(model):
        thinking: dict[str, Any] = {"includeThoughts": effort != "none"}
        if effort is not None:
            thinking["thinkingBudget"] = _BUDGETS[effort]
        made["thinkingConfig"] = thinking
    elif effort is not None or _BY_LEVEL.match(model):
        thinking = {"includeThoughts": True}
        if effort is not None:
            thinking["thinkingLevel"] = _LEVELS[effort]
        made["thinkingConfig"] = thinking
    return made


class _Spelling:
    """Spells messages for one model."""

    def __init__(self, info: ModelInfo, messages: tuple[ChatMessage, ...]) -> None:
        self._origin = str(info.ref)
        self._validates = not _BY_BUDGET.match(info.ref.model)
        self._messages = messages
        self._made: dict[str, ToolCallBlock] = {}

    def contents(self) -> Iterator[dict[str, Any]]:
        for message in self._messages:
            if message.role == "assistant":
                yield {"role": "model", "parts": self._said(message)}
            else:
                yield from self._asked(message)

    def _said(self, message: ChatMessage) -> list[dict[str, Any]]:
        own = message.origin == self._origin
        parts: list[dict[str, Any]] = []
        called = False
        for block in message.blocks:
            if isinstance(block, ToolCallBlock):
                self._made[block.id] = block
                parts.append(self._call(block, own=own, first=not called))
                called = True
            else:
                parts.extend(_spoken(block, own=own))
        return parts or [{"text": NO_TEXT}]

    def _call(self, block: ToolCallBlock, *, own: bool, first: bool) -> dict[str, Any]:
        arguments = {} if block.invalid is not None else block.arguments
        call = {"id": wire_id(block.id, _IDS), "name": wire_name(block.name), "args": arguments}
        made: dict[str, Any] = {"functionCall": call}
        signature = (block.opaque or {}).get("signature") if own else None
        if signature is None and first and self._validates:
            signature = FOREIGN
        if signature:
            made["thoughtSignature"] = signature
        return made

    def _asked(self, message: ChatMessage) -> Iterator[dict[str, Any]]:
        results = [self._result(r) for r in message.tool_results]
        if results:
            # By themselves: the service counts the parts that answer a content of calls.
            yield {"role": "user", "parts": results}
        parts = [p for b in message.blocks for p in _heard(b)]
        if parts or not results:
            yield {"role": "user", "parts": parts or [{"text": NO_TEXT}]}

    def _result(self, block: ToolResultBlock) -> dict[str, Any]:
        call = self._made.get(block.call_id)
        words = block.text if block.text.strip() else NO_OUTPUT
        made: dict[str, Any] = {
            "id": wire_id(block.call_id, _IDS),
            "name": wire_name(call.name) if call is not None else "unnamed",
            "response": {"error": words} if block.is_error else {"output": words},
        }
        images = [_inline(b.media_type, b.data) for b in block.content if isinstance(b, ImageBlock)]
        if images:
            made["parts"] = images
        return {"functionResponse": made}


def _spoken(block: Block, *, own: bool) -> Iterator[dict[str, Any]]:
    """What the model said besides calls; summaries of thoughts go back only if signed."""
    signature = None
    if own and isinstance(block, (TextBlock, ThinkingBlock)):
        signature = (block.opaque or {}).get("signature")
    match block:
        case TextBlock(text) if text.strip() or signature:
            yield {"text": text, **({"thoughtSignature": signature} if signature else {})}
        case ThinkingBlock(text) if signature:
            yield {"text": text, "thought": True, "thoughtSignature": signature}
        case ImageBlock():
            yield _inline(block.media_type, block.data)
        case _:
            pass


def _heard(block: Block) -> Iterator[dict[str, Any]]:
    match block:
        case TextBlock(text) if text.strip():
            yield {"text": text}
        case ImageBlock():
            yield _inline(block.media_type, block.data)
        case DocumentBlock():
            yield _document(block)
        case _:
            pass


def _document(block: DocumentBlock) -> dict[str, Any]:
    if block.media_type.startswith("text/"):
        return {"text": f"{block.name}:\n{block.data.decode('utf-8', 'replace')}"}
    if block.media_type == "application/pdf":
        return _inline(block.media_type, block.data)
    return {"text": unreadable(block)}


def _inline(media_type: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": base64.b64encode(data).decode()}}
