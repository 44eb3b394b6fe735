"""Token counts from the services that offer them, in the form that each wants.

Owns which part of a request each format's counter takes, where it is asked and
what it answers. Knows no HTTP: questions are asked by whoever calls.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from alloy_tui.domain.access import WireName
from alloy_tui.providers.tolerant_json import count, mapping

Ask: TypeAlias = Callable[[str, str, dict[str, Any]], Awaitable[Any]]
"""Asks at a path, with the version part that belongs before it, and gives the decoded answer."""

UNKNOWN_HERE: Final = frozenset({400, 404, 405, 501})
"""Statuses by which a server says that it does not count, or not for this model."""

_MESSAGES: Final = {
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
    "cache_control",
}  # fmt: skip
_RESPONSES: Final = {
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning",
    "text", "truncation",
}  # fmt: skip
_CONVERSE: Final = {"messages", "system", "toolConfig", "additionalModelRequestFields"}
# A profile of several regions is no model to the counter.
_PROFILE: Final = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|ca|global)\.")


def counts(wire: WireName, *, own_server: bool) -> bool:
    """Whether there is anybody to ask; `own_server` is true for servers that users run."""
    return wire != "ollama-chat" and (wire != "openai-chat" or own_server)


async def exact(wire: WireName, model: str, body: dict[str, Any], ask: Ask) -> int | None:
    """How many tokens the prompt of `body` has, None when the answer does not say.

    Raises what `ask` raises.
    """
    match wire:
        case "anthropic-messages":
            told = await ask("/messages/count_tokens", "v1", _only(body, _MESSAGES))
            return _figure(told, "input_tokens")
        case "openai-responses":
            told = await ask("/responses/input_tokens", "v1", _only(body, _RESPONSES))
            return _figure(told, "input_tokens")
        case "gemini":
            name = model.removeprefix("models/")
            whole = {"generateContentRequest": {"model": f"models/{name}", **body}}
            told = await ask(f"/models/{quote(name, safe='')}:countTokens", "v1beta", whole)
            return _figure(told, "totalTokens")
        case "bedrock-converse":
            path = f"/model/{quote(_PROFILE.sub('', model), safe='')}/count-tokens"
            told = await ask(path, "", {"input": {"converse": _only(body, _CONVERSE)}})
            return _figure(told, "inputTokens")
        case "openai-chat":
            return await _by_hand(body, ask)
        case _:
            return None


async def _by_hand(body: dict[str, Any], ask: Ask) -> int | None:
    """What llama-server offers for this format: its template, and its tokenizer."""
    prompt = mapping(await ask("/apply-template", "", _only(body, {"messages", "tools"})))
    text = prompt.get("prompt")
    if not isinstance(text, str):
        return None
    asked = {"content": text, "add_special": True, "parse_special": True}
    tokens = mapping(await ask("/tokenize", "", asked)).get("tokens")
    return len(tokens) if isinstance(tokens, list) else None  # pyright: ignore[reportUnknownArgumentType] -- counted, not read


def _only(body: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key in keys}


def _figure(answer: Any, key: str) -> int | None:
    return count(mapping(answer).get(key))
