"""Model servers that already run on this machine.

Owns where to look and how to read what they list. Must not start anything, and
looks at no other machine.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from alloy_tui.domain.access import AccessLookup
from alloy_tui.runtime import loopback
from alloy_tui.runtime.model_choice import LOCAL_SERVICE, Running

OLLAMA_ADDRESS = "http://127.0.0.1:11434"
LLAMA_SERVER_ADDRESS = "http://127.0.0.1:8080"


async def find_running(access: AccessLookup, *, timeout_s: float = 0.5) -> tuple[Running, ...]:
    """Ollama and llama-server, if they answer within `timeout_s` seconds, in this order."""
    ollama = access("ollama").base_url or OLLAMA_ADDRESS
    llama = access(LOCAL_SERVICE).base_url or LLAMA_SERVER_ADDRESS
    tags, models = await asyncio.gather(
        loopback.get(ollama, "/api/tags", timeout_s=timeout_s),
        loopback.get(llama, "/v1/models", timeout_s=timeout_s),
    )
    found = (
        Running("Ollama", _named("ollama", tags, "models", "name")),
        # Anything may listen on 8080; only llama.cpp signs its models like this.
        Running("llama-server", _named(LOCAL_SERVICE, models, "data", "id", owner="llamacpp")),
    )
    return tuple(r for r in found if r.models)


def _named(
    service: str, answer: tuple[int, bytes] | None, rows: str, field: str, *, owner: str = ""
) -> tuple[str, ...]:
    if answer is None or answer[0] != 200:
        return ()
    try:
        listed: Any = msgspec.json.decode(answer[1])
        return tuple(
            f"{service}/{row[field]}"
            for row in listed[rows]
            if isinstance(row[field], str) and (not owner or row.get("owned_by") == owner)
        )
    except (msgspec.DecodeError, TypeError, KeyError, AttributeError, IndexError):
        return ()
