"""Support: the rules by which each service refuses a conversation, as far as they are known.

Every checker takes a request's body and returns what breaks a rule; [] is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")
FOREIGN = "skip_thought_signature_validator"


def _paired(calls: list[str], results: list[str], where: object) -> Iterator[str]:
    if calls != results:
        yield f"{where}: calls {calls}, results {results}"


def _unique(ids: list[str], allowed: re.Pattern[str]) -> Iterator[str]:
    if len(ids) != len(set(ids)):
        yield f"ids are used twice: {ids}"
    yield from (f"the id {i!r} is not allowed" for i in ids if not allowed.fullmatch(i))


def chat(
    body: Any,
    *,
    ids: re.Pattern[str] = re.compile(r"[!-~]{1,64}"),
    bridge: bool = False,
    reasoning_due: bool = False,
) -> Iterator[str]:
    """Chat Completions: results right after their calls, nothing empty; two services' extras."""
    seen: list[str] = []
    awaited: list[str] = []
    last = ""
    for n, message in enumerate(body["messages"]):
        role = message["role"]
        if role == "tool":
            if awaited[:1] != [message["tool_call_id"]]:
                yield f"{n}: answers {message['tool_call_id']}, due are {awaited}"
            awaited = awaited[1:]
        elif awaited:
            yield f"{n}: {awaited} are not answered"
        if role == "system" and n:
            yield f"{n}: a system message in the middle"
        if bridge and (last, role) == ("tool", "user"):
            yield f"{n}: a user's word right after a tool's"
        if role == "assistant":
            if last == "assistant":
                yield f"{n}: two answers in a row"
            awaited = [c["id"] for c in message.get("tool_calls", ())]
            seen += awaited
            said = isinstance(message.get("reasoning_content"), str)
            if reasoning_due and said != bool(awaited):
                yield f"{n}: reasoning_content is due with calls, and only there"
        if not awaited or role != "assistant":
            yield from _chat_content(message, n)
        last = role
    yield from _unique(seen, ids)
    if last not in ("user", "tool"):
        yield f"ends with {last}"


def _chat_content(message: Any, n: int) -> Iterator[str]:
    content = message.get("content")
    if not content or (isinstance(content, str) and not content.strip()):
        yield f"{n}: empty content"


def deepseek(body: Any) -> Iterator[str]:
    """Reasoning in every answer with calls."""
    return chat(body, reasoning_due=True)


def mistral(body: Any) -> Iterator[str]:
    """Short ids, a bridge before a user's word, no fields that the service does not know."""
    yield from chat(body, ids=_SHORT_ID, bridge=True)
    for n, message in enumerate(body["messages"]):
        odd = set(message) - {"role", "content", "tool_calls", "tool_call_id", "name"}
        if odd:
            yield f"{n}: {odd} are unknown"


def responses(body: Any) -> Iterator[str]:
    """Responses: an output for every call, reasoning encrypted and before what it led to."""
    calls: list[str] = []
    outputs: list[str] = []
    items = body["input"]
    for n, item in enumerate(items):
        after = items[n + 1] if n + 1 < len(items) else {}
        match item["type"]:
            case "function_call":
                calls.append(item["call_id"])
            case "function_call_output":
                outputs.append(item["call_id"])
            case "reasoning":
                if not item.get("encrypted_content"):
                    yield f"{n}: reasoning that is not kept anywhere"
                if after.get("role") == "user" or after.get("type") not in (
                    "message",
                    "function_call",
                    "reasoning",
                ):
                    yield f"{n}: reasoning without what it led to"
            case _:
                if not item["content"]:
                    yield f"{n}: empty content"
                if item["role"] == "user":
                    yield from _paired(calls, outputs, n)
    yield from _paired(calls, outputs, "input")
    yield from _unique(calls, re.compile(r"[!-~]{1,64}"))


def _turns(messages: list[Any]) -> Iterator[str]:
    """Roles take turns, a user's first and last; no content is empty."""
    roles = [m["role"] for m in messages]
    if roles != [("user", "assistant")[n % 2] for n in range(len(roles))] or len(roles) % 2 == 0:
        yield f"roles do not take turns: {roles}"
    for n, message in enumerate(messages):
        if not message["content"]:
            yield f"{n}: empty content"
        for block in message["content"]:
            if not str(block.get("text", "x")).strip():
                yield f"{n}: blank text"


