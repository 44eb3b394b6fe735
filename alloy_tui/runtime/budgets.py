"""What may be spent: warns at four fifths, asks before the request that would go beyond.

Owns the limits of this program's run, raised ones included, and the estimate of
a request that was not sent yet. Spending is read from the store's ledger, so
that other sessions and programs of the day count. Must not know who answers.
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
from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
)
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions.store import Spent
from alloy_tui.settings.schema import BudgetSettings

TOOL: Final = "budget"
"""The name under which a limit is asked about."""
WARN_AT: Final = 0.8
RAISE_BY: Final = 1.5
CHARS_A_TOKEN: Final = 3.6
TOKENS_AN_IMAGE: Final = 1_600
TOKENS_A_PAGE_KB: Final = 30
USUAL_OUTPUT: Final = 8_000
"""What an answer is taken to be at most: the limits of models are far beyond any usual one."""

# What runs here costs nothing that a service would bill.
_OWN_MACHINE: Final = ("local/", "ollama/", "demo/")

Span: TypeAlias = Literal["session", "day"]
Unit: TypeAlias = Literal["usd", "tokens"]
Ledger: TypeAlias = Callable[[Span], Awaitable[Sequence[Spent]]]
Publish: TypeAlias = Callable[[HookContext, EngineEvent], object]


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
        so_far, coming = _sum(rows), estimate(request, context, rows[-1] if rows else None)
        cost = context.info.price.cost(coming) if context.info is not None else None
        if "usd" in mine:
            self._tell_unpriced(context, so_far, cost)
        for unit in mine:
            spent, more = (
                (so_far.usd, cost or 0.0)
                if unit == "usd"
                else (
                    float(so_far.tokens),
                    float(coming.total or 0),
                )
            )
            halt = await self._hold((span, unit), spent, more, context)
            if halt is not None:
                return halt
        return None

    async def _hold(
        self, key: tuple[Span, Unit], spent: float, more: float, context: HookContext
    ) -> Halt | None:
        span, unit = key

        def emit(event: EngineEvent) -> None:
            self._publish(context, event)

        while spent + more > (limit := self._limits[key]) or spent >= limit:
            emit(BudgetReached(spent, limit, unit, span))
            of = f"{_words(spent, unit)} of {_words(limit, unit)}"
            coming = f"about {_words(more, unit)}" if more else "an unknown amount"
            call_id = f"{TOOL}-{uuid.uuid4().hex}"
            decision, why = await self._approvals.question(
                call_id=call_id,
                tool=TOOL,
                arguments={"spent": of, "next request": coming, "span": span},
                headline=f"The budget of this {span}: {of} are spent, "
                f"the next request takes {coming}",
                reason="this session = raise the limit by half",
                emit=emit,
            )
            if decision not in {"once", "deny"}:
                self._limits[key] = max(limit * RAISE_BY, 1.0 if unit == "tokens" else 0.01)
            outcome = {"once": "Sent this once.", "deny": "Stopped."}.get(
                decision, f"The limit is {_words(self._limits[key], unit)} until the program ends."
            )
            emit(_settled(call_id, outcome, refused=decision == "deny"))
            if decision == "deny":
                said = f" {why}" if why else ""
                return Halt(f"The budget of this {span} is used up: {of}.{said}")
            if decision == "once":
                return None
        if spent >= WARN_AT * limit and (*key, limit) not in self._warned:
            self._warned.add((*key, limit))
            emit(BudgetWarned(spent, limit, unit, span))
            of = f"{_words(spent, unit)} of {_words(limit, unit)}"
            emit(Notice("warning", f"The budget of this {span}: {of} are spent."))
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


def estimate(request: CompletionRequest, context: HookContext, last: Spent | None) -> TokenUsage:
    """What `request` will probably take.

    What the service counted last is known; what came after it is counted by
    characters. Where it cached the last request, it will read that from there.
    """
    known = context.context_tokens
    if known is None:
        fresh = (len(request.system) + len(msgspec.json.encode(request.tools))) / CHARS_A_TOKEN
        fresh += sum(_tokens(m) for m in request.messages)
        cached = 0
    else:
        answered = [i for i, m in enumerate(request.messages) if m.role == "assistant"]
        since = answered[-1] + 1 if answered else 0
        appended = sum(_tokens(m) for m in request.messages[since:])
        caches = (
            last is not None
            and last.model == context.model
            and bool(last.usage.cache_read or last.usage.cache_write)
        )
        cached = min(known, (last.usage.prompt or 0)) if caches and last is not None else 0
        fresh = known - cached + appended
    return TokenUsage(
        input=round(fresh), cache_read=cached or None, output=_output(request, context.info)
    )


def ledger_of(desk: SessionDesk, recorder: Recorder) -> Ledger:
    """What the store knows of the session on screen, and of this day."""

    async def spent(span: Span) -> Sequence[Spent]:
        await recorder.durable()  # the last answer counts, too
        store, session = await desk.store(), desk.state.id
        if span == "day":
            return await asyncio.to_thread(store.spent, since_ms=_midnight_ms())
        return await asyncio.to_thread(store.spent, session=session) if session else ()

    return spent


def _midnight_ms() -> int:
    """When this day began here, in epoch milliseconds."""
    return int(time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1)) * 1000)


def _output(request: CompletionRequest, info: ModelInfo | None) -> int:
    if request.max_output is not None:
        return request.max_output
    most = info.max_output if info is not None else None
    return min(most or USUAL_OUTPUT, USUAL_OUTPUT)


def _tokens(message: ChatMessage) -> float:
    total = 4.0
    for block in message.blocks:
        match block:
            case ImageBlock():
                total += TOKENS_AN_IMAGE
            case DocumentBlock(data=data):
                total += len(data) / 1000 * TOKENS_A_PAGE_KB
            case ToolResultBlock(content=content):
                images = sum(isinstance(part, ImageBlock) for part in content)
                total += len(block.text) / CHARS_A_TOKEN + images * TOKENS_AN_IMAGE
            case _:
                total += _text_length(block) / CHARS_A_TOKEN
    return total


def _text_length(block: msgspec.Struct) -> int:
    text = getattr(block, "text", None)
    if isinstance(text, str):
        return len(text)
    arguments = getattr(block, "arguments", None)
    return len(msgspec.json.encode(arguments)) if arguments is not None else 0


def _sum(rows: Sequence[Spent]) -> _Sum:
    return _Sum(
        sum(row.cost or 0.0 for row in rows),
        sum(row.usage.total or 0 for row in rows),
        frozenset(row.model for row in rows if row.cost is None and row.usage.known),
    )


def _words(amount: float, unit: Unit) -> str:
    if unit == "tokens":
        return f"{amount:,.0f} tokens"
    return f"${amount:.2f}" if amount >= 0.1 or not amount else f"${amount:.4f}"
