"""What agents may spend: limits of each and of all, in money and in tokens, hard.

Owns the purses, what is set aside for requests under way, and the question that
is asked before a limit would be passed. A purse stands in another: what an agent
spends, its spawner and the team spend. Must not know who answers.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.middleware import Halt, HookContext, Middleware
from alloy_tui.domain.events import (
    ApprovalRequested,
    BudgetReached,
    BudgetWarned,
    EngineEvent,
    Notice,
    ToolFinished,
    TurnFinished,
)
from alloy_tui.domain.limits import Unit, raised, spelled
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.team_events import BudgetRaised
from alloy_tui.domain.token_estimate import prompt_tokens
from alloy_tui.domain.usage import TokenUsage

TOOL = "budget"
"""The name under which a limit is asked about."""
WARN_AT = 0.8
USUAL_OUTPUT = 2_000
"""Less than where one agent is looked at: it is set aside for all that work at once, so a
guess on the high side would stop a team that has enough."""

Publish: TypeAlias = Callable[[str, str | None, int, EngineEvent], object]
"""Agent, request, turn, event."""


class Purse:
    """What was spent, what is set aside for requests under way, and how much it may be.

    `owner` is an agent's name, "" = the team. Dollars and tokens; a limit None = none.
    """

    def __init__(
        self,
        owner: str,
        usd: float | None = None,
        tokens: int | None = None,
        within: Purse | None = None,
    ) -> None:
        self.owner = owner
        self.limits: dict[Unit, float | None] = {"usd": usd, "tokens": tokens}
        self.spent: dict[Unit, float] = {"usd": 0.0, "tokens": 0.0}
        self.aside: dict[str, tuple[float, float]] = {}
        self.within = within
        self.warned: set[tuple[Unit, float]] = set()
        self.asked: set[str] = set()
        self.turn = asyncio.Lock()

    @property
    def limited(self) -> bool:
        """Whether it has any limit."""
        return self.limits["usd"] is not None or self.limits["tokens"] is not None

    def chain(self) -> Iterator[Purse]:
        """This one, then those in which it stands, the team's last."""
        purse: Purse | None = self
        while purse is not None:
            yield purse
            purse = purse.within

    def committed(self, unit: Unit, but: str) -> float:
        """What is spent, or set aside for others than `but`."""
        at = 0 if unit == "usd" else 1
        return self.spent[unit] + sum(v[at] for k, v in self.aside.items() if k != but)


