"""How a model is named and what is known of it.

Owns `ModelRef` ("service/model"), `ModelInfo` and `Capabilities`. Knows no service.
"""

from __future__ import annotations

from typing import Literal

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


class Capabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a model can do; None is unknown.

    `thinking` says how it is told to: "none" = it does not, "effort" = by a
    word, "budget" = by a number of tokens, "adaptive" = as much as it finds
    fit, led by a word. `efforts` are the words it knows, least first.
    """

    tools: bool | None = None
    vision: bool | None = None
    documents: bool | None = None
    structured: bool | None = None
    thinking: Literal["none", "effort", "budget", "adaptive"] | None = None
    efforts: tuple[str, ...] = ()


class ModelFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a user says of a model; None leaves what is known anyway.

    A price, where any is given, takes the place of the known one as a whole.
    """

    context_window: int | None = None
    max_output: int | None = None
    price: Price | None = None
    label: str | None = None


class ModelInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a model; None is unknown.

    `context_window` and `max_output` count tokens.
    """

    ref: ModelRef
    context_window: int | None = None
    max_output: int | None = None
    price: Price = Price()
    label: str | None = None
    capabilities: Capabilities = Capabilities()
