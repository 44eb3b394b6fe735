"""What may be spent: warns at four fifths, asks before the request that would go beyond.

Owns the limits of this program's run, raised ones included. Spending is read
from the store's ledger, so that other sessions and programs of the day count.
Must not know who answers.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.middleware import Halt, HookContext, Middleware
from alloy_tui.domain.errors import AlloyError
from alloy_tui.domain.events import BudgetReached, BudgetWarned, EngineEvent, Notice, ToolFinished
from alloy_tui.domain.limits import Unit, raised, spelled
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.runtime.estimating import estimate
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions.store import Spent
from alloy_tui.settings.schema import BudgetSettings

TOOL: Final = "budget"
"""The name under which a limit is asked about."""
WARN_AT: Final = 0.8

# What runs here costs nothing that a service would bill.
_OWN_MACHINE: Final = ("local/", "ollama/", "demo/")

Span: TypeAlias = Literal["session", "day"]
Ledger: TypeAlias = Callable[[Span], Awaitable[Sequence[Spent]]]
Others: TypeAlias = Callable[[], Awaitable[Sequence[str]]]
"""Sessions of agents that work for the one on screen, once what they said is stored."""
Publish: TypeAlias = Callable[[HookContext, EngineEvent], object]
Emit: TypeAlias = Callable[[EngineEvent], None]


class _Sum(msgspec.Struct, frozen=True):
    """What a span took; `unpriced` are models whose requests have no known cost."""

    usd: float
    tokens: int
    unpriced: frozenset[str]


class Budgets(Middleware):
    """The limits of one program; shared by its agents, which are asked about one after another.

    `spent` gives the ledger of a span, oldest first, the last answer included.
    """

    def __init__(
        self, limits: BudgetSettings, *, spent: Ledger, approvals: Approvals, publish: Publish
    ) -> None:
        given: dict[tuple[Span, Unit], float | None] = {
            ("session", "usd"): limits.session_usd,
            ("day", "usd"): limits.day_usd,
            ("session", "tokens"): limits.session_tokens,
            ("day", "tokens"): limits.day_tokens,
        }
        self._limits = {key: limit for key, limit in given.items() if limit is not None}
        self._spent = spent
        self._approvals = approvals
        self._publish = publish
        self._warned: set[tuple[Span, Unit, float]] = set()
        self._told: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    @property
    def any(self) -> bool:
        """Whether there is any limit."""
        return bool(self._limits)

    async def before_completion(
        self, context: HookContext, request: CompletionRequest
    ) -> Halt | None:
        """Go on, ask, or stop the run."""
        if not self._limits:
            return None
        async with self._one_at_a_time:
            for span in ("session", "day"):
                halt = await self._check(span, context, request)
                if halt is not None:
                    return halt
        return None

    async def _check(
        self, span: Span, context: HookContext, request: CompletionRequest
    ) -> Halt | None:
        mine: list[Unit] = [unit for each, unit in self._limits if each == span]
        if not mine:
            return None
        try:
            rows = await self._spent(span)
        except AlloyError as error:
            self._tell_once(context, f"The budget cannot be watched: {error.message}")
            return None
        so_far, coming = _sum(rows), estimate(request, context, rows)
        cost = context.info.price.cost(coming.usage) if context.info is not None else None
        if "usd" in mine:
            self._tell_unpriced(context, so_far, cost)
        for unit in mine:
            usd = unit == "usd"
            spent = so_far.usd if usd else float(so_far.tokens)
            more = (cost or 0.0) if usd else float(coming.usage.total or 0)
            halt = await self._hold((span, unit), spent, more, coming.basis, context)
            if halt is not None:
                return halt
        return None

    async def _hold(
        self, key: tuple[Span, Unit], spent: float, more: float, basis: str, context: HookContext
    ) -> Halt | None:
        (span, unit), limit = key, self._limits[key]

        def emit(event: EngineEvent) -> None:
            self._publish(context, event)

        of = f"{spelled(spent, unit)} of {spelled(limit, unit)}"
        if spent + more > limit or spent >= limit:
            emit(BudgetReached(spent, limit, unit, span))
            return await self._ask(key, spent, more, basis, emit)
        if spent >= WARN_AT * limit and (*key, limit) not in self._warned:
            self._warned.add((*key, limit))
            emit(BudgetWarned(spent, limit, unit, span))
            emit(Notice("warning", f"The budget of this {span}: {of} are spent."))
        return None

    async def _ask(
        self, key: tuple[Span, Unit], spent: float, more: float, basis: str, emit: Emit
    ) -> Halt | None:
        (span, unit), limit = key, self._limits[key]
        higher = raised(limit, spent + more, unit)
        of = f"{spelled(spent, unit)} of {spelled(limit, unit)}"
        coming = f"about {spelled(more, unit)}" if more else "an unknown amount"
        call_id = f"{TOOL}-{uuid.uuid4().hex}"
        decision, why = await self._approvals.question(
            call_id=call_id,
            tool=TOOL,
            arguments={
                "spent": of,
                "next request": f"{coming} ({basis})" if more else coming,
                "span": span,
                "raise to": spelled(higher, unit),
            },
            headline=f"The budget of this {span}: {of} are spent, the next request takes {coming}",
            reason=f"this session = raise the limit to {spelled(higher, unit)}",
            emit=emit,
        )
        if decision == "deny":
            would = f"the next request takes {coming}"
            said = " Nobody is here to be asked."
            if self._approvals.interactive:
                emit(_settled(call_id, "Stopped.", refused=True))
                said = f" You said: {why}" if why else ""
            return Halt(
                f"Stopped at the budget of this {span}: {of} are spent, {would}.{said}",
                hint=f"Nothing was sent. `alloy config set budget.{span}_{unit} …` sets the limit.",
            )
        if decision == "once":
            emit(_settled(call_id, "Sent this once.", refused=False))
            return None
        self._limits[key] = higher
        now = f"The limit is {spelled(higher, unit)} until the program ends."
        emit(_settled(call_id, now, refused=False))
        return None

    def _tell_unpriced(self, context: HookContext, so_far: _Sum, cost: float | None) -> None:
        models = so_far.unpriced | ({context.model} if cost is None else frozenset[str]())
        for model in sorted(models):
            if model.startswith(_OWN_MACHINE):
                continue
            self._tell_once(
                context,
                f"The price of {model} is not known: what it takes is not counted "
                'against the budget. You can say it in the config file: [models."'
                f'{model}"].',
            )

    def _tell_once(self, context: HookContext, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self._publish(context, Notice("warning", words))


def _settled(call_id: str, words: str, *, refused: bool) -> ToolFinished:
    """The question's end, for views that show it as they show calls."""
    details = {"denied": "user"} if refused else None
    content = (TextBlock(words),)
    return ToolFinished(call_id, TOOL, refused, content, started=not refused, details=details)


def ledger_of(desk: SessionDesk, recorder: Recorder, others: Others | None = None) -> Ledger:
    """What the store knows of the session on screen and those beside it, and of this day."""

    async def spent(span: Span) -> Sequence[Spent]:
        await recorder.durable()  # the last answer counts, too
        beside = () if others is None else await others()
        store = await desk.store()
        if span == "day":
            return await asyncio.to_thread(store.spent, since_ms=_midnight_ms())
        sessions = dict.fromkeys((desk.state.id, *beside))

        def look() -> list[Spent]:
            return [one for each in sessions if each for one in store.spent(session=each)]

        return await asyncio.to_thread(look)

    return spent


def _midnight_ms() -> int:
    """When this day began here, in epoch milliseconds."""
    return int(time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1)) * 1000)


def _sum(rows: Sequence[Spent]) -> _Sum:
    return _Sum(
        sum(row.cost or 0.0 for row in rows),
        sum(row.usage.total or 0 for row in rows),
        frozenset(row.model for row in rows if row.cost is None and row.usage.known),
    )
