"""Support: one answer as each of the six wire formats streams it, an event a piece of bytes."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from alloy_tui.domain.usage import TokenUsage


class Call(msgspec.Struct, frozen=True):
    """A tool call; its arguments come in pieces where the format has pieces."""

    id: str
    name: str
    pieces: tuple[str, ...]

    @property
    def arguments(self) -> Any:
        return json.loads("".join(self.pieces))


class Said(msgspec.Struct, frozen=True):
    """What a model answers."""

    text: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    mark: str = "c2lnbmF0dXJl"
    """What must come back with the thinking: a signature, an encrypted item."""


READ: Final = Call("call_A1", "read", ('{"path":', ' "a.txt"}'))
LIST: Final = Call("call_B2", "bash", ('{"command"', ': "ls \\"ü\\""}'))
USAGE: Final = TokenUsage(input=100, cache_read=40, cache_write=10, output=30, reasoning=12)
"""What every stream below reports, as far as its format has a word for it."""


def event(data: Any, name: str = "") -> bytes:
    """A server-sent event."""
    words = data.encode() if isinstance(data, str) else spelled(data)
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + words + b"\n\n"


def spelled(value: Any) -> bytes:
    """`value` as JSON; halves of surrogate pairs, which some servers send, as escapes."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def aws(kind: str, payload: Any, form: str = "event") -> bytes:
    """A message of the AWS event stream."""
    name = {"event": ":event-type", "exception": ":exception-type"}.get(form, ":error-code")
    given = {name: kind, ":content-type": "application/json", ":message-type": form}
    headers = b"".join(
        bytes([len(k)]) + k.encode() + b"\x07" + struct.pack("!H", len(v)) + v.encode()
        for k, v in given.items()
    )
    body = payload if isinstance(payload, bytes) else spelled(payload)
    head = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = head + struct.pack("!I", zlib.crc32(head)) + headers + body
    return message + struct.pack("!I", zlib.crc32(message))


def line(value: Any) -> bytes:
    """A line of JSON."""
    return spelled(value) + b"\n"


def chat(said: Said) -> list[bytes]:
    """Chat Completions."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": t} for t in said.thinking]
    deltas += [{"content": t} for t in said.text]
    for n, call in enumerate(said.calls):
        first = {"name": call.name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": n, "id": call.id, "function": first}]})
        deltas += [
            {"tool_calls": [{"index": n, "function": {"arguments": p}}]} for p in call.pieces
        ]
    finish = "tool_calls" if said.calls else "stop"
    made = [event({"choices": [{"index": 0, "delta": d, "finish_reason": None}]}) for d in deltas]
    made.append(event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
    made.append(event({"choices": [], "usage": CHAT_USAGE}))
    return [*made, event("[DONE]")]


CHAT_USAGE: Final[dict[str, Any]] = {
    "prompt_tokens": 150,
    "completion_tokens": 30,
    "total_tokens": 180,
    "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 12},
}


def messages(said: Said) -> list[bytes]:
    """Anthropic Messages."""
    made: list[dict[str, Any]] = []

    def block(start: dict[str, Any], deltas: list[dict[str, Any]]) -> None:
        n = sum(e["type"] == "content_block_start" for e in made)
        made.append({"type": "content_block_start", "index": n, "content_block": start})
        made.extend({"type": "content_block_delta", "index": n, "delta": d} for d in deltas)
        made.append({"type": "content_block_stop", "index": n})

    usage = {
        "input_tokens": 100,
        "cache_read_input_tokens": 40,
        "cache_creation_input_tokens": 10,
        "output_tokens": 1,
    }
    shell: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
    }
    rest = {"stop_reason": None, "stop_sequence": None, "usage": usage}
    made.append({"type": "message_start", "message": {**shell, **rest}})
    made.append({"type": "ping"})
    if said.thinking:
        deltas = [{"type": "thinking_delta", "thinking": t} for t in said.thinking]
        deltas.append({"type": "signature_delta", "signature": said.mark})
        block({"type": "thinking", "thinking": "", "signature": ""}, deltas)
    if said.text:
        block({"type": "text", "text": ""}, [{"type": "text_delta", "text": t} for t in said.text])
    for call in said.calls:
        block(
            {"type": "tool_use", "id": call.id, "name": call.name, "input": {}},
            [{"type": "input_json_delta", "partial_json": p} for p in call.pieces],
        )
    stop = {"stop_reason": "tool_use" if said.calls else "end_turn", "stop_sequence": None}
    counts = {"output_tokens": 30, "output_tokens_details": {"thinking_tokens": 12}}
    made.append({"type": "message_delta", "delta": stop, "usage": counts})
    made.append({"type": "message_stop"})
    return [event(e, e["type"]) for e in made]


RESPONSES_USAGE: Final[dict[str, Any]] = {
    "input_tokens": 150,
    "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 180,
}


def responses(said: Said) -> list[bytes]:
    """Responses."""
    made: list[dict[str, Any]] = [_shell("response.created", "in_progress", [])]
    items: list[dict[str, Any]] = []

    def item(shut: dict[str, Any], start: dict[str, Any], middle: list[dict[str, Any]]) -> None:
        n = len(items)
        made.append({"type": "response.output_item.added", "output_index": n, "item": start})
        made.extend({"output_index": n, "item_id": shut["id"], **e} for e in middle)
        made.append({"type": "response.output_item.done", "output_index": n, "item": shut})
        items.append(shut)

    if said.thinking:
        part: dict[str, Any] = {"type": "summary_text", "text": "".join(said.thinking)}
        base: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
        shut: dict[str, Any] = {**base, "summary": [part], "encrypted_content": said.mark}
        kind = "response.reasoning_summary_text.delta"
        pieces: list[dict[str, Any]] = [
            {"type": kind, "summary_index": 0, "delta": t} for t in said.thinking
        ]
        item(shut, base, pieces)
    if said.text:
        base: dict[str, Any] = {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "phase": "final_answer",
        }
        part: dict[str, Any] = {
            "type": "output_text",
            "text": "".join(said.text),
            "annotations": [],
        }
        kind = "response.output_text.delta"
        pieces = [{"type": kind, "content_index": 0, "delta": t, "logprobs": []} for t in said.text]
        whole: dict[str, Any] = {
            "type": "response.output_text.done",
            "content_index": 0,
            "text": part["text"],
        }
        shut = {**base, "status": "completed", "content": [part]}
        item(shut, {**base, "status": "in_progress", "content": []}, [*pieces, whole])
    for n, call in enumerate(said.calls):
        base = {"type": "function_call", "id": f"fc_{n}", "call_id": call.id, "name": call.name}
        kind = "response.function_call_arguments"
        pieces = [{"type": f"{kind}.delta", "delta": p} for p in call.pieces]
        raw = "".join(call.pieces)
        whole = {"type": f"{kind}.done", "arguments": raw}
        shut = {**base, "arguments": raw, "status": "completed"}
        item(shut, {**base, "arguments": "", "status": "in_progress"}, [*pieces, whole])
    made.append(_shell("response.completed", "completed", items))
    return [event({"sequence_number": n, **e}, e["type"]) for n, e in enumerate(made)]


def _shell(kind: str, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    shell: dict[str, Any] = {"id": "resp_1", "object": "response", "status": status}
    usage = RESPONSES_USAGE if status == "completed" else None
    return {"type": kind, "response": {**shell, "error": None, "output": output, "usage": usage}}


def gemini(said: Said) -> list[bytes]:
    """Gemini; the signature stands on the first call, or at the end."""
    parts: list[dict[str, Any]] = [{"text": t, "thought": True} for t in said.thinking]
    parts += [{"text": t} for t in said.text]
    for n, call in enumerate(said.calls):
        made = {"id": call.id, "name": call.name, "args": call.arguments}
        signed = {"thoughtSignature": said.mark} if said.thinking and not n else {}
        parts.append({"functionCall": made, **signed})
    if said.thinking and not said.calls:
        parts.append({"text": "", "thoughtSignature": said.mark})
    usage = {
        "promptTokenCount": 150,
        "cachedContentTokenCount": 40,
        "candidatesTokenCount": 18,
        "thoughtsTokenCount": 12,
    }
    chunks: list[dict[str, Any]] = [
        {"candidates": [{"index": 0, "content": {"role": "model", "parts": [p]}}]} for p in parts
    ]
    chunks.append({"candidates": [{"index": 0, "finishReason": "STOP"}]})
    return [event({**c, "usageMetadata": usage}) for c in chunks]


def ollama(said: Said) -> list[bytes]:
    """Ollama's chat format."""
    pieces: list[dict[str, Any]] = [{"content": "", "thinking": t} for t in said.thinking]
    pieces += [{"content": t} for t in said.text]
    for n, c in enumerate(said.calls):
        function = {"index": n, "name": c.name, "arguments": c.arguments}
        pieces.append({"content": "", "tool_calls": [{"id": c.id, "function": function}]})
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 150, "eval_count": 30}
    base: dict[str, Any] = {"model": "m", "created_at": "2026-11-22T00:00:00Z"}
    made = [{**base, "message": {"role": "assistant", **p}, "done": False} for p in pieces]
    made.append({**base, "message": {"role": "assistant", "content": ""}, **end})
    return [line(m) for m in made]


