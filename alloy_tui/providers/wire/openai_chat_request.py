"""Requests in the Chat Completions format.

Owns the translation of a conversation and the differences between services
that speak this format (`ChatQuirks`). Pure, and stable: what was sent before is
spelled with the same bytes in the next request, so that prompt caches hit.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

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
from alloy_tui.providers.tolerant_json import encode
from alloy_tui.providers.wire.calls import wire_id, wire_name
from alloy_tui.providers.wire.spelling import NO_TEXT, functions, result_text, unreadable

_SHORT: Final = re.compile(r"[a-zA-Z0-9]{9}")
_CHOICES: Final = {"any": "required", "none": "none"}


class ChatQuirks(msgspec.Struct, frozen=True):
    """How a service differs from the format's average.

    `max_tokens_field` names the output limit. `stream_usage` asks for usage at
    the end of a stream. `cache_key` sends the conversation's key. `documents`
    says that files are taken. `efforts` maps our effort levels to the
    service's words; levels that are absent go out as they are.
    `reasoning_due` marks services that want a reasoning field in every message
    with tool calls, even an empty one. `longest_id` bounds tool call ids;
    `short_ids` makes them nine letters and digits. `effort_form` "object" sends
    the effort as `reasoning.effort`. `cache_marks` are the beginnings of model
    names whose system prompt is marked for the cache. `bridge` puts an
    assistant's word between a tool's and a user's. `tool_names` sends a tool's
    name with its result. `reasoning_fields` is false where reasoning travels as
    parts of the content alone.
    """

    max_tokens_field: str = "max_tokens"
    stream_usage: bool = True
    cache_key: bool = False
    documents: bool = False
    efforts: dict[str, str] = {}
    reasoning_due: bool = False
    longest_id: int = 64
    short_ids: bool = False
    effort_form: Literal["field", "object"] = "field"
    cache_marks: tuple[str, ...] = ()
    bridge: bool = False
    reasoning_fields: bool = True
    tool_names: bool = False


def encode_request(request: CompletionRequest, info: ModelInfo, quirks: ChatQuirks) -> bytes:
    """The body of a request, JSON."""
    body: dict[str, Any] = {"model": info.ref.model}
    if request.max_output is not None:
        body[quirks.max_tokens_field] = request.max_output
    if request.effort is not None:
        effort = quirks.efforts.get(request.effort, request.effort)
        if quirks.effort_form == "object":
            body["reasoning"] = {"effort": effort}
        else:
            body["reasoning_effort"] = effort
    if request.schema is not None:
        schema = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    if quirks.cache_key and request.conversation:
        body["prompt_cache_key"] = request.conversation
    if request.tools:
        body["tools"] = functions(request.tools)
        if request.tool_choice != "auto":
            body["tool_choice"] = _CHOICES[request.tool_choice]
    body.update(request.extra or {})
    # Last, so that a longer conversation is the same bytes with more at the end.
    body.pop("messages", None)
    body["messages"] = list(_Spelling(info, quirks).conversation(request))
    return encode(body)


class _Spelling:
    """Spells messages for one model."""

    def __init__(self, info: ModelInfo, quirks: ChatQuirks) -> None:
        self._origin = str(info.ref)
        self._quirks = quirks
        self._ids = re.compile(f"[!-~]{{1,{quirks.longest_id}}}")
        self._marked = info.ref.model.startswith(quirks.cache_marks or ("\0",))
        self._names: dict[str, str] = {}

    def conversation(self, request: CompletionRequest) -> Iterator[dict[str, Any]]:
        if request.system:
            mark = {**_text(request.system), "cache_control": {"type": "ephemeral"}}
            yield {"role": "system", "content": [mark] if self._marked else request.system}
        last = ""
        for message in request.messages:
            made = [self._assistant(message)] if message.role == "assistant" else None
            for spelled in made or self._user(message):
                if self._quirks.bridge and (last, spelled["role"]) == ("tool", "user"):
                    yield {"role": "assistant", "content": NO_TEXT}
                yield spelled
                last = spelled["role"]

    def _assistant(self, message: ChatMessage) -> dict[str, Any]:
        text = "\n\n".join(
            b.text for b in message.blocks if isinstance(b, TextBlock) and b.text.strip()
        )
        calls = message.tool_calls
        for call in calls:
            self._names[call.id] = wire_name(call.name)
        made: dict[str, Any] = {
            "role": "assistant",
            "content": self._thought(message, text) or text or (None if calls else NO_TEXT),
        }
        if calls:
            made |= self._reasoning(message)
            made["tool_calls"] = [self._call(c) for c in calls]
        return made

    def _thought(self, message: ChatMessage, text: str) -> list[dict[str, Any]]:
        """Thinking that came as parts of the content goes back as such to its own model."""
        if message.origin != self._origin:
            return []
        parts: list[dict[str, Any]] = [
            {
                "type": "thinking",
                "thinking": [_text(b.text)],
                **{k: v for k, v in (b.opaque or {}).items() if k == "signature"},
            }
            for b in message.blocks
            if isinstance(b, ThinkingBlock) and (b.opaque or {}).get("parts")
        ]
        return [*parts, *([_text(text)] if text else [])] if parts else []

    def _id(self, call_id: str) -> str:
        if not self._quirks.short_ids or _SHORT.fullmatch(call_id):
            return wire_id(call_id, self._ids)
        return hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:9]

    def _reasoning(self, message: ChatMessage) -> dict[str, Any]:
        """Reasoning goes back to the model that made it, where it had called tools."""
        made: dict[str, Any] = {}
        if message.origin == self._origin and self._quirks.reasoning_fields:
            for block in message.blocks:
                if isinstance(block, ThinkingBlock) and block.opaque:
                    if "reasoning_details" in block.opaque:
                        made["reasoning_details"] = block.opaque["reasoning_details"]
                    elif "field" in block.opaque:
                        made[str(block.opaque["field"])] = block.text
        if self._quirks.reasoning_due and not made:
            made["reasoning_content"] = ""
        return made

    def _call(self, call: ToolCallBlock) -> dict[str, Any]:
        # Arguments that were no JSON object are answered with an error; servers that
        # parse history would choke on them.
        arguments = {} if call.invalid is not None else call.arguments
        return {
            "id": self._id(call.id),
            "type": "function",
            "function": {"name": wire_name(call.name), "arguments": encode(arguments).decode()},
        }

    def _user(self, message: ChatMessage) -> Iterator[dict[str, Any]]:
        shown: list[dict[str, Any]] = []
        for result in message.tool_results:
            named = {"name": self._names.get(result.call_id, "unnamed")}
            yield {
                "role": "tool",
                "tool_call_id": self._id(result.call_id),
                **(named if self._quirks.tool_names else {}),
                "content": result_text(result),
            }
            shown.extend(self._images(result))
        if shown:
            # Tool messages hold text only in this format.
            shown.insert(0, _text("Images from the tool results above:"))
        rest = [b for b in message.blocks if not isinstance(b, ToolResultBlock)]
        parts = [*shown, *self._parts(rest)]
        if parts:
            yield {"role": "user", "content": _plain(parts)}
        elif not message.tool_results:
            yield {"role": "user", "content": NO_TEXT}

    def _images(self, result: ToolResultBlock) -> list[dict[str, Any]]:
        return [_image(b) for b in result.content if isinstance(b, ImageBlock)]

    def _parts(self, blocks: Sequence[Any]) -> Iterator[dict[str, Any]]:
        for block in blocks:
            match block:
                case TextBlock(text) if text.strip():
                    yield _text(text)
                case ImageBlock():
                    yield _image(block)
                case DocumentBlock():
                    yield self._document(block)
                case _:
                    pass

    def _document(self, block: DocumentBlock) -> dict[str, Any]:
        if block.media_type.startswith("text/"):
            return _text(f"{block.name}:\n{block.data.decode('utf-8', 'replace')}")
        if self._quirks.documents:
            data = _data_url(block.media_type, block.data)
            return {"type": "file", "file": {"filename": block.name, "file_data": data}}
        return _text(unreadable(block))


def _plain(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Text alone goes as a string: not every server takes a list."""
    if all(p["type"] == "text" for p in parts):
        return "\n\n".join(p["text"] for p in parts)
    return parts


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _image(block: ImageBlock) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": _data_url(block.media_type, block.data)}}


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
