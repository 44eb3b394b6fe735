"""One request while it runs: what it may use, what it has done, how it ends.

Owns the state that the loop, the tools and the ending share. Decides nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.compaction import Compactor
from alloy_tui.agent.completion import Retrying
from alloy_tui.agent.conversation import Conversation
from alloy_tui.agent.journal import Answered, Journal
from alloy_tui.agent.ledger import Ledger, Spending
from alloy_tui.agent.middleware import HookContext
from alloy_tui.agent.partial import Partial
from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.agent.tool_task import Limits, Locks
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.events import (
    EngineEvent,
    ErrorInfo,
    OutputStream,
    RunStatus,
    ToolFinished,
    ToolStarted,
    TurnFinished,
)
from alloy_tui.domain.messages import ChatMessage, ToolResultBlock
from alloy_tui.domain.provider import Effort, Provider
from alloy_tui.domain.tool import Tool, ToolContext
from alloy_tui.domain.usage import ZERO, TokenUsage


class Setup(msgspec.Struct, frozen=True):
    """An agent's configuration; read anew at each turn, so that changes reach a live run."""

    provider: Provider
    fallbacks: tuple[Provider, ...]
    system_prompt: str
    tools: tuple[Tool, ...]
    middleware: tuple[object, ...]
    approval_mode: ApprovalMode
    max_turns: int
    effort: Effort | None
    max_output: int | None
    retry: Retrying
    limits: Limits
    compactor: Compactor | None = None


def checked(setup: Setup) -> Setup:
    """`setup` itself. Raises ConfigError when a value in it is impossible."""
    if setup.max_turns < 1:
        raise ConfigError("max_turns must be at least 1.")
    if setup.approval_mode not in {"ask", "edits", "all", "none"}:
        raise ConfigError(
            f"“{setup.approval_mode}” is no approval mode.",
            hint="Use ask, edits, all or none.",
        )
    return setup


class World(msgspec.Struct, frozen=True):
    """What stays the same for an agent's whole life.

    `spill_dir` makes the folder for long output when it is first needed.
    """

    agent: str
    session_id: str
    cwd: Path
    conversation: Conversation
    ledger: Ledger
    approvals: Approvals
    locks: Locks
    clock: Clock
    journal: Journal
    tool_memory: dict[str, Any]
    hook_memory: dict[str, Any]
    spill_dir: Callable[[], Path]


class Ending(msgspec.Struct, frozen=True):
    """How a run ended; `incomplete` labels a message that was cut off by it."""

    status: RunStatus
    incomplete: str
    error: ErrorInfo | None = None
    stop_reason: str | None = None