class Allowances(Middleware):
    """The purses of one team; one middleware serves all its agents.

    `refused` are the requests that were stopped because nobody allowed them more.
    """

    def __init__(self, team: Purse, *, approvals: Approvals, publish: Publish) -> None:
        self.team = team
        self.waiting: Counter[str] = Counter()
        self.refused: set[str] = set()
        self._purses: dict[str, Purse] = {"": team}
        self._approvals = approvals
        self._publish = publish
        self._told: set[str] = set()

    def open(self, owner: str, usd: float | None, tokens: int | None, within: str = "") -> Purse:
        """A purse for an agent, inside that of `within`; one that is there keeps what was spent."""
        purse = self._purses.get(owner)
        if purse is None:
            outer = self._purses.get(within, self.team)
            purse = self._purses[owner] = Purse(owner, usd, tokens, outer)
        else:
            purse.limits = {"usd": usd, "tokens": tokens}
        return purse

    def close(self, owner: str) -> None:
        """The agent is gone; what it spent stays counted where its purse stood."""
        if owner:
            self._purses.pop(owner, None)

    def purse(self, owner: str) -> Purse | None:
        """An agent's purse, "" = the team's."""
        return self._purses.get(owner)

    def raise_to(self, owner: str, usd: float | None, tokens: int | None) -> None:
        """Set a purse's limits; a question that waits about them is asked anew, if need be."""
        purse = self._purses[owner]
        purse.limits = {"usd": usd, "tokens": tokens}
        for question in tuple(purse.asked):
            self._approvals.answer(question, "session", _RAISED)

    def spend(self, agent: str, event: TurnFinished) -> None:
        """A turn of `agent` is over: what was set aside for it becomes what it took."""
        self.settle(agent)
        self.book(agent, event.cost or 0.0, event.usage.total or 0)

    def book(self, agent: str, usd: float, tokens: int) -> None:
        """Count what `agent` spent, be it in an earlier life of the program."""
        purse = self._purses.get(agent)
        for each in purse.chain() if purse is not None else ():
            each.spent["usd"] += usd
            each.spent["tokens"] += tokens

    def settle(self, agent: str) -> None:
        """A run of `agent` is over: nothing is set aside for it."""
        purse = self._purses.get(agent)
        for each in purse.chain() if purse is not None else ():
            each.aside.pop(agent, None)

    async def before_completion(
        self, context: HookContext, request: CompletionRequest
    ) -> Halt | None:
        """Go on, ask, or stop the run."""
        own = self._purses.get(context.agent)
        limited = [purse for purse in own.chain() if purse.limited] if own is not None else []
        if own is None or not limited:
            return None
        likely = coming(request, context)
        cost = context.info.price.cost(likely) if context.info is not None else None
        if cost is None:
            self._tell_unpriced(context, limited)
        more: dict[Unit, float] = {"usd": cost or 0.0, "tokens": float(likely.total or 0)}
        for purse in limited:
            self.waiting[context.agent] += 1
            try:
                async with purse.turn:
                    halt = await self._hold(purse, more, context)
            finally:
                self.waiting[context.agent] -= 1
            if halt is not None:
                self.settle(context.agent)
                self.refused.add(context.request_id or "")
                return halt
        return None

    async def _hold(
        self, purse: Purse, more: dict[Unit, float], context: HookContext
    ) -> Halt | None:
        units: tuple[Unit, ...] = ("usd", "tokens")
        for unit in units:
            while (limit := purse.limits[unit]) is not None:
                spent = purse.committed(unit, context.agent)
                if spent < limit and spent + more[unit] <= limit:
                    self._warn(purse, unit, spent, limit, context)
                    break
                answer = await self._ask(purse, unit, spent, more[unit], context)
                if isinstance(answer, Halt):
                    return answer
                if answer == "once":
                    break
        purse.aside[context.agent] = (more["usd"], more["tokens"])
        return None

    async def _ask(
        self, purse: Purse, unit: Unit, spent: float, more: float, context: HookContext
    ) -> Halt | Literal["once", "raised"]:
        limit = purse.limits[unit] or 0.0
        mine: set[str] = set()

        def emit(event: EngineEvent) -> None:
            if isinstance(event, ApprovalRequested):
                mine.add(event.id)
                purse.asked.add(event.id)
            self._publish(context.agent, context.request_id, context.turn, event)

        emit(BudgetReached(spent, limit, unit))
        whose = f"The budget of {purse.owner or 'the team'}"
        of = f"{spelled(spent, unit)} of {spelled(limit, unit)}"
        coming = f"about {spelled(more, unit)}" if more else "an unknown amount"
        higher = raised(limit, spent + more, unit)
        call_id = f"{TOOL}-{uuid.uuid4().hex}"
        try:
            decision, why = await self._approvals.question(
                call_id=call_id,
                tool=TOOL,
                arguments={
                    "spent": of,
                    "next request": coming,
                    "of": purse.owner or "team",
                    "raise to": spelled(higher, unit),
                },
                headline=f"{whose}: {of} are spent, the next request takes {coming}",
                reason=f"this session = raise the limit to {spelled(higher, unit)}",
                emit=emit,
            )
        finally:
            purse.asked -= mine
        if decision not in {"once", "deny"} and why != _RAISED:
            purse.limits[unit] = higher
            emit(_raised(purse))
        now = spelled(purse.limits[unit] or 0.0, unit)
        outcome = {"once": "Sent this once.", "deny": "Stopped."}.get(
            decision, f"The limit is {now}."
        )
        emit(_settled(call_id, outcome, refused=decision == "deny"))
        if decision == "deny":
            return Halt(f"{whose} is used up: {of}. {why}".strip())
        return "once" if decision == "once" else "raised"

    def _warn(
        self, purse: Purse, unit: Unit, spent: float, limit: float, context: HookContext
    ) -> None:
        if spent < WARN_AT * limit or (unit, limit) in purse.warned:
            return
        purse.warned.add((unit, limit))
        of = f"{spelled(spent, unit)} of {spelled(limit, unit)}"
        for event in (
            BudgetWarned(spent, limit, unit),
            Notice("warning", f"The budget of {purse.owner or 'the team'}: {of} are spent."),
        ):
            self._publish(context.agent, context.request_id, context.turn, event)

    def _tell_unpriced(self, context: HookContext, purses: list[Purse]) -> None:
        if context.model in self._told or all(p.limits["usd"] is None for p in purses):
            return
        self._told.add(context.model)
        said = f"The price of {context.model} is not known: it is not counted in the budget."
        self._publish(context.agent, context.request_id, context.turn, Notice("warning", said))


_RAISED = "The limit was raised meanwhile."


def coming(request: CompletionRequest, context: HookContext) -> TokenUsage:
    """What is set aside for `request`: its prompt, and an answer of usual length."""
    prompt = prompt_tokens(request, context.context_tokens)
    most = request.max_output or (context.info.max_output if context.info is not None else None)
    return TokenUsage(input=round(prompt), output=min(most or USUAL_OUTPUT, USUAL_OUTPUT))


def _raised(purse: Purse) -> BudgetRaised:
    tokens = purse.limits["tokens"]
    most = None if tokens is None else round(tokens)
    return BudgetRaised(purse.owner, purse.limits["usd"], most)


def _settled(call_id: str, outcome: str, *, refused: bool) -> ToolFinished:
    """The question's end, for views that show it as they show calls."""
    details = {"denied": "user"} if refused else None
    content = (TextBlock(outcome),)
    return ToolFinished(call_id, TOOL, refused, content, started=not refused, details=details)
