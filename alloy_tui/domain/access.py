"""How to reach a service: address, key, patience.

Owns the values that settings produce and providers consume, so that neither
needs to know the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from alloy_tui.domain.secret import Secret


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
    ANTHROPIC_API_KEY"), for `alloy doctor`.
    """

    base_url: str | None = None
    api_key: Secret | None = None
    key_source: str | None = None
    timeouts: Timeouts = Timeouts()


AccessLookup: TypeAlias = Callable[[str], ServiceAccess]
"""From a service's name to how to reach it."""
