"""How to reach a service: address, key, patience.

Owns the values that settings produce and providers consume, so that neither
needs to know the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from alloy_tui.domain.models import ModelFacts
from alloy_tui.domain.secret import Secret

WireName: TypeAlias = Literal[
    "openai-chat",
    "openai-responses",
    "anthropic-messages",
    "gemini",
    "ollama-chat",
    "bedrock-converse",
]
"""The formats in which services are spoken to."""


class Timeouts(msgspec.Struct, frozen=True):
    """Patience in seconds.

    `connect_s` for the connection, `chunk_s` for silence between two reads
    (the wait for the first byte included), `content_s` for bytes that carry no
    content (keep-alive comments without end).
    """

    connect_s: float = 10.0
    chunk_s: float = 120.0
    content_s: float = 300.0


class ServiceAccess(msgspec.Struct, frozen=True):
    """Address and key of one service; None leaves the service's own address, or no key.

    `key_source` says in words where the key came from ("environment variable
    ANTHROPIC_API_KEY"), for `alloy doctor`. `wire` is the format that a user
    says the service speaks, `headers` go out with every request and are as
    secret as the key, `label` is the service's name for people. `models` are
    the user's own facts by model, without the service's name.
    """

    base_url: str | None = None
    api_key: Secret | None = None
    key_source: str | None = None
    timeouts: Timeouts = Timeouts()
    wire: WireName | None = None
    headers: dict[str, Secret] = {}
    label: str | None = None
    models: dict[str, ModelFacts] = {}


AccessLookup: TypeAlias = Callable[[str], ServiceAccess]
"""From a service's name to how to reach it."""