def bedrock(said: Said) -> list[bytes]:
    """Bedrock Converse."""
    made = [aws("messageStart", {"role": "assistant"})]
    count = 0

    def block(start: dict[str, Any] | None, deltas: list[dict[str, Any]]) -> None:
        nonlocal count
        place = {"contentBlockIndex": count}
        if start is not None:
            made.append(aws("contentBlockStart", {"start": start, **place}))
        made.extend(aws("contentBlockDelta", {"delta": d, **place}) for d in deltas)
        made.append(aws("contentBlockStop", place))
        count += 1

    if said.thinking:
        thoughts = [{"reasoningContent": {"text": t}} for t in said.thinking]
        block(None, [*thoughts, {"reasoningContent": {"signature": said.mark}}])
    if said.text:
        block(None, [{"text": t} for t in said.text])
    for c in said.calls:
        start = {"toolUse": {"toolUseId": c.id, "name": c.name}}
        block(start, [{"toolUse": {"input": p}} for p in c.pieces])
    made.append(aws("messageStop", {"stopReason": "tool_use" if said.calls else "end_turn"}))
    usage = {
        "inputTokens": 100,
        "cacheReadInputTokens": 40,
        "cacheWriteInputTokens": 10,
        "outputTokens": 30,
        "totalTokens": 180,
    }
    return [*made, aws("metadata", {"usage": usage, "metrics": {"latencyMs": 9}})]


class Format(msgspec.Struct, frozen=True):
    """A wire format: a service that speaks it, how it streams, and its content type."""

    service: str
    stream: Callable[[Said], list[bytes]]
    kind: str = "text/event-stream"


FORMATS: Final[dict[str, Format]] = {
    "openai-chat": Format("compat", chat),
    "openai-responses": Format("compat-responses", responses),
    "anthropic-messages": Format("anthropic", messages),
    "gemini": Format("gemini", gemini),
    "ollama-chat": Format("ollama", ollama, "application/x-ndjson"),
    "bedrock-converse": Format("bedrock", bedrock, "application/vnd.amazon.eventstream"),
}
