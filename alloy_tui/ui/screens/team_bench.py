"""What the main screen does with the team: the dashboard, attaching, questions of other agents.

Owns who hears what an agent says that is not the conversation's own. Pages are
loaded when they are opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.agent_view import AgentView, PendingApproval
from alloy_tui.ui.messages import TokensArrived
from alloy_tui.ui.screens.session_bench import KeymapHost, SessionBench
from alloy_tui.ui.transcript.painting import app_of

if TYPE_CHECKING:
    from alloy_tui.ui.screens.live_agents import LiveAgentsScreen
    from alloy_tui.ui.screens.team_deeds import TeamScreen


class TeamBench(SessionBench):
    """The workbench's way with agents beside its own."""

    def __init__(self) -> None:
        super().__init__()
        self._dashboard: TeamScreen | None = None
        self._live: LiveAgentsScreen | None = None
        self._asked: dict[str, PendingApproval] = {}

    # -- hearing ------------------------------------------------------------------------------

    def _overheard(self, what: TokensArrived | Envelope) -> None:
        """Another agent said something."""
        super()._overheard(what)
        if self._live is not None:
            self._live.hear(what)
        if isinstance(what, Envelope):
            self._note(what)

    def _note(self, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, ev.ApprovalRequested):
            self._asked[event.id] = PendingApproval(
                event, envelope.agent, envelope.request_id, envelope.at_ms
            )
        elif isinstance(event, ev.ApprovalAnswered):
            self._asked.pop(event.id, None)
        elif isinstance(event, te.SupervisorGaveUp):
            words = f"The team has ended: {event.cause}"
            self.tell(words)
            return
        elif isinstance(event, te.TeamChanged):
            self.team_changed()
            return
        else:
            return
        self.others_ask()

    def team_changed(self) -> None:
        """The dashboard shows it, if it is open."""
        if self._dashboard is not None:
            from alloy_tui.ui.screens.team import TeamNews

            self._dashboard.post_message(TeamNews())

    def others_ask(self) -> None:
        """The questions of other agents are others now."""
        raise NotImplementedError

    def with_others(self, view: AgentView) -> AgentView:
        """`view` with the questions of all agents, the oldest first."""
        if not self._asked:
            return view
        own = {asked.request.id for asked in view.approvals}
        others = [asked for id_, asked in self._asked.items() if id_ not in own]
        merged = sorted((*view.approvals, *others), key=lambda asked: asked.asked_ms)
        return replace(view, approvals=tuple(merged))

    # -- pages --------------------------------------------------------------------------------

    def open_team(self, deed: str = "") -> None:
        """The dashboard; with `deed` it does that there."""
        from alloy_tui.ui.screens.team_deeds import TeamScreen

        if self._dashboard is None:
            keymap = cast("KeymapHost", app_of(self)).keymap
            page = TeamScreen(self._runtime, self._clock, keymap, self.attach)
            self._dashboard = page
            app_of(self).push_screen(page, self._left_team)
        if deed:
            self._dashboard.call_after_refresh(self._dashboard.do, deed)

    def _left_team(self, _: None) -> None:
        self._dashboard = None

    def action_team(self, deed: str) -> None:
        """A row of the palette."""
        self.open_team(deed)

    def attach(self, agents: tuple[str, ...]) -> None:
        """The whole conversations of these, live."""
        from alloy_tui.ui.screens.live_agents import LiveAgentsScreen

        self._live = LiveAgentsScreen(self._runtime, self._clock, agents)
        app_of(self).push_screen(self._live, self._left_agents)

    def _left_agents(self, _: None) -> None:
        self._live = None
