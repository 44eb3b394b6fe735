"""Requests in Ollama's own chat format.

Owns the translation of a conversation, and the size of the window that the
server is asked for: left alone it takes a small one and cuts the conversation
without a word. Pure, and stable: what was sent before is spelled with the same
bytes in the next request.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.providers.tolerant_json import encode
from alloy_tui.providers.wire.calls import wire_name
from alloy_tui.providers.wire.spelling import NO_TEXT, functions, result_text, unreadable

WINDOW: Final = 32_768
"""Tokens of window that are asked for when the model takes that many; memory grows with them."""

_LEVELS: Final = {"minimal": "low", "xhigh": "high", "none": "low"}


def encode_request(request: CompletionRequest, info: ModelInfo) -> bytes:
    """The body of a request, JSON."""
    body: dict[str, Any] = {"model": info.ref.model, "stream": request.stream}
    options: dict[str, Any] = {}
    # What is known of the model is what the server has been asked about it.
    options["num_ctx"] = min(info.context_window or WINDOW, WINDOW)
    if request.max_output is not None:
        options["num_predict"] = request.max_output
    body["options"] = options
    # An error is better than a conversation whose beginning was cut off unseen.
    body["truncate"] = False
    # A model that cannot think refuses to be told so.
    if request.effort is not None and info.capabilities.thinking != "none":
        body["think"] = _think(request.effort, info.ref.model)
    if request.schema is not None:
        body["format"] = request.schema
    if request.tools:
        body["tools"] = functions(request.tools)
    body.update(request.extra or {})
    # Last, so that a longer conversation is the same bytes with more at the end.
    body.pop("messages", None)
    body["messages"] = list(_messages(request, str(info.ref)))
    return encode(body)


def _think(effort: str, model: str) -> bool | str:
    """One family thinks in levels and cannot be stopped; the others do it or not."""
    if model.startswith("gpt-oss"):
        return _LEVELS.get(effort, effort)
    return effort != "none"


def _messages(request: CompletionRequest, target: str) -> Iterator[dict[str, Any]]:
    if request.system.strip():
        yield {"role": "system", "content": request.system}
    names: dict[str, str] = {}
    for message in request.messages:
        names.update((c.id, c.name) for c in message.tool_calls)
        if message.role == "assistant":
            yield _said(message, own=message.origin == target)
        else:
            yield from _asked(message, names)


def _said(message: ChatMessage, *, own: bool) -> dict[str, Any]:
    text = "\n\n".join(
        b.text for b in message.blocks if isinstance(b, TextBlock) and b.text.strip()
    )
    if not text and not message.tool_calls:
        text = NO_TEXT
    made: dict[str, Any] = {"role": "assistant", "content": text}
    thinking = "".join(b.text for b in message.blocks if isinstance(b, ThinkingBlock))
    if own and thinking and message.tool_calls:
        made["thinking"] = thinking
    if message.tool_calls:
        made["tool_calls"] = [_call(n, c) for n, c in enumerate(message.tool_calls)]
    return made


def _call(index: int, call: ToolCallBlock) -> dict[str, Any]:
    arguments = {} if call.invalid is not None else call.arguments
    function = {"index": index, "name": wire_name(call.name), "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _asked(message: ChatMessage, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    for result in message.tool_results:
        made: dict[str, Any] = {
            "role": "tool",
            "tool_name": wire_name(names.get(result.call_id, "")),
            "tool_call_id": result.call_id,
            "content": result_text(result),
        }
        images = [_image(b) for b in result.content if isinstance(b, ImageBlock)]
        if images:
            made["images"] = images
        yield made
    said = [_words(b) for b in message.blocks if isinstance(b, (TextBlock, DocumentBlock))]
    images = [_image(b) for b in message.blocks if isinstance(b, ImageBlock)]
    text = "\n\n".join(s for s in said if s.strip())
    if not text and not images and not message.tool_results:
        text = NO_TEXT
    if text or images:
        yield {"role": "user", "content": text, **({"images": images} if images else {})}


def _words(block: TextBlock | DocumentBlock) -> str:
    if isinstance(block, TextBlock):
        return block.text
    if block.media_type.startswith("text/"):
        return f"{block.name}:\n{block.data.decode('utf-8', 'replace')}"
    return unreadable(block)


def _image(block: ImageBlock) -> str:
    return base64.b64encode(block.data).decode()
