"""The agent: one conversation with a model, alive as long as its owner wants.

Owns configuration, identity and the public face; the queue is `dispatcher.py`'s,
a request's course `ending.py`'s and `turn.py`'s. Must not know of screens or
stores. All methods belong to one asyncio loop and none of them blocks it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import anyio
import msgspec
from msgspec import UNSET, UnsetType

from alloy_tui.agent import reports
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.compaction import Compactor
from alloy_tui.agent.completion import Retrying
from alloy_tui.agent.conversation import Conversation
from alloy_tui.agent.dispatcher import Dispatcher
from alloy_tui.agent.equipment import Providers, SpillFolder, core_tools, retry_policy, shared_locks
from alloy_tui.agent.feed import follow
from alloy_tui.agent.hooks import Halted
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.journal import Journal, NoJournal
from alloy_tui.agent.ledger import Ledger, UsageTotals
from alloy_tui.agent.lifecycle import Lifecycle
from alloy_tui.agent.middleware import Middleware
from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.agent.prompts import built_in_prompt
from alloy_tui.agent.requests import Prompt, Request, Waiting
from alloy_tui.agent.run_state import Setup, World, checked
from alloy_tui.agent.service import Service
from alloy_tui.agent.tool_task import Limits, Locks
from alloy_tui.domain.access import AccessLookup
from alloy_tui.domain.errors import AgentError
from alloy_tui.domain.events import (
    AgentConfigured,
    AgentStopped,
    EngineEvent,
    Envelope,
    HistoryReset,
    Lane,
    ModelChanged,
)
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.provider import Effort, Provider, TokenCount
from alloy_tui.domain.results import Health, RunResult, SessionExport
from alloy_tui.domain.tool import Tool

if TYPE_CHECKING:
    from alloy_tui.agent.telemetry import Telemetry

PATIENCE_S = 10.0
"""How long a caller that gave up waits for its request to be over."""


class Agent:
    """A model, its tools and one conversation.

    `model` is "service/model" or a provider; named models are made at once, so
    that a wrong name or a missing key raises ConfigError here. `timeout_s`
    bounds a whole request, tools and waits included; `tool_timeout_s` one call.
    Providers that are passed in stay the caller's to close. `journal` is told
    all that is said; no request leaves before it has kept what led to it.
    `spent` is what the conversation took before, if it goes on from `messages`.
    """

    def __init__(
        self,
        model: str | Provider,
        *,
        tools: Sequence[Tool] | None = None,
        system_prompt: str | None = None,
        name: str = "agent",
        middleware: Sequence[Middleware] = (),
        approvals: Approvals | None = None,
        approval_mode: ApprovalMode = "ask",
        max_turns: int = 50,
        max_pending: int = 16,
        timeout_s: float | None = None,
        tool_timeout_s: float = 600.0,
        cwd: str | Path = ".",
        messages: Sequence[ChatMessage] = (),
        retry: Retrying | None = None,
        fallbacks: Sequence[str | Provider] = (),
        effort: Effort | None = None,
        max_output: int | None = None,
        access: AccessLookup | None = None,
        hub: Hub | None = None,
        telemetry: Telemetry | None = None,
        compactor: Compactor | None = None,
        journal: Journal | None = None,
        locks: Locks | None = None,
        limits: Limits | None = None,
        spill_dir: Path | None = None,
        session_id: str | None = None,
        clock: Clock | None = None,
        spent: UsageTotals | None = None,
    ) -> None:
        clock, folder = clock or Clock(), Path(cwd).resolve()
        self.name = name
        self.hub = hub or Hub(clock=clock)
        self.approvals = approvals or Approvals(clock=clock)
        self._clock = clock
        self._timeout_s = timeout_s
        self._providers = Providers(access)
        self._spill = SpillFolder(spill_dir)
        if system_prompt is None:
            system_prompt = built_in_prompt(folder, clock.now_ms())
        self._setup = checked(
            Setup(
                provider=self._providers.get(model),
                fallbacks=tuple(self._providers.get(each) for each in fallbacks),
                system_prompt=system_prompt,
                tools=core_tools(folder) if tools is None else tuple(tools),
                middleware=tuple(middleware),
                approval_mode=approval_mode,
                max_turns=max_turns,
                effort=effort,
                max_output=max_output,
                retry=retry or retry_policy(),
                limits=limits or Limits(timeout_s=tool_timeout_s),
                compactor=compactor,
            )
        )
        journal = journal or NoJournal()
        self._world = World(
            agent=name,
            session_id=session_id or clock.new_id(),
            cwd=folder,
            conversation=Conversation(messages, journal.said),
            ledger=Ledger(spent),
            approvals=self.approvals,
            locks=locks or shared_locks(),
            clock=clock,
            journal=journal,
            tool_memory={},
            hook_memory={},
            spill_dir=self._spill.path,
        )
        self._life = Lifecycle(
            self._world, lambda: self._setup, lambda event: self._publish(None, event)
        )
        self._service = Service(
            self._world,
            live=lambda: self._setup,
            publish=lambda made, turn, event: self.hub.publish(name, made, turn, event),
            steers=self._steers,
            before=self._life.begin,
            after=self._release_unused,
        )
        self._requests = Dispatcher(
            max_pending,
            serve=self._service.serve,
            abandon=self._service.abandon,
            publish=self._publish,
        )
        self._born_s = clock.monotonic_s()
        self._created_ms = clock.now_ms()
        if telemetry is not None:
            telemetry.watch(self.hub)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Run `session_start`; the first request does it if nobody did.

        Raises AgentError when a middleware halts it.
        """
        try:
            await self._life.begin()
        except Halted as halt:
            who = f"The agent was kept from starting by {halt.middleware}"
            raise AgentError(f"{who}: {halt.reason}") from None

    async def chat(
        self, text: Prompt, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> RunResult:
        """Send a message and wait for the outcome; queues while another request runs.

        Failures of the run are the result's status, never an exception. A
        cancelled caller cancels the request.
        """
        made = self.send_message(text, request_id=request_id, timeout_s=timeout_s)
        try:
            return await self._requests.result(made)
        except BaseException:
            await self._requests.give_up(made, PATIENCE_S)
            raise

    async def stream(
        self, text: Prompt, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> AsyncGenerator[Envelope, None]:
        """Send a message and yield its envelopes; `run_finished` is the last.

        Closing the generator cancels the request.
        """
        wanted = request_id or self._clock.new_id()
        with follow(self.hub, self.name, wanted) as envelopes:
            self.send_message(text, request_id=wanted, timeout_s=timeout_s)
            try:
                async for envelope in envelopes:
                    yield envelope
            finally:
                await self._requests.give_up(wanted, PATIENCE_S)

    def send_message(
        self,
        text: Prompt,
        *,
        request_id: str | None = None,
        lane: Lane = "prompt",
        timeout_s: float | None = None,
    ) -> str:
        """Send a message and return its request id at once.

        Raises QueueFullError, DuplicateRequestError and AgentStoppedError. Lane
        "steer" goes into the running request at its next tool boundary, or
        becomes a request of its own; "follow_up" waits for all prompts.
        """
        timeout = self._timeout_s if timeout_s is None else timeout_s
        request = Request(request_id or self._clock.new_id(), text, lane, timeout)
        if request.empty:
            raise AgentError("The message is empty.")
        self._requests.submit(request)
        return request.id

    def steer(self, text: Prompt) -> str:
        """Send a message into the running request; see `send_message`."""
        return self.send_message(text, lane="steer")

    async def result(self, request_id: str) -> RunResult:
        """Wait for a request's outcome; of finished ones the last 256 are kept.

        A steering message has the outcome of the request that it went into.
        Raises UnknownRequestError.
        """
        return await self._requests.result(request_id)

    def cancel_request(self, request_id: str | None = None) -> None:
        """Cancel a running or waiting request, None = the running one.

        What has arrived is kept. Raises UnknownRequestError.
        """
        self._requests.cancel(request_id)

    def withdraw(self, request_id: str) -> str:
        """Take a waiting request back and return its text. Raises UnknownRequestError."""
        return self._requests.withdraw(request_id)

    def move(self, request_id: str, lane: Lane, position: int) -> None:
        """Give a waiting request another place, from 1 in `lane`; `queued` tells it again.

        Raises UnknownRequestError.
        """
        self._requests.move(request_id, lane, position)

    def hold(self) -> Callable[[], None]:
        """Let requests wait until what is returned has been called; a running one goes on."""
        return self._requests.hold()

    def add_context(self, text: str) -> None:
        """Tell the model `text` without asking for an answer.

        While a request runs it goes in at its next tool boundary, or after it.
        """
        self._world.conversation.tell(text, later=self._service.run is not None)

    async def set_model(self, model: str | Provider) -> None:
        """Answer with another model from the next turn on; the conversation stays.

        Raises ConfigError and changes nothing when the model cannot be had.
        """
        before = str(self._setup.provider.ref)
        self._setup = msgspec.structs.replace(self._setup, provider=self._providers.get(model))
        self._publish(None, ModelChanged(before, self.model))
        if self.model != before:
            self._world.journal.switched(before, self.model)
        if not self.busy:
            await self._release_unused()

    def configure(
        self,
        *,
        tools: Sequence[Tool] | UnsetType = UNSET,
        system_prompt: str | UnsetType = UNSET,
        middleware: Sequence[Middleware] | UnsetType = UNSET,
        approval_mode: ApprovalMode | UnsetType = UNSET,
        effort: Effort | UnsetType | None = UNSET,
        max_turns: int | UnsetType = UNSET,
    ) -> None:
        """Change what is given, from the next turn on; the conversation stays.

        Raises ConfigError and changes nothing when a value is impossible.
        """
        given = {
            "tools": tools if isinstance(tools, UnsetType) else tuple(tools),
            "system_prompt": system_prompt,
            "middleware": middleware if isinstance(middleware, UnsetType) else tuple(middleware),
            "approval_mode": approval_mode,
            "effort": effort,
            "max_turns": max_turns,
        }
        changes: dict[str, Any] = {k: v for k, v in given.items() if v is not UNSET}
        self._setup = checked(msgspec.structs.replace(self._setup, **changes))
        if changes:
            self._publish(None, AgentConfigured(tuple(changes)))

    def reset(self) -> None:
        """Clear the conversation; configuration, usage and the tools' memory stay.

        Raises AgentError while a request runs or waits: cancel it first.
        """
        if self.busy:
            raise AgentError("The agent is busy.", hint="Cancel its requests before the reset.")
        self.load(())
        self._publish(None, HistoryReset())

    def load(self, messages: Sequence[ChatMessage], spent: UsageTotals | None = None) -> None:
        """Go on from `messages` instead; they took `spent`, None = what was taken until now.

        Requests that wait follow them. The journal is not told. Raises AgentError while one runs.
        """
        if self._service.run is not None:
            raise AgentError("A request is running.", hint="Cancel it first.")
        self._world.conversation.load(messages)
        self._world.ledger.go_on(spent)

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """The conversation as of now, the running request's part included."""
        return self._world.conversation.messages

    @property
    def usage(self) -> UsageTotals:
        """Tokens and money of the agent's life."""
        return self._world.ledger.totals()

    @property
    def model(self) -> str:
        """The model that the next turn asks, `service/model`."""
        return str(self._setup.provider.ref)

    @property
    def busy(self) -> bool:
        """Whether a request runs or waits."""
        return self._requests.busy

    def pending(self) -> list[Waiting]:
        """What waits, in the order in which it would run."""
        return self._requests.queue.waiting()

    def health(self) -> Health:
        """The agent at a glance."""
        return reports.health(
            self._world, self._setup, self._requests, self._service.run, self._born_s
        )

    async def count_tokens(self) -> TokenCount:
        """How long the prompt is by now: the service's own count where it gives one."""
        return await reports.context_size(self._world, self._setup)

    def export_session(self) -> SessionExport:
        """The conversation as a value; its id stays the same for the agent's life."""
        return reports.export(self._world, self._setup, self._created_ms)

    async def stop(self, grace_s: float = 2.0, *, cause: str = "") -> None:
        """Cancel everything, run `session_end`, give back what the agent holds.

        Takes `grace_s` seconds at most, whatever tools and providers do. Safe to
        call twice. `cause` says what went wrong; "" is an end as it should be.
        """
        by_s = self._clock.monotonic_s() + grace_s
        await self._requests.close(grace_s)
        if self._life.over:
            return
        with anyio.move_on_after(max(0.1, by_s - self._clock.monotonic_s())):
            await self._life.end()
            await self._providers.release()
        self._spill.remove()
        self._publish(None, AgentStopped(cause))

    def _steers(self, request: Request) -> list[ChatMessage]:
        return self._requests.steer_into(request)

    async def _release_unused(self) -> None:
        await self._providers.release((self._setup.provider, *self._setup.fallbacks))

    def _publish(self, request_id: str | None, event: EngineEvent) -> None:
        self.hub.publish(self.name, request_id, 0, event)
