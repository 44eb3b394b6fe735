"""The seam for shortening what the model is shown of a long conversation.

Owns the protocol only; an agent has no compactor unless it is given one. The
history itself is never shortened, only the model's view of it.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.tool import ToolSpec


class ContextLoad(msgspec.Struct, frozen=True):
    """What is about to be sent; `last_prompt_tokens` is what the service last counted, or None."""

    system: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...]
    model: ModelInfo
    last_prompt_tokens: int | None


class Compacted(msgspec.Struct, frozen=True):
    """A shorter view and its estimated tokens."""

    messages: tuple[ChatMessage, ...]
    tokens: int


class Compactor(Protocol):
    """Decides when a view is too long, and shortens it.

    `due` gives the tokens of a view that must be shortened, None while it fits;
    it must be quick. `compact` may ask `provider`; what it raises is reported
    as a notice and the view stays as it is.
    """

    def due(self, load: ContextLoad) -> int | None:
        """Estimated tokens if `load` must be shortened, else None."""
        ...

    async def compact(self, load: ContextLoad, provider: Provider) -> Compacted:
        """A shorter view with the same meaning."""
        ...
