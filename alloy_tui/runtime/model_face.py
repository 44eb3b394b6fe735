"""`ProvidersPort` as a screen sees it, made with the runtime and before its engine.

Owns handing questions and verbs on to the engine's loop. Light: whoever draws
the first frame imports this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from alloy_tui.domain.provider import Effort
from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.model_port import ModelList, SpentView

if TYPE_CHECKING:
    from alloy_tui.runtime.engine import Engine

_T = TypeVar("_T")


class ProvidersFace:
    """Fills `ProvidersPort`; every method may be called from any thread."""

    def __init__(
        self,
        give: Callable[[Callable[[Engine], Callable[[], object]]], object],
        engine: Callable[[], Engine | None],
    ) -> None:
        self._give = give
        self._engine = engine

    @property
    def effort(self) -> Effort | None:
        """As of now."""
        engine = self._engine()
        return None if engine is None else engine.models.effort

    @property
    def efforts(self) -> tuple[Effort, ...]:
        """Those of the model that answers now."""
        engine = self._engine()
        if engine is None or engine.agent is None:
            return ()
        # The agent's own word: the snapshot follows a switch a moment later.
        return engine.models.efforts(engine.agent.model)

    def set_effort(self, effort: Effort | None) -> None:
        """See `ProvidersPort.set_effort`."""
        self._give(lambda engine: lambda: engine.models.set_effort(effort))

    def models(self, then: Callable[[ModelList | None], object], *, live: bool = False) -> None:
        """See `ProvidersPort.models`."""
        self._ask(then, lambda engine: engine.models.models(live=live))

    def set_favourite(self, model: str, *, on: bool) -> None:
        """See `ProvidersPort.set_favourite`."""
        self._give(lambda engine: lambda: engine.models.set_favourite(model, on=on))

    def set_key(self, service: str, key: Secret, then: Callable[[str | None], object]) -> None:
        """See `ProvidersPort.set_key`."""
        self._ask(then, lambda engine: engine.models.set_key(service, key))

    def spent(self, then: Callable[[SpentView | None], object]) -> None:
        """See `ProvidersPort.spent`."""
        self._ask(then, lambda engine: engine.models.spent())

    def _ask(
        self, then: Callable[[_T | None], object], question: Callable[[Engine], Awaitable[_T]]
    ) -> None:
        self._give(lambda engine: lambda: engine.questions.ask(question(engine), then))