def anthropic(body: Any) -> Iterator[str]:
    """Messages: results first and in one message, thinking signed, marks for the cache few."""
    messages = body["messages"]
    yield from _turns(messages)
    seen: list[str] = []
    awaited: list[str] = []
    for n, message in enumerate(messages):
        kinds = [b["type"] for b in message["content"]]
        results = [b["tool_use_id"] for b in message["content"] if b["type"] == "tool_result"]
        yield from _paired(awaited, results, n)
        if "tool_result" in kinds[len(results) :]:
            yield f"{n}: something stands before a result"
        awaited = [b["id"] for b in message["content"] if b["type"] == "tool_use"]
        seen += awaited
        for block in message["content"]:
            if block["type"] == "thinking" and not block["signature"]:
                yield f"{n}: thinking without a signature"
            if block["type"] == "tool_result" and not block["content"]:
                yield f"{n}: an empty result"
    yield from _unique(seen, _PLAIN_ID)
    if str(body).count("'cache_control'") > 4:
        yield "too many marks for the cache"


def bedrock(body: Any) -> Iterator[str]:
    """Converse: as Messages, with tools declared once there are calls."""
    yield from _turns(body["messages"])
    seen: list[str] = []
    awaited: list[str] = []
    for n, message in enumerate(body["messages"]):
        blocks = message["content"]
        results = [b["toolResult"]["toolUseId"] for b in blocks if "toolResult" in b]
        yield from _paired(awaited, results, n)
        if any("toolResult" in b for b in blocks[len(results) :]):
            yield f"{n}: something stands before a result"
        awaited = [b["toolUse"]["toolUseId"] for b in blocks if "toolUse" in b]
        seen += awaited
        for block in blocks:
            if len(block) != 1:
                yield f"{n}: {sorted(block)} in one block"
            thought = block.get("reasoningContent", {}).get("reasoningText")
            if thought and not thought["signature"]:
                yield f"{n}: thinking without a signature"
            if "toolResult" in block and not block["toolResult"]["content"]:
                yield f"{n}: an empty result"
    yield from _unique(seen, _PLAIN_ID)
    if seen and not body.get("toolConfig"):
        yield "calls, yet no tools"


def gemini(body: Any) -> Iterator[str]:
    """Gemini: as many responses as calls, by themselves; the first call of each step signed."""
    contents = body["contents"]
    awaited: list[str] = []
    for n, content in enumerate(contents):
        parts = content["parts"]
        if not parts:
            yield f"{n}: no parts"
        for part in parts:
            data = set(part) - {"thought", "thoughtSignature"}
            if len(data) != 1:
                yield f"{n}: {data} in one part"
            if part.get("text") == "" and "thoughtSignature" not in part:
                yield f"{n}: empty text"
        results = [p["functionResponse"]["id"] for p in parts if "functionResponse" in p]
        yield from _paired(awaited, results, n)
        if results and len(results) != len(parts):
            yield f"{n}: something stands beside the responses"
        calls = [p for p in parts if "functionCall" in p]
        awaited = [c["functionCall"]["id"] for c in calls]
        if calls and not calls[0].get("thoughtSignature"):
            yield f"{n}: the first call is not signed"
        if any(c.get("thoughtSignature") == FOREIGN for c in calls[1:]):
            yield f"{n}: a later call is signed for"
    if not contents or contents[0]["role"] != "user" or contents[-1]["role"] != "user":
        yield "does not begin and end with the user"


def ollama(body: Any) -> Iterator[str]:
    """Ollama: results in order and by name, nothing empty."""
    awaited: list[tuple[str, str]] = []
    for n, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            if awaited[:1] != [(message["tool_name"], message["tool_call_id"])]:
                yield f"{n}: answers {message['tool_call_id']}, due are {awaited}"
            awaited = awaited[1:]
            continue
        if awaited:
            yield f"{n}: {awaited} are not answered"
        calls = message.get("tool_calls", ())
        awaited = [(c["function"]["name"], c["id"]) for c in calls]
        if not calls and not message.get("images"):
            yield from _chat_content(message, n)


RULES: dict[str, Callable[[Any], Iterator[str]]] = {
    "anthropic": anthropic,
    "openai": responses,
    "azure": responses,
    "xai": responses,
    "gemini": gemini,
    "ollama": ollama,
    "bedrock": bedrock,
    "openrouter": chat,
    "deepseek": deepseek,
    "mistral": mistral,
    "groq": chat,
    "compat": chat,
}
"""By service."""
