"""The team as the main agent's tools see it, also while there is none yet.

Owns how work that the main agent gives away reaches the team of the moment. Must
not know how a team is made, nor where it is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.results import RunResult
from alloy_tui.team.board import TaskBoard
from alloy_tui.team.delegations import Work
from alloy_tui.team.mail import Mail
from alloy_tui.team.shared import SharedContext
from alloy_tui.team.spec import TeamSpec
from alloy_tui.team.team import Team

AD_HOC = TeamSpec(name="session", max_depth=2, max_agents=100)
"""The session's own team: whom the main agent spawns, and whom a person adds."""


class MainWorkplace:
    """Fills `team.tools.Workplace`: `now` is the team that there is, `needed` makes one."""

    def __init__(
        self, now: Callable[[], Team | None], needed: Callable[[], Awaitable[Team]]
    ) -> None:
        self._now = now
        self._needed = needed

    @property
    def spec(self) -> TeamSpec:
        """See `Workplace`."""
        team = self._now()
        return AD_HOC if team is None else team.spec

    @property
    def board(self) -> TaskBoard:
        """See `Workplace`."""
        return self._there().board

    @property
    def shared(self) -> SharedContext:
        """See `Workplace`."""
        return self._there().shared

    @property
    def agents(self) -> tuple[str, ...]:
        """See `Workplace`."""
        team = self._now()
        return () if team is None else team.agents

    def work_of(self, name: str) -> Work | None:
        """See `Workplace`."""
        team = self._now()
        return None if team is None else team.work_of(name)

    async def delegate(
        self, name: str, text: str, *, timeout_s: float | None, by: str, within: Work | None
    ) -> RunResult:
        """See `Workplace`."""
        team = await self._needed()
        return await team.delegate(name, text, timeout_s=timeout_s, by=by, within=within)

    async def spawn(
        self, text: str, *, by: str, timeout_s: float | None, within: Work | None
    ) -> RunResult:
        """See `Workplace`."""
        team = await self._needed()
        return await team.spawn(text, by=by, timeout_s=timeout_s, within=within)

    def send(self, to: Sequence[str], text: str, *, by: str) -> Mail:
        """See `Workplace`."""
        return self._there().send(to, text, by=by)

    def _there(self) -> Team:
        team = self._now()
        if team is None:
            raise TeamError("There is no team.", kind="stopped", hint="Open one first.")
        return team
