"""How a model is named and what is known of it.

Owns `ModelRef` ("service/model") and `ModelInfo`. Knows no service.
"""

from __future__ import annotations

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.usage import Price


class ModelRef(msgspec.Struct, frozen=True):
    """A model of a service, written `service/model`; the model part may hold slashes."""

    service: str
    model: str

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Split `service/model`. Raises ConfigError when a part is missing."""
        service, slash, model = text.strip().partition("/")
        if not (service and slash and model):
            raise ConfigError(
                f"“{text}” is not a model name.",
                hint="Write it as service/model, for example anthropic/claude-sonnet-5.",
            )
        return cls(service, model)

    def __str__(self) -> str:
        return f"{self.service}/{self.model}"


class ModelInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a model; None is unknown.

    `context_window` and `max_output` count tokens.
    """

    ref: ModelRef
    context_window: int | None = None
    max_output: int | None = None
    price: Price = Price()
    label: str | None = None
