"""What a screen may ask of a team: the `TeamPort` protocol and its snapshots.

Owns the contract only. Every method may be called from any thread, returns at
once and never raises for the engine's troubles: those come back as notices.
A team is there from the start, the session's own: the main agent, whom it spawns,
whom a person adds; it stays with its session and comes back with it. A team file
opens another in its place. `team_changed` in the event stream means that `view()`
is new; it comes 4 times a second at most, and only while somebody follows. Texts
are as they were written: who shows them sanitises them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.events import Envelope, Lane
from alloy_tui.domain.team_events import DelegationKind, DelegationStatus
from alloy_tui.domain.team_values import Collision, Lease, Mail, Shared, TeamTask
from alloy_tui.domain.usage import ZERO, TokenUsage
from alloy_tui.runtime.agent_view import AgentView

RowGroup: TypeAlias = Literal["needs_you", "failed", "working", "idle", "done"]
MemberAction: TypeAlias = Literal["pause", "resume", "cancel", "restart", "kill", "remove"]
SpanKind: TypeAlias = Literal["run", "turn", "tool", "wait"]
TaskAction: TypeAlias = Literal["claim", "finish", "block", "release", "remove"]


class AgentRow(msgspec.Struct, frozen=True):
    """One agent on the dashboard.

    `parent` is who spawned it, "" at the top; `depth` counts from 0 there.
    `activity` is what it does now, on one line: the tool and what it works on,
    or the beginning of what it says; in a pipeline its step comes first.
    `tail` is the end of what it last said.
    `rates` are tokens per second, about, one figure a second, the latest last;
    empty while nothing was said for long. `last_ms` is when it last did
    anything. `cause` is why it last crashed. `unread` is its mail. `turns`,
    `restarts` and the view's figures are of all programs that it was in.
    `worktree` is the path of a git worktree of its own, "" = it has none;
    `session` is the id of where its conversation is kept, "" = nowhere.
    """

    name: str
    view: AgentView
    parent: str = ""
    depth: int = 0
    role: str = ""
    activity: str = ""
    tail: str = ""
    prompt: str = ""
    turns: int = 0
    max_turns: int | None = None
    restarts: int = 0
    cause: str = ""
    paused: bool = False
    over: bool = False
    started_ms: int = 0
    last_ms: int = 0
    rates: tuple[int, ...] = ()
    budget_usd: float | None = None
    budget_tokens: int | None = None
    unread: int = 0
    worktree: str = ""
    session: str = ""
    main: bool = False

    @property
    def group(self) -> RowGroup:
        """Where it stands; who waits for a person's answer first. An idle one was never asked."""
        state = self.view.state
        if self.view.approvals:
            return "needs_you"
        if state == "failed":
            return "failed"
        if self.over:
            return "done"
        if self.view.busy or state in {"starting", "queued", "restarting"}:
            return "working"
        return "idle" if state == "idle" and not (self.prompt or self.turns) else "done"


class Delegation(msgspec.Struct, frozen=True):
    """Work that somebody gave; `status` is None while it is under way.

    Of a pipeline it is `step`, from 1, of `steps`; `handoff` is the same for all of them.
    """

    id: str
    by: str
    to: str
    text: str
    kind: DelegationKind
    depth: int
    started_ms: int
    ended_ms: int | None = None
    status: DelegationStatus | None = None
    brought: str = ""
    handoff: str = ""
    step: int = 0
    steps: int = 0

    @property
    def place(self) -> str:
        """`2 of 3` in a pipeline, "" outside of one."""
        return f"{self.step} of {self.steps}" if self.steps else ""


