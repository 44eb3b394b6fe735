"""Requests in the OpenAI Responses format, nothing stored at the service.

Owns the translation of a conversation into items. What the same model wrote
goes back as it came, reasoning included; of anything else only words and calls.
Pure, and stable: what was sent before is spelled with the same bytes in the
next request.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from alloy_tui.domain.messages import (
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
from alloy_tui.providers.tolerant_json import encode, mapping
from alloy_tui.providers.wire.calls import wire_id, wire_name
from alloy_tui.providers.wire.spelling import NO_TEXT, result_text, unreadable

LEAST_OUTPUT: Final = 16
"""The smallest output limit that the format takes."""

_IDS: Final = re.compile(r"[!-~]{1,64}")
_CHOICES: Final = {"any": "required", "none": "none"}
_REASONS: Final = re.compile(r"(o\d|gpt-[5-9]|gpt-\d\d|codex|grok-([4-9]|\d\d))")


class ResponsesQuirks(msgspec.Struct, frozen=True):
    """How a service differs.

    `cache_key` sends the conversation's key. `documents` says that files are
    taken. `summaries` asks models that reason to show a summary of it.
    `efforts` maps our effort levels to the service's words.
    """

    cache_key: bool = True
    documents: bool = True
    summaries: bool = True
    efforts: dict[str, str] = {}


def encode_request(request: CompletionRequest, info: ModelInfo, quirks: ResponsesQuirks) -> bytes:
    """The body of a request, JSON."""
    body: dict[str, Any] = {
        "model": info.ref.model,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    if request.stream:
        body["stream"] = True
    if request.max_output is not None:
        body["max_output_tokens"] = max(LEAST_OUTPUT, request.max_output)
    reasoning = _reasoning(request, info.ref.model, quirks)
    if reasoning:
        body["reasoning"] = reasoning
    if quirks.cache_key and request.conversation:
        body["prompt_cache_key"] = request.conversation
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": t.name,
                "description": t.description,
                "parameters": t.input_schema,
                # The format's default is true, which most schemas do not fulfil.
                "strict": False,
            }
            for t in request.tools
        ]
        if request.tool_choice != "auto":
            body["tool_choice"] = _CHOICES[request.tool_choice]
    if request.schema is not None:
        form = {"type": "json_schema", "name": "answer", "schema": request.schema, "strict": True}
        body["text"] = {"format": form}
    if request.system:
        body["instructions"] = request.system
    body.update(request.extra or {})
    # Last, so that a longer conversation is the same bytes with more at the end.
    body.pop("input", None)
    body["input"] = [item for m in request.messages for item in _items(m, str(info.ref), quirks)]
    return encode(body)


def _reasoning(request: CompletionRequest, model: str, quirks: ResponsesQuirks) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if request.effort is not None:
        made["effort"] = quirks.efforts.get(request.effort, request.effort)
    if quirks.summaries and request.effort != "none" and (made or _REASONS.match(model)):
        made["summary"] = "auto"
    return made


def _items(message: ChatMessage, target: str, quirks: ResponsesQuirks) -> Iterator[dict[str, Any]]:
    if message.role == "assistant":
        yield from _said(message, own=message.origin == target)
    else:
        yield from _asked(message, quirks)


def _said(message: ChatMessage, *, own: bool) -> Iterator[dict[str, Any]]:
    """What a model wrote; ids go back only beside the reasoning that belongs to them."""
    thoughts = [b for b in message.blocks if isinstance(b, ThinkingBlock)]
    items = [mapping((b.opaque or {}).get("item")) for b in thoughts]
    # Nothing is stored, so reasoning without its encrypted content cannot be found again.
    own = own and all(item.get("encrypted_content") for item in items)
    said = False
    blocks = message.blocks
    while blocks and isinstance(blocks[-1], ThinkingBlock):
        # Reasoning is refused without the item that it led to; a limit cut that off.
        blocks = blocks[:-1]
    for block in blocks:
        match block:
            case ThinkingBlock() if own:
                yield mapping((block.opaque or {}).get("item"))
            case TextBlock(text) if text.strip():
                said = True
                yield _text(block, own=own)
            case ToolCallBlock():
                said = True
                yield _call(block, own=own)
            case _:
                pass
    if not said:
        yield {"type": "message", "role": "assistant", "content": NO_TEXT}


def _text(block: TextBlock, *, own: bool) -> dict[str, Any]:
    kept = block.opaque or {} if own else {}
    made: dict[str, Any] = {"type": "message", "role": "assistant"}
    if kept.get("id"):
        part: dict[str, Any] = {"type": "output_text", "text": block.text, "annotations": []}
        made |= {"id": kept["id"], "status": "completed", "content": [part]}
    else:
        made["content"] = block.text
    if kept.get("phase"):
        made["phase"] = kept["phase"]
    return made


def _call(block: ToolCallBlock, *, own: bool) -> dict[str, Any]:
    # Arguments that were no JSON object are answered with an error, and go back as none.
    arguments = {} if block.invalid is not None else block.arguments
    made: dict[str, Any] = {
        "type": "function_call",
        "call_id": wire_id(block.id, _IDS),
        "name": wire_name(block.name),
        "arguments": encode(arguments).decode(),
    }
    item_id = (block.opaque or {}).get("item_id")
    return {**made, "id": item_id} if own and item_id else made


def _asked(message: ChatMessage, quirks: ResponsesQuirks) -> Iterator[dict[str, Any]]:
    for result in message.tool_results:
        yield {
            "type": "function_call_output",
            "call_id": wire_id(result.call_id, _IDS),
            "output": _output(result),
        }
    parts = [p for b in message.blocks if (p := _part(b, quirks)) is not None]
    if parts or not message.tool_results:
        yield {"type": "message", "role": "user", "content": _plain(parts)}


def _output(result: ToolResultBlock) -> str | list[dict[str, Any]]:
    images = [_image(b) for b in result.content if isinstance(b, ImageBlock)]
    text = result_text(result)
    return [{"type": "input_text", "text": text}, *images] if images else text


def _part(block: object, quirks: ResponsesQuirks) -> dict[str, Any] | None:
    match block:
        case TextBlock(text) if text.strip():
            return {"type": "input_text", "text": text}
        case ImageBlock():
            return _image(block)
        case DocumentBlock():
            return _document(block, quirks)
        case _:
            return None


def _document(block: DocumentBlock, quirks: ResponsesQuirks) -> dict[str, Any]:
    if block.media_type.startswith("text/"):
        text = f"{block.name}:\n{block.data.decode('utf-8', 'replace')}"
    elif quirks.documents:
        data = _data_url(block.media_type, block.data)
        return {"type": "input_file", "filename": block.name, "file_data": data}
    else:
        text = unreadable(block)
    return {"type": "input_text", "text": text}


def _image(block: ImageBlock) -> dict[str, Any]:
    url = _data_url(block.media_type, block.data)
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def _plain(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    if not parts:
        return NO_TEXT
    if all(p["type"] == "input_text" for p in parts):
        return "\n\n".join(p["text"] for p in parts)
    return parts


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
