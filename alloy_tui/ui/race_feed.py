"""What the agents of a race have said so far, kept for whoever looks.

Owns the order of each agent's events; a screen that is opened later hears them
from the beginning. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.branch_values import Racer
from alloy_tui.ui.messages import TokensArrived

RACERS = "race-"
"""How the names of racers begin."""
Heard: TypeAlias = TokensArrived | Envelope


def agent_of(what: Heard) -> str:
    """Who said it."""
    return (what.first if isinstance(what, TokensArrived) else what).agent


class RaceFeed:
    """A race: its prompt, who runs, and all that was said."""

    def __init__(self, text: str, models: tuple[str, ...]) -> None:
        self.text = text
        self.models = models
        self.racers: tuple[Racer, ...] = ()
        self._heard: dict[str, list[Heard]] = {}
        self.listener: Callable[[str, Heard], object] | None = None
        """Told who said what, as it is said."""

    @property
    def over(self) -> bool:
        """Whether all have ended."""
        return bool(self.racers) and all(racer.over for racer in self.racers)

    def take(self, what: Heard) -> None:
        """One of the agents said something."""
        agent = agent_of(what)
        if not agent.startswith(RACERS):
            return
        self._heard.setdefault(agent, []).append(what)
        if self.listener is not None:
            self.listener(agent, what)

    def heard(self, agent: str) -> tuple[Heard, ...]:
        """All that one of them has said."""
        return tuple(self._heard.get(agent, ()))
