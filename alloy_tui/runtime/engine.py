"""What lives on the engine's thread: the agent, the model's server, the order of commands.

Owns making the agent and carrying out commands one after the other. Must not
be imported before the engine's thread runs: agents, tools and providers come
with it. Everything here belongs to the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.middleware import HookContext, Middleware
from alloy_tui.agent.permissions import ApprovalMode, ModePolicy
from alloy_tui.domain import events as ev
from alloy_tui.domain.errors import AlloyError, ConfigError, UnknownRequestError
from alloy_tui.domain.messages import ImageBlock, TextBlock
from alloy_tui.domain.provider import Provider, StreamPart
from alloy_tui.providers.catalogue import known_models
from alloy_tui.providers.retry import RetryPolicy
from alloy_tui.providers.services import SERVICES
from alloy_tui.runtime.demo import DemoProvider, lay_out
from alloy_tui.runtime.local_server import find_installed
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.model_choice import (
    DEMO_MODEL,
    Circumstances,
    choose,
    default_model,
    kind_of,
)
from alloy_tui.runtime.model_sources import ModelSources
from alloy_tui.runtime.outfit import LOCAL_MODEL, Outfit, outfit
from alloy_tui.runtime.own_commands import OwnCommands
from alloy_tui.runtime.plan import Plan, Snapshot, scratch_folder
from alloy_tui.runtime.port import ModelChoice, QueuedItem, UsageView
from alloy_tui.runtime.running_servers import find_running
from alloy_tui.settings.services import KEY_VARIABLES
from alloy_tui.settings.state import State

_log = logging.getLogger(__name__)

Command: TypeAlias = Callable[[], Awaitable[object] | object]

NAME = "agent"
_RESET_PATIENCE_S = 5.0


class BackPressure(Middleware):
    """Lets a model's stream wait while the reader of the mailbox is behind."""

    def __init__(self, mailbox: EventMailbox) -> None:
        self._mailbox = mailbox

    def on_stream_chunk(self, context: HookContext, part: StreamPart) -> Awaitable[None] | None:
        """Wait for room, if there is none; cancelling the run ends the wait."""
        del context, part
        return self._mailbox.room() if self._mailbox.full else None