class Run:
    """The state of one request; `prompt` is in the conversation when it is made.

    `live` gives the configuration as of now; `publish` takes the events of this
    request with their turn; `steers` drains the steering messages that wait.
    """

    def __init__(
        self,
        world: World,
        request_id: str,
        prompt: ChatMessage,
        *,
        live: Callable[[], Setup],
        publish: Callable[[int, EngineEvent], None],
        steers: Callable[[], Sequence[ChatMessage]],
        deadline_s: float | None = None,
    ) -> None:
        self.world = world
        self.request_id = request_id
        self.prompt = prompt
        self.live = live
        self.steers = steers
        self.deadline_s = deadline_s
        self.start = len(world.conversation) - 1
        self.turn = 0
        self.turns = 0
        self.usage: TokenUsage = ZERO
        self.spending = Spending()
        self.partial: Partial | None = None
        self.left_out: ChatMessage | None = None
        self.answers: dict[str, ToolResultBlock] = {}
        self.begun: set[str] = set()
        self._finished: set[str] = set()
        self._told: set[str] = set()
        self.settled = False
        self.turn_since_s: float | None = None
        self.fallback = 0
        self._primary: Provider | None = None
        self._publish = publish

    def emit(self, event: EngineEvent, *, kept: bool = True) -> None:
        """Publish an event of the current turn; `kept` false is for what is left out.

        What was left out and is taken in again is kept then, and not told twice.
        """
        told = False
        if isinstance(event, ToolFinished):
            told = event.id in self._told
            self._told.add(event.id)
            if kept and event.id not in self._finished:
                self._finished.add(event.id)
                self.world.journal.finished(event)
        elif isinstance(event, ToolStarted):
            self.begun.add(event.id)
        if not told:
            self._publish(self.turn, event)

    def providers(self, setup: Setup) -> tuple[Provider, ...]:
        """Who is asked, best first; a fallback that took over stays until the model is switched."""
        if setup.provider is not self._primary:
            self._primary, self.fallback = setup.provider, 0
        return (setup.provider, *setup.fallbacks)[self.fallback :] or (setup.provider,)

    def close_turn(
        self,
        message: ChatMessage,
        *,
        model: str,
        usage: TokenUsage,
        cost: float | None,
        context_window: int | None,
        stop_reason: str | None,
    ) -> None:
        """Take an answer in, whole or cut, and publish the end of its turn and the new totals."""
        self.left_out = None
        if message.blocks:
            self.world.conversation.append(message)
        self.world.journal.answered(
            Answered(message, model, usage, cost, stop_reason, self._turn_ms())
        )
        self.turns += 1
        self.usage = usage if self.turns == 1 else self.usage + usage
        self.spending.add(usage, cost)
        self.end_turn(TurnFinished(stop_reason, usage, message.incomplete, cost))
        self.emit(self.world.ledger.add(model, usage, cost, context_window))

    def discard_turn(self, message: ChatMessage) -> None:
        """End a turn whose answer `message` broke off and is asked for again."""
        self.left_out = message
        self.world.journal.discarded()
        self.turns += 1
        self.usage = TokenUsage() if self.turns == 1 else self.usage + TokenUsage()
        self.spending.add(TokenUsage(), None)
        self.end_turn(TurnFinished(None, TokenUsage(), message.incomplete))

    def take_back_in(self) -> None:
        """Keep what was left out after all: nothing better came."""
        message, self.left_out = self.left_out, None
        if message is not None:
            self.world.conversation.append(message)
            self.world.journal.answered(Answered(message, message.origin or "", TokenUsage()))

    def end_turn(self, event: TurnFinished) -> None:
        """Publish `event` with its duration if a turn is open."""
        if self.turn_since_s is not None:
            duration_ms = self._turn_ms()
            self.turn_since_s = None
            self.emit(msgspec.structs.replace(event, duration_ms=duration_ms))

    def tool_context(self, call_id: str) -> ToolContext:
        """Where a call runs; whoever runs it adds progress and the call's own deadline."""
        world = self.world
        return ToolContext(
            cwd=world.cwd,
            agent=world.agent,
            call_id=call_id,
            memory=world.tool_memory,
            spill_dir=world.spill_dir(),
            environment=dict(os.environ),
            progress=_silent,
            deadline=self.deadline_s,
        )

    def hook_context(self) -> HookContext:
        """What a hook is told as of now."""
        world, provider = self.world, self.providers(self.live())[0]
        return HookContext(
            agent=world.agent,
            request_id=self.request_id,
            turn=self.turn,
            model=str(provider.ref),
            messages=world.conversation.messages,
            usage=self.usage,
            memory=world.hook_memory,
            info=provider.info,
            context_tokens=world.ledger.totals().context_tokens,
        )

    def messages(self) -> tuple[ChatMessage, ...]:
        """What this run added to the conversation."""
        return self.world.conversation.since(self.start)

    def text(self) -> str:
        """The text of this run's last assistant message that has any."""
        said = (m.text for m in reversed(self.messages()) if m.role == "assistant")
        return next((text for text in said if text), "")

    def _turn_ms(self) -> int:
        since_s = self.turn_since_s
        return 0 if since_s is None else self.world.clock.elapsed_ms(since_s)


def _silent(text: str, stream: OutputStream) -> None:
    """A call that does not run yet says nothing."""
