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
from alloy_tui.runtime.team_port import TeamView
from alloy_tui.ui.messages import TokensArrived
from alloy_tui.ui.screens.session_bench import KeymapHost, SessionBench
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.status_bar import StatusBar
from alloy_tui.ui.wording import team_cost

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
        self._follows = False

    # -- hearing ------------------------------------------------------------------------------

    def _overheard(self, what: TokensArrived | Envelope) -> None:
        """Another agent said something."""
        super()._overheard(what)
        if self._live is not None:
            self._live.hear(what)
        if isinstance(what, Envelope):
            self._members(what)
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
            self.tell(f"{event.supervisor} has ended, it crashed too often: {event.cause}")
            return
        elif isinstance(event, te.TeamChanged):
            self.team_changed()
            return
        elif isinstance(event, ev.AgentCrashed):
            self._drop(envelope.agent)
        else:
            return
        self.others_ask()

    def session_event(self, envelope: Envelope) -> None:
        """Whom the conversation's own agent spawns is told of in its name."""
        super().session_event(envelope)
        self._members(envelope)
        if isinstance(envelope.event, ev.Notice) and self._dashboard is not None:
            # The conversation that it stands in is out of sight.
            self.tell(envelope.event.text)

    def _members(self, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, te.MemberRemoved):
            self._drop(event.name)
            self.others_ask()
        elif isinstance(event, te.MemberAdded) and not self._follows:
            # Only where there are others is there a team to tell of in the status line.
            self._follows = True
            self._runtime.team.follow("status", True)

    def _drop(self, agent: str) -> None:
        """Who is gone asks nothing any more."""
        gone = [id_ for id_, asked in self._asked.items() if asked.agent == agent]
        for id_ in gone:
            del self._asked[id_]

    def team_changed(self) -> None:
        """The status line says what it costs; the dashboard shows it, if it is open."""
        team = self._runtime.team.view()
        self._ask_no_more(team)
        own = next((row.turns for row in team.rows if row.main), 0)
        # Those who are gone have cost something, too.
        others = len(team.rows) > 1 or team.turns > own
        self.query_one(StatusBar).team = team_cost(team) if others else ""
        if self._follows and not others and not team.file:
            self._follows = False
            self._runtime.team.follow("status", False)
        if self._dashboard is not None:
            from alloy_tui.ui.screens.team import TeamNews

            self._dashboard.post_message(TeamNews())

    def _ask_no_more(self, team: TeamView) -> None:
        """A run that ends takes its questions with it, and only the team's view tells of that."""
        waiting = {asked.request.id for row in team.rows for asked in row.view.approvals}
        gone = [id_ for id_ in self._asked if id_ not in waiting]
        for id_ in gone:
            del self._asked[id_]
        if gone:
            self.others_ask()

    def others_ask(self) -> None:
        """The questions of other agents are others now."""
        raise NotImplementedError

    def with_others(self, view: AgentView) -> AgentView:
        """`view` with the questions of all agents, the oldest first."""
        if not self._asked:
            return view
        own = {asked.request.id for asked in view.approvals}
        others = [self._with_path(a) for id_, a in self._asked.items() if id_ not in own]
        merged = sorted((*view.approvals, *others), key=lambda asked: asked.asked_ms)
        return replace(view, approvals=tuple(merged))

    def _with_path(self, asked: PendingApproval) -> PendingApproval:
        """Who asks is told with whom it works for."""
        from alloy_tui.ui.team_items import path_words

        team = self._runtime.team.view()
        row = team.row(asked.agent)
        return asked if row is None else replace(asked, agent=path_words(team, row))

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
