"""The events of a team: who is in it, who asks whom, and what they share.

A team is rebuilt after a restart from these alone, so each carries all that the
rebuilding needs. The envelope's `agent` is who did it; "user" is a person.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from alloy_tui.domain.event_base import ErrorInfo, Event, snake
from alloy_tui.domain.team_values import TeamTask

DelegationKind: TypeAlias = Literal["delegate", "broadcast", "handoff", "spawn"]
DelegationStatus: TypeAlias = Literal[
    "completed", "failed", "crashed", "timed_out", "cancelled", "refused"
]


class MemberAdded(Event, frozen=True, tag=snake):
    """An agent joined; `member` is its specification as it can be read back.

    `parent` is the agent that spawned it, "" for those of the team itself;
    `session` is where its conversation is kept, "" = nowhere.
    """

    name: str
    member: dict[str, object]
    parent: str = ""
    session: str = ""


class MemberRemoved(Event, frozen=True, tag=snake):
    """An agent left for good."""

    name: str


class SupervisorGaveUp(Event, frozen=True, tag=snake):
    """Too many crashes in the period: `supervisor` and all below it ended."""

    supervisor: str
    cause: str
    restarts: int


class DelegationStarted(Event, frozen=True, tag=snake):
    """Work was given to `to`; `depth` counts from 1 for what a person or the main agent gave.

    Of a pipeline of several agents it is `step`, from 1, of `steps`; `handoff` is the
    same for all of them.
    """

    id: str
    to: str
    text: str
    kind: DelegationKind = "delegate"
    depth: int = 1
    handoff: str = ""
    step: int = 0
    steps: int = 0


class DelegationFinished(Event, frozen=True, tag=snake):
    """That work is over; `text` is what it brought, part of it when it failed."""

    id: str
    to: str
    status: DelegationStatus
    text: str = ""
    error: ErrorInfo | None = None


class MailSent(Event, frozen=True, tag=snake):
    """A message from one agent to others; `to` names them all."""

    id: str
    to: tuple[str, ...]
    text: str


class MailRead(Event, frozen=True, tag=snake):
    """The agent of the envelope was shown these messages."""

    ids: tuple[str, ...]


class TaskChanged(Event, frozen=True, tag=snake):
    """A task of the board is now like this; `removed` takes it off."""

    task: TeamTask
    removed: bool = False


class SharedChanged(Event, frozen=True, tag=snake):
    """A key of the shared context has a new value; None takes it away."""

    key: str
    value: str | None
    version: int


class LeaseChanged(Event, frozen=True, tag=snake):
    """A file is held by `holder` for writing, or by nobody ("")."""

    path: str
    holder: str


class LeaseRefused(Event, frozen=True, tag=snake):
    """The agent of the envelope wanted to write what `holder` holds, or what changed under it."""

    path: str
    holder: str
    reason: Literal["held", "stale"]


class MemberPaused(Event, frozen=True, tag=snake):
    """The agent takes no new request until it is resumed; a running one goes on to its end."""

    name: str


class MemberResumed(Event, frozen=True, tag=snake):
    """The agent takes requests again."""

    name: str


class BudgetRaised(Event, frozen=True, tag=snake):
    """The limit of an agent, or of the team (""), is now this; None = none."""

    name: str
    usd: float | None = None
    tokens: int | None = None


class TeamChanged(Event, frozen=True, tag=snake):
    """Something of the team that views show has changed; told 4 times a second at most."""

    version: int


TeamEvent: TypeAlias = (
    MemberAdded
    | MemberRemoved
    | SupervisorGaveUp
    | DelegationStarted
    | DelegationFinished
    | MailSent
    | MailRead
    | TaskChanged
    | SharedChanged
    | LeaseChanged
    | LeaseRefused
    | MemberPaused
    | MemberResumed
    | BudgetRaised
    | TeamChanged
)
