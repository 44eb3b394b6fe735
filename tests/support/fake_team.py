"""A `TeamPort` that records what is asked and shows the view that a test sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope, Lane
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.domain.team_values import Collision, Lease, Mail, Shared, TeamTask
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.agent_view import AgentView, Outcome, PendingApproval, RunningTool
from alloy_tui.runtime.team_port import (
    AgentRow,
    Delegation,
    MemberAction,
    NewMember,
    Span,
    TaskAction,
    TeamFile,
    TeamView,
)
from tests.support.feed import START_MS

_SEARCH = RunningTool("1", "search", "rounding", START_MS)


def asked(agent: str, id_: str, command: str, at_ms: int = START_MS) -> PendingApproval:
    """A question of `agent`."""
    request = ev.ApprovalRequested(
        id_, f"call-{id_}", "bash", {"command": command}, "not covered by a rule", command, command
    )
    return PendingApproval(request, agent, "r1", at_ms)


def view(state: str = "idle", **facts: object) -> AgentView:
    """An agent's view in that state."""
    given: dict[str, object] = {
        "state": state,
        "since_ms": START_MS,
        "ready": True,
        "model": "anthropic/claude-sonnet-5",
        "usage": TokenUsage(12_000, output=900),
        "usage_known": True,
        "cost": 0.35,
        "context_tokens": 62_000,
        "context_window": 200_000,
        **facts,
    }
    return AgentView(**given)  # type: ignore[arg-type] -- fields by name, any of them


def crew() -> TeamView:
    """Three agents of a team below the main one, each in another state, with all they share."""
    rows = (
        AgentRow("agent", view("done", outcome=Outcome("completed", None, 4_000, 2)), main=True),
        AgentRow(
            "reviewer",
            view(
                "waiting_approval",
                request_id="r1",
                approvals=(asked("reviewer", "a1", "git push --force origin main"),),
                model="anthropic/claude-opus-5",
                cost=0.11,
            ),
            role="reads what the others wrote",
            activity="approve: bash git push --force origin main",
            prompt="review the fix",
            turns=3,
            last_ms=START_MS - 180_000,
        ),
        AgentRow(
            "researcher",
            view(
                "tool", request_id="r2", tools=(RunningTool("1", "search", "rounding", START_MS),)
            ),
            role="finds things out",
            activity="search rounding modes",
            turns=4,
            restarts=1,
            cause="the tool ran out of memory",
            rates=(3, 12, 40, 80, 75, 60, 20, 0, 10, 35),
            last_ms=START_MS - 22_000,
        ),
        AgentRow(
            "coder",
            view("streaming", request_id="r3", voice="streaming"),
            role="changes the code",
            activity="The inner round is applied before the sum",
            tail="The inner round is applied before the sum, so 10.005 comes out as 10.01.",
            turns=7,
            parent="researcher",
            depth=1,
            rates=(80, 82, 79, 90, 85, 88, 80, 81, 84, 83),
            last_ms=START_MS - 3_000,
        ),
    )
    return TeamView(
        1,
        "review-crew",
        rows=rows,
        tasks=(
            TeamTask("t1", "read the code", "done", "researcher", result="It rounds twice."),
            TeamTask("t2", "fix the rounding", "claimed", "coder", ("t1",), at_ms=START_MS),
            TeamTask("t3", "review the fix", "blocked", "", ("t2",)),
        ),
        mail=(
            Mail("m1", "researcher", ("coder",), "It rounds twice.", START_MS - 60_000, ("coder",)),
            Mail("m2", "coder", ("reviewer",), "Please look at\ncheckout.py", START_MS - 9_000),
        ),
        shared=(Shared("branch", "fix-rounding", 2, "coder", START_MS - 90_000),),
        leases=(Lease("/src/shop/checkout.py", "coder", START_MS - 12_000),),
        collisions=(Collision("/src/shop/checkout.py", "reviewer", "coder", START_MS - 5_000),),
        delegations=(
            Delegation("d1", "user", "coder", "fix the rounding", "delegate", 1, START_MS),
        ),
        cost=0.87,
        budget_usd=2.0,
        turns=14,
    )


def spans() -> tuple[Span, ...]:
    """Two agents at work for some seconds."""
    return (
        Span("researcher", "run", "find it", START_MS, START_MS + 9_000),
        Span("researcher", "turn", "m", START_MS, START_MS + 3_000),
        Span("researcher", "tool", "search rounding", START_MS + 3_000, START_MS + 9_000, True),
        Span("coder", "run", "fix it", START_MS + 9_000, None),
        Span("coder", "turn", "m", START_MS + 9_000, None),
    )


class FakeTeam:
    """Set `shown`, `past`, `took` and `there`; read what was asked from the port."""

    def __init__(self, ask: Callable[..., None]) -> None:
        self._ask = ask
        self.shown = TeamView()
        self.past: dict[str, tuple[Envelope, ...]] = {}
        self.took: tuple[Span, ...] = ()
        self.there: tuple[TeamFile, ...] = ()

    def view(self) -> TeamView:
        return self.shown

    def follow(self, who: str, wanted: bool) -> None:
        self._ask("follow", who, wanted)

    def attach(self, agent: str, then: Callable[[tuple[Envelope, ...] | None], object]) -> None:
        self._ask("attach", agent)
        then(self.past.get(agent, ()))

    def detach(self, agent: str) -> None:
        self._ask("detach", agent)

    def files(self, then: Callable[[tuple[TeamFile, ...]], object]) -> None:
        self._ask("files")
        then(self.there)

    def open(self, file: str) -> None:
        self._ask("open_team", file)

    def close(self) -> None:
        self._ask("close_team")

    def delegate(self, kind: DelegationKind, to: Sequence[str], text: str) -> None:
        self._ask("delegate", kind, tuple(to), text)

    def say(self, agent: str, text: str, lane: Lane = "prompt") -> None:
        self._ask("say", agent, text, lane)

    def mail(self, to: Sequence[str], text: str) -> None:
        self._ask("mail", tuple(to), text)

    def act(self, action: MemberAction, agent: str) -> None:
        self._ask("act", action, agent)

    def add(self, member: NewMember) -> None:
        self._ask("add_member", member)

    def replace(self, member: NewMember) -> None:
        self._ask("replace_member", member)

    def set_model(self, agent: str, model: str) -> None:
        self._ask("set_agent_model", agent, model)

    def set_budget(self, agent: str, usd: float | None, tokens: int | None) -> None:
        self._ask("set_budget", agent, usd, tokens)

    def put_task(self, title: str, *, detail: str = "", needs: Sequence[str] = ()) -> None:
        self._ask("put_task", title)

    def change_task(self, action: TaskAction, task: str, words: str = "") -> None:
        self._ask("change_task", action, task, words)

    def share(self, key: str, value: str | None) -> None:
        self._ask("share", key, value)

    def timeline(self, then: Callable[[tuple[Span, ...]], object]) -> None:
        then(self.took)
