"""What the agents of a race have said so far, kept for whoever looks.

Owns the order of each agent's events; a screen that is opened later hears them
from the beginning. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.session_port import Racer
from alloy_tui.ui.messages import TokensArrived

Heard: TypeAlias = TokensArrived | Envelope


def agent_of(what: Heard) -> str:
    """Who said it."""
    return (what.first if isinstance(what, TokensArrived) else what).agent


class RaceFeed:
    """A race: its prompt, its models, who runs, and all that was said."""

    def __init__(self, text: str, models: tuple[str, ...]) -> None:
        self.text = text
        self.models = models
        self.racers: tuple[Racer, ...] = ()
        self._heard: list[Heard] = []
        self._listen: Callable[[Heard], object] | None = None

    @property
    def over(self) -> bool:
        """Whether all have ended."""
        return bool(self.racers) and all(racer.over for racer in self.racers)

    def take(self, what: Heard) -> None:
        """One of the agents said something."""
        self._heard.append(what)
        if self._listen is not None:
            self._listen(what)

    def listen(self, to: Callable[[Heard], object] | None) -> None:
        """Tell everything so far and from now on; None = no more."""
        self._listen = to
        if to is not None:
            for what in self._heard:
                to(what)
