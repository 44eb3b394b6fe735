"""What teams ask of the program around them, as protocols: folder, session, making of agents.

Owns the contracts alone. Light.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from alloy_tui.agent.agent import Agent
from alloy_tui.runtime.path_values import SessionState
from alloy_tui.runtime.team_keeping import Kept
from alloy_tui.sessions.live import LiveSession
from alloy_tui.team.plans import AgentPlan


class Made(NamedTuple):
    """An agent that was made, and the folder that it works in."""

    agent: Agent
    folder: Path


class MakeMember(Protocol):
    """Makes an agent from its plan, which goes on from what is kept. Raises AlloyError."""

    def __call__(self, plan: AgentPlan, kept: Kept) -> Awaitable[Made]:
        """The agent, not started."""
        ...


class Surroundings(Protocol):
    """What teams need to know of the program at any moment."""

    @property
    def cwd(self) -> str:
        """The folder that the tools work in."""
        ...

    @property
    def model(self) -> str:
        """The model that answers now."""
        ...


class Desk(Protocol):
    """The session on screen, which its own team belongs to: what `SessionDesk` is."""

    @property
    def state(self) -> SessionState:
        """As of now; its id is "" before the first message."""
        ...

    @property
    def leaving(self) -> list[Callable[[], Awaitable[object]]]:
        """What is called before it is given back."""
        ...

    @property
    def arrived(self) -> list[Callable[[], Awaitable[object]]]:
        """What is called, and never raises, once a stored session is on screen."""
        ...

    async def begun(self) -> LiveSession:
        """The session, which begins now if there is none. Raises StoreError."""
        ...
