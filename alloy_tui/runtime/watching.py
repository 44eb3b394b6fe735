"""Whose every word goes to the screen: the gate before the mailbox.

Owns which agents are out of sight. Of those only what a person must know at
once goes through: questions, crashes, what the team does; the rest is what the
roster makes of it, a few times a second. Belongs to the engine's loop.
"""

from __future__ import annotations

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.mailbox import EventMailbox

ALWAYS = (
    ev.ApprovalRequested,
    ev.ApprovalAnswered,
    ev.AgentCrashed,
    ev.AgentRestarted,
    ev.BudgetWarned,
    ev.Notice,
    te.MemberAdded,
    te.MemberRemoved,
    te.SupervisorGaveUp,
    te.DelegationStarted,
    te.DelegationFinished,
    te.LeaseRefused,
    te.TeamChanged,
)


class Watching:
    """The gate; an agent that it was not told of is in sight."""

    def __init__(self, mailbox: EventMailbox) -> None:
        self._mailbox = mailbox
        self._hidden: set[str] = set()
        self._watched: dict[str, int] = {}
        self.all_in_sight = False
        """Whether nobody is hidden, whatever is said of them."""

    def put(self, envelope: Envelope) -> None:
        """A subscriber of the hub."""
        if self.in_sight(envelope.agent) or isinstance(envelope.event, ALWAYS):
            self._mailbox.put(envelope)

    def hide(self, agent: str) -> None:
        """From now on `agent` is in sight only while somebody watches it."""
        self._hidden.add(agent)

    def forget(self, agent: str) -> None:
        """The agent is gone."""
        self._hidden.discard(agent)

    def watch(self, agent: str) -> None:
        """A view shows `agent`; as often as this is called, `unwatch` has to be."""
        self._watched[agent] = self._watched.get(agent, 0) + 1

    def unwatch(self, agent: str) -> None:
        """That view is closed."""
        left = self._watched.get(agent, 0) - 1
        if left > 0:
            self._watched[agent] = left
        else:
            self._watched.pop(agent, None)

    def in_sight(self, agent: str) -> bool:
        """Whether every word of `agent` goes to the screen."""
        return self.all_in_sight or agent not in self._hidden or agent in self._watched
