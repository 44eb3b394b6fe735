"""What a screen may ask about models and services: rows to choose from, keys, effort, money.

Owns the contract only, like `port`. Answers come to `then`, from another thread;
None when there is none, and why comes as a notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from alloy_tui.domain.models import Capabilities
from alloy_tui.domain.provider import Effort, TokenCount
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import ZERO, TokenUsage


class ModelRow(msgspec.Struct, frozen=True):
    """A model that might answer, or a service of which no model is known (`name` ends in "/").

    `name` is `service/model`, `service` the service's name for people. Prices
    are US dollars per million tokens, `context_window` counts tokens; None is
    unknown. `missing` says what must be set before it can answer, "" = nothing.
    `recent` counts from 1, the newest, None = not chosen lately. `listed` is
    true when the service itself told of it.
    """

    name: str
    service: str
    label: str = ""
    aliases: tuple[str, ...] = ()
    context_window: int | None = None
    price_in: float | None = None
    price_out: float | None = None
    capabilities: Capabilities = Capabilities()
    missing: str = ""
    takes_key: bool = False
    favourite: bool = False
    recent: int | None = None
    listed: bool = False

    @property
    def choosable(self) -> bool:
        """Whether there is a model to switch to."""
        return not self.name.endswith("/") and not self.missing


class ModelList(msgspec.Struct, frozen=True):
    """Everything known; `problems` are sentences about services that could not be asked."""

    rows: tuple[ModelRow, ...]
    problems: tuple[str, ...] = ()


class SpentSum(msgspec.Struct, frozen=True):
    """Requests put together.

    `cost` is the sum of what is known, in US dollars, None when nothing is;
    `at_least` is true when something of it is not known.
    """

    requests: int = 0
    usage: TokenUsage = ZERO
    cost: float | None = None
    at_least: bool = False


class SpentTurn(msgspec.Struct, frozen=True):
    """One request to a model; `at_ms` in epoch milliseconds, `cost` in US dollars."""

    at_ms: int
    model: str
    usage: TokenUsage
    cost: float | None


class Limit(msgspec.Struct, frozen=True):
    """What may be spent of something: "session" or "day", in US dollars or in tokens."""

    span: str
    unit: str
    spent: float
    limit: float


class SpentView(msgspec.Struct, frozen=True):
    """What the session on screen took, and what all of today did, sessions elsewhere included.

    `turns` are the session's, oldest first. `context` is how long the prompt is
    by now, None = there is nothing to count. `life` is the session's part since this
    program's start, `team` what agents took that work for it (not in `session`).
    """

    session: SpentSum
    by_model: dict[str, SpentSum]
    turns: tuple[SpentTurn, ...]
    day: SpentSum
    limits: tuple[Limit, ...] = ()
    context: TokenCount | None = None
    life: SpentSum | None = None
    team: SpentSum | None = None


class ProvidersPort(Protocol):
    """Models and services as a screen sees them; every method returns at once."""

    @property
    def effort(self) -> Effort | None:
        """How hard the model is told to think; None leaves it to the model."""
        ...

    @property
    def efforts(self) -> tuple[Effort, ...]:
        """The words that the present model knows, least first; () when it does not think."""
        ...

    def set_effort(self, effort: Effort | None) -> None:
        """Think so hard from the next turn on, and remember it; `agent_configured` follows."""
        ...

    def models(self, then: Callable[[ModelList | None], object], *, live: bool = False) -> None:
        """Everything known; `live` asks the services within reach for their lists first."""
        ...

    def set_favourite(self, model: str, *, on: bool) -> None:
        """Keep `model` at the front of lists, or no more."""
        ...

    def set_key(self, service: str, key: Secret, then: Callable[[str | None], object]) -> None:
        """Use `key` for `service` from now on and keep it; `then` gets where, in words."""
        ...

    def spent(self, then: Callable[[SpentView | None], object]) -> None:
        """What was spent, as the store knows it."""
        ...