class TeamView(msgspec.Struct, frozen=True):
    """A team at one moment; `rows` are in the order of the tree, parents first.

    `cost` is in US dollars, None = unknown; `cost_partial` says that some of it
    is. `budget_usd` and `budget_tokens` are the team's. `supervision` says in
    words how crashes are met; `gave_up` why the team ended, "" = it did not.
    """

    version: int = 0
    name: str = ""
    file: str = ""
    rows: tuple[AgentRow, ...] = ()
    tasks: tuple[TeamTask, ...] = ()
    mail: tuple[Mail, ...] = ()
    shared: tuple[Shared, ...] = ()
    leases: tuple[Lease, ...] = ()
    collisions: tuple[Collision, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    usage: TokenUsage = ZERO
    cost: float | None = None
    cost_partial: bool = False
    budget_usd: float | None = None
    budget_tokens: int | None = None
    turns: int = 0
    supervision: str = ""
    gave_up: str = ""

    def row(self, name: str) -> AgentRow | None:
        """That agent's, None = it is not there."""
        return next((row for row in self.rows if row.name == name), None)

    @property
    def waiting(self) -> int:
        """How many questions wait for a person: what “needs you” counts, wherever it stands."""
        return counted(self.rows, "needs_you")


def counted(rows: Iterable[AgentRow], group: RowGroup) -> int:
    """How many agents are in a group; of those that need a person, how many questions wait."""
    if group == "needs_you":
        return sum(len(row.view.approvals) for row in rows)
    return sum(row.group == group for row in rows)


class Span(msgspec.Struct, frozen=True):
    """Something that took time: a run, a turn, a tool call, a wait for a person.

    `end_ms` is None while it goes on; `title` is one line.
    """

    agent: str
    kind: SpanKind
    title: str
    start_ms: int
    end_ms: int | None = None
    failed: bool = False


class TeamFile(msgspec.Struct, frozen=True):
    """A team that can be opened; `trouble` says why it cannot, "" = it can.

    `kept` is when it was last used here: opening it brings that back.
    """

    name: str
    path: str
    members: tuple[str, ...] = ()
    trouble: str = ""
    kept_ms: int | None = None


class NewMember(msgspec.Struct, frozen=True):
    """An agent to add or to put in another's place; "" = as the team has it."""

    name: str
    model: str = ""
    role: str = ""
    system_prompt: str = ""
    tools: tuple[str, ...] | None = None


class Problem(msgspec.Struct, frozen=True):
    """Why work came to nothing; `agent` is "" when it was nobody's fault in particular.

    `kind` is a `TeamErrorKind`, or "config" when nothing could begin.
    """

    agent: str
    kind: str
    message: str


class Brought(msgspec.Struct, frozen=True):
    """What an agent had said when the work ended early.

    `by` is the agent that it worked for, "" = it was asked itself; `whole` says
    that it had come to its end, though what it was for had not. `place` is its step
    of a pipeline that broke, such as `2 of 3`.
    """

    agent: str
    text: str
    by: str = ""
    whole: bool = False
    place: str = ""


class Performed(msgspec.Struct, frozen=True):
    """How work ended that a team was opened for: what each agent brought, in order.

    `answers` are whole; `brought` is what there is beside them when there are
    `problems`. A pipeline that broke has no answer: what its steps brought is there.
    """

    answers: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    brought: tuple[Brought, ...] = ()


class SharingPort(Protocol):
    """Mail, tasks and the shared context of a team."""

    def mail(self, to: Sequence[str], text: str) -> None:
        """Put a message into the boxes of agents."""
        ...

    def put_task(self, title: str, *, detail: str = "", needs: Sequence[str] = ()) -> None:
        """Put a task up."""
        ...

    def change_task(self, action: TaskAction, task: str, words: str = "") -> None:
        """Change a task; `words` are its result, or what it is blocked by, or its new owner."""
        ...

    def share(self, key: str, value: str | None) -> None:
        """Write a key of the shared context, or take it away."""
        ...


class TeamPort(SharingPort, Protocol):
    """A team as a screen sees it."""

    def view(self) -> TeamView:
        """The team as of the latest `team_changed`."""
        ...

    def follow(self, who: str, wanted: bool) -> None:
        """`who`, a view, wants to be told of changes from now on, or no more."""
        ...

    def attach(self, agent: str, then: Callable[[tuple[Envelope, ...] | None], object]) -> None:
        """Tell `then` what happened to `agent` until now; what comes next follows in the stream.

        What was said long ago comes as if it was said at once, `turn` by `turn`, with
        a `seq` of 0. The run that goes on comes as it was, its pieces of text joined;
        the little of it that is told whoever looks may be in the stream as well, with
        the same `seq`. Nothing is missed between the two.
        """
        ...

    def detach(self, agent: str) -> None:
        """Its text is in no one's view any more."""
        ...

    def files(self, then: Callable[[tuple[TeamFile, ...]], object]) -> None:
        """Tell `then` which teams there are."""
        ...

    def open(self, file: str) -> None:
        """Open that team, as it was left; another one that is open is closed first."""
        ...

    def close(self) -> None:
        """Stop the team's agents; what they said and share is kept."""
        ...

    def delegate(self, kind: DelegationKind, to: Sequence[str], text: str) -> None:
        """Give work: to one, to all of `to` at once, or through them one after the other."""
        ...

    def say(self, agent: str, text: str, lane: Lane = "prompt") -> None:
        """Send a message to an agent, as in its own chat."""
        ...

    def act(self, action: MemberAction, agent: str) -> None:
        """Do that with an agent."""
        ...

    def add(self, member: NewMember) -> None:
        """Let another agent join."""
        ...

    def replace(self, member: NewMember) -> None:
        """Put this in the place of the agent of that name; the conversation stays."""
        ...

    def set_model(self, agent: str, model: str) -> None:
        """Let another model answer for it."""
        ...

    def set_budget(self, agent: str, usd: float | None, tokens: int | None) -> None:
        """Limit what an agent, or the team (""), may spend; None = no limit."""
        ...

    def timeline(self, then: Callable[[tuple[Span, ...]], object]) -> None:
        """Tell `then` what took time, by start; of this team's former lives as well."""
        ...