class Engine:
    """The engine behind a `Runtime`; `snapshot` is replaced as a whole and may be read anywhere."""

    def __init__(self, plan: Plan, mailbox: EventMailbox, snapshot: Snapshot) -> None:
        self._plan = plan
        self._mailbox = mailbox
        self.snapshot = snapshot
        self.agent: Agent | None = None
        self.failure: AlloyError | None = None
        self.refusals: dict[str, AlloyError] = {}
        self._hub = Hub()
        self._hub.subscribe(mailbox.put)
        self._hub.subscribe(self._watch)
        self._state = State(plan.paths, lambda words: self._notice("warning", words))
        self._approvals = Approvals(
            policy=ModePolicy(dict(plan.settings.approvals.tools)),
            always=self._state.always_rules() if plan.interactive else (),
            remember=self._state.remember_rule,
            interactive=plan.interactive,
        )
        # Fixed, so that the prompt's bytes stay the same however often models are switched.
        self._now_ms = time.time_ns() // 1_000_000
        self._sources = ModelSources(plan.settings.access)
        self.own = OwnCommands(
            publish=lambda made, event: self._hub.publish(NAME, made, 0, event),
            agent=lambda: self.agent,
            cwd=lambda: self.snapshot.cwd,
        )
        self._commands: asyncio.Queue[tuple[str | None, Command]] = asyncio.Queue()

    async def run(self) -> None:
        """Choose a model, make the agent, then carry out commands until cancelled."""
        try:
            await self._begin()
        except Exception as error:  # noqa: BLE001 -- a screen without an engine must say why
            self.failure = _told(error)
            self._notice("error", _in_words(self.failure))
        while True:
            request_id, command = await self._commands.get()
            try:
                answer = command()
                if inspect.isawaitable(answer):
                    await answer
            except UnknownRequestError:
                continue  # it ended in the meantime
            except Exception as error:  # noqa: BLE001 -- the next command must still be carried out
                refused = _told(error)
                if request_id is not None:
                    self.refusals[request_id] = refused
                self._notice("error", _in_words(refused), request_id)

    def give(self, command: Command, request_id: str | None = None) -> None:
        """Carry out `command` after those given before; errors become notices."""
        self._commands.put_nowait((request_id, command))

    async def stop(self, grace_s: float) -> None:
        """Stop the agent and the model's server within `grace_s` seconds."""
        ends: list[Awaitable[object]] = [self.own.close()]
        if self.agent is not None:
            ends.append(self.agent.stop(grace_s))
        ends.append(self._sources.stop())
        await asyncio.gather(*ends, return_exceptions=True)

    def complaints(self) -> tuple[str, ...]:
        """What a person should know when all is over."""
        return self._sources.complaints()

    # Commands.

    async def submit(
        self, request_id: str, text: str, lane: ev.Lane, attachments: Sequence[str] = ()
    ) -> None:
        """Send a message with these images. Raises ToolError when one cannot be had."""
        agent = self._ready()
        images = [await asyncio.to_thread(self._image, path) for path in attachments]
        prompt = [*images, TextBlock(text)] if images else text
        agent.send_message(prompt, request_id=request_id, lane=lane)

    def move(self, request_id: str, lane: ev.Lane, position: int) -> None:
        """Give a waiting request another place."""
        if self.agent is not None:
            self.agent.move(request_id, lane, position)

    def cancel(self, request_id: str | None) -> None:
        """Cancel a request."""
        if self.agent is not None:
            self.agent.cancel_request(request_id)

    def withdraw(self, request_id: str) -> None:
        """Take a waiting request back."""
        if self.agent is not None:
            self.agent.withdraw(request_id)

    def answer(self, approval_id: str, decision: ev.Decision, feedback: str | None) -> None:
        """Answer an approval."""
        self._approvals.answer(approval_id, decision, feedback)

    async def set_model(self, model: str) -> None:
        """Switch, or begin if there was no model to begin with; a person's choice is kept."""
        provider = await self._provider(model)
        if self.agent is None:
            await self._make_agent(model, provider)
        else:
            before = self.agent.model
            await self.agent.set_model(provider)
            if LOCAL_MODEL in {before, model}:
                suits = self._outfit(model)
                self.agent.configure(tools=suits.tools, system_prompt=suits.system_prompt)
        self.failure = None
        self._update(model=model)
        self._remember(model)

    def set_mode(self, mode: ApprovalMode) -> None:
        """What runs without asking."""
        self._ready().configure(approval_mode=mode)

    async def reset(self) -> None:
        """Cancel what runs and waits, then clear the conversation."""
        agent = self._ready()
        for waiting in agent.pending():
            agent.cancel_request(waiting.request_id)
        running = agent.health().request_id
        if running is not None:
            agent.cancel_request(running)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RESET_PATIENCE_S):
                    await agent.result(running)
        agent.reset()

    # The rest.

    async def _begin(self) -> None:
        plan, settings = self._plan, self._plan.settings
        choice = await choose(
            Circumstances(
                asked=plan.asked_model,
                configured=settings.model,
                last=self._state.last_model(),
                demo=plan.demo,
                first_run=plan.interactive and self._state.first_run,
                usable=tuple(s for s in KEY_VARIABLES if s in SERVICES),
                access=settings.access,
                running=lambda: find_running(settings.access),
                local_model=LOCAL_MODEL if find_installed() else None,
            )
        )
        self._update(choice=choice, model=choice.model)
        try:
            provider = await self._provider(choice.model)
        except AlloyError as error:
            if choice.kind != "local" or plan.asked_model or settings.model:
                raise
            choice = _demo_instead(choice, error)
            self._update(choice=choice, model=choice.model)
            provider = await self._provider(choice.model)
        await self._make_agent(choice.model, provider)
        self._update(models=self._models())
        if plan.asked_model is not None:
            self._remember(plan.asked_model)
        elif plan.interactive and choice.first_run:
            self._state.remember_model(None)

    async def _provider(self, model: str) -> str | Provider:
        """What an agent takes as its model; starts the local server when it is needed first."""
        if model == DEMO_MODEL:
            if self.snapshot.choice.kind != "demo":
                raise ConfigError(
                    "The demo works in a folder of its own.", hint="Start it as `alloy --demo`."
                )
            await asyncio.to_thread(self._prepare_demo)
            return DemoProvider()
        return await self._sources.model(model)

    def _prepare_demo(self) -> None:
        folder = Path(self.snapshot.cwd) if self._plan.demo else scratch_folder()
        lay_out(folder)
        self._update(cwd=str(folder), scratch=str(folder))

    def _image(self, path: str) -> ImageBlock:
        from alloy_tui.tools.read import read_image

        return read_image((Path(self.snapshot.cwd) / Path(path).expanduser()).resolve())

    def _outfit(self, model: str) -> Outfit:
        own = self._plan.settings.system_prompt
        return outfit(model, self.snapshot.cwd, own_prompt=own, now_ms=self._now_ms)

    async def _make_agent(self, model: str, provider: str | Provider) -> None:
        settings, suits = self._plan.settings, self._outfit(model)
        self.agent = Agent(
            provider,
            name=NAME,
            tools=suits.tools,
            system_prompt=suits.system_prompt,
            middleware=(BackPressure(self._mailbox),),
            approvals=self._approvals,
            approval_mode=settings.approvals.mode,
            max_turns=settings.max_turns,
            max_pending=settings.max_pending,
            timeout_s=settings.timeout_s,
            tool_timeout_s=settings.tool_timeout_s,
            cwd=self.snapshot.cwd,
            retry=RetryPolicy(
                max_attempts=settings.retry.max_attempts,
                longest_wait_s=settings.retry.longest_wait_s,
            ),
            fallbacks=self._sources.fallbacks(settings.fallbacks),
            effort=settings.effort,
            max_output=settings.max_output,
            access=self._sources.access,
            hub=self._hub,
        )
        await self.agent.start()

    def _ready(self) -> Agent:
        if self.agent is None:
            raise self.failure or ConfigError("There is no model.", hint="Choose one: /model.")
        return self.agent

    def _models(self) -> tuple[str, ...]:
        """Names for the picker: the current one, then what the keys at hand can reach."""
        names = [self.snapshot.model]
        for service in KEY_VARIABLES:
            if service in SERVICES and self._plan.settings.access(service).api_key:
                names += [default_model(service) or ""]
                names += [str(ref) for ref in known_models(service)]
        names += [LOCAL_MODEL] if find_installed() else []
        return tuple(dict.fromkeys(name for name in names if name))

    def _remember(self, model: str) -> None:
        if self._plan.interactive and kind_of(model, self._sources.access) in {"remote", "local"}:
            self._state.remember_model(model)

    def _watch(self, envelope: ev.Envelope) -> None:
        """Keep the snapshot in step; runs at every event, so it looks at few of them."""
        event = envelope.event
        if isinstance(event, ev.UsageUpdated):
            view = UsageView(
                usage=event.usage,
                by_model=event.by_model,
                cost=event.cost,
                context_tokens=event.context_tokens,
                context_window=event.context_window,
            )
            self._update(usage=view)
        elif self.agent is not None and isinstance(
            event, ev.Queued | ev.Dequeued | ev.Cancelled | ev.Steered | ev.RunStarted
        ):
            waiting = self.agent.pending()
            self._update(queued=tuple(QueuedItem(w.request_id, w.lane, w.text) for w in waiting))

    def _update(self, **changes: object) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, **changes)

    def _notice(
        self, level: Literal["warning", "error"], text: str, request_id: str | None = None
    ) -> None:
        self._hub.publish(NAME, request_id, 0, ev.Notice(level, text))


def _told(error: Exception) -> AlloyError:
    if isinstance(error, AlloyError):
        return error
    _log.error("A defect", exc_info=error)
    return AlloyError(f"This is a defect of Alloy: {type(error).__name__}: {error}")


def _in_words(error: AlloyError) -> str:
    return f"{error.message} {error.hint}" if error.hint else error.message


def _demo_instead(choice: ModelChoice, error: AlloyError) -> ModelChoice:
    return msgspec.structs.replace(
        choice,
        model=DEMO_MODEL,
        kind="demo",
        found=(*choice.found, _in_words(error)),
        reason="The local model could not be started.",
    )
