"""An agent from a plan: settings, outfit and the parts that the engine shares with it.

Owns what of the settings an agent is given, and which models it is likely to
take. Must not know the order of commands.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.journal import Journal
from alloy_tui.agent.middleware import HookContext, Middleware
from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.provider import Effort, Provider, StreamPart
from alloy_tui.domain.tool import Tool
from alloy_tui.providers.catalogue import known_models
from alloy_tui.providers.resolving import missing
from alloy_tui.providers.retry import RetryPolicy
from alloy_tui.providers.services import SERVICES
from alloy_tui.runtime.local_server import find_installed
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.model_choice import default_model
from alloy_tui.runtime.model_sources import ModelSources
from alloy_tui.runtime.outfit import LOCAL_MODEL, Outfit, outfit
from alloy_tui.settings.schema import Settings
from alloy_tui.settings.services import KEY_VARIABLES
from alloy_tui.team.plans import AgentPlan

_READING = frozenset({"read"})


class BackPressure(Middleware):
    """Lets a model's stream wait while the reader of the mailbox is behind."""

    def __init__(self, mailbox: EventMailbox) -> None:
        self._mailbox = mailbox

    def on_stream_chunk(self, context: HookContext, part: StreamPart) -> Awaitable[None] | None:
        """Wait for room, if there is none; cancelling the run ends the wait."""
        del context, part
        return self._mailbox.room() if self._mailbox.full else None


class AgentMaker:
    """Makes agents that share a hub, a mailbox and who answers approvals."""

    def __init__(
        self, settings: Settings, sources: ModelSources, hub: Hub, mailbox: EventMailbox
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._hub = hub
        self._mailbox = mailbox
        # Fixed, so that the prompt's bytes stay the same however often models are switched.
        self._now_ms = time.time_ns() // 1_000_000
        self.effort: Callable[[], Effort | None] = lambda: settings.effort
        """How hard an agent thinks that is made now."""
        self.guard: Middleware | None = None
        """What every agent asks before it spends."""

    def outfit(self, model: str, cwd: str) -> Outfit:
        """Tools and system prompt that suit `model`."""
        own = self._settings.system_prompt
        return outfit(model, cwd, own_prompt=own, now_ms=self._now_ms)

    def make(
        self,
        model: str,
        provider: str | Provider,
        *,
        name: str,
        cwd: str,
        approvals: Approvals,
        journal: Journal,
        tools: Sequence[Tool] | None = None,
        middleware: Sequence[Middleware] = (),
    ) -> Agent:
        """The agent that talks, not started yet; `tools` instead of the usual ones.

        Raises ConfigError.
        """
        return self._make(
            model,
            provider,
            name=name,
            cwd=cwd,
            approvals=approvals,
            journal=journal,
            mode=self._settings.approvals.mode,
            tools=self.outfit(model, cwd).tools if tools is None else tools,
            middleware=(BackPressure(self._mailbox), *middleware),
            fallbacks=self._sources.fallbacks(self._settings.fallbacks),
            hub=self._hub,
        )

    def make_reader(
        self,
        model: str,
        provider: str | Provider,
        *,
        name: str,
        cwd: str,
        approvals: Approvals,
        journal: Journal,
        heard: bool,
    ) -> Agent:
        """One that works beside it: it reads, changes nothing, and no other model answers for it.

        Nobody hears its events unless it is `heard`. Raises ConfigError.
        """
        tools = self.outfit(model, cwd).tools
        return self._make(
            model,
            provider,
            name=name,
            cwd=cwd,
            approvals=approvals,
            journal=journal,
            mode="none",
            tools=tuple(tool for tool in tools if tool.spec.name in _READING),
            middleware=(BackPressure(self._mailbox),) if heard else (),
            fallbacks=(),
            hub=self._hub if heard else Hub(),
        )

    def make_member(
        self,
        model: str,
        provider: str | Provider,
        *,
        plan: AgentPlan,
        cwd: str,
        approvals: Approvals,
        journal: Journal,
        session_id: str | None,
        messages: Sequence[ChatMessage],
        tools: Sequence[Tool],
    ) -> Agent:
        """One of a team, which goes on from `messages`. Raises ConfigError."""
        settings, spec = self._settings, plan.spec
        prompt = spec.system_prompt or self.outfit(model, cwd).system_prompt
        guard = () if self.guard is None else (self.guard,)
        return Agent(
            provider,
            name=spec.name,
            tools=tools,
            system_prompt="\n\n".join(part for part in (prompt, plan.passage) if part),
            middleware=(*guard, *plan.middleware, BackPressure(self._mailbox)),
            approvals=approvals,
            approval_mode=spec.approval_mode or settings.approvals.mode,
            max_turns=spec.max_turns or settings.max_turns,
            max_pending=settings.max_pending,
            timeout_s=settings.timeout_s,
            tool_timeout_s=settings.tool_timeout_s,
            cwd=Path(cwd),
            messages=messages,
            spent=plan.spent,
            retry=self._retry(),
            fallbacks=self._sources.fallbacks(settings.fallbacks),
            effort=settings.effort,
            max_output=settings.max_output,
            access=self._sources.access,
            hub=self._hub,
            journal=journal,
            session_id=session_id,
        )

    def _retry(self) -> RetryPolicy:
        retry = self._settings.retry
        return RetryPolicy(max_attempts=retry.max_attempts, longest_wait_s=retry.longest_wait_s)

    def _make(
        self,
        model: str,
        provider: str | Provider,
        *,
        name: str,
        cwd: str,
        approvals: Approvals,
        journal: Journal,
        mode: ApprovalMode,
        tools: Sequence[Tool],
        middleware: Sequence[Middleware],
        fallbacks: Sequence[str | Provider],
        hub: Hub,
    ) -> Agent:
        settings, suits = self._settings, self.outfit(model, cwd)
        return Agent(
            provider,
            name=name,
            tools=tools,
            system_prompt=suits.system_prompt,
            middleware=middleware if self.guard is None else (self.guard, *middleware),
            approvals=approvals,
            approval_mode=mode,
            max_turns=settings.max_turns,
            max_pending=settings.max_pending,
            timeout_s=settings.timeout_s,
            tool_timeout_s=settings.tool_timeout_s,
            cwd=Path(cwd),
            retry=self._retry(),
            fallbacks=fallbacks,
            effort=self.effort(),
            max_output=settings.max_output,
            access=self._sources.access,
            hub=hub,
            journal=journal,
        )


def names_within_reach(current: str, settings: Settings) -> tuple[str, ...]:
    """Names for the picker: the current one, then what the keys at hand can reach."""
    names = [current]
    for service in KEY_VARIABLES:
        if service in SERVICES and missing(service, settings.access(service)) is None:
            names += [default_model(service) or ""]
            names += [str(ref) for ref in known_models(service)]
    names += [LOCAL_MODEL] if find_installed() else []
    return tuple(dict.fromkeys(name for name in names if name))
