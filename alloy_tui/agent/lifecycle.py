"""An agent's beginning and end: the session hooks, once each.

Owns whether the agent has started. Must not know of requests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from alloy_tui.agent.hooks import Halted, Hooks
from alloy_tui.agent.middleware import HookContext
from alloy_tui.agent.run_state import Setup, World
from alloy_tui.domain.errors import AgentStoppedError, MiddlewareError
from alloy_tui.domain.events import AgentStarted, EngineEvent

_log = logging.getLogger(__name__)


class Lifecycle:
    """Starts an agent at most once, and ends it at most once."""

    def __init__(
        self, world: World, live: Callable[[], Setup], publish: Callable[[EngineEvent], None]
    ) -> None:
        self._world = world
        self._live = live
        self._publish = publish
        self._started = False
        self.over = False

    async def begin(self) -> None:
        """Run `session_start` unless it has run.

        Raises Halted when a middleware says so; the next call tries again.
        """
        if self.over:
            raise AgentStoppedError("The agent was stopped.")
        if self._started:
            return
        self._started = True
        try:
            await self._hooks().session_start()
        except BaseException:
            self._started = False
            raise
        provider = self._live().provider
        self._publish(AgentStarted(str(provider.ref)))
        brought = self._world.ledger.brought(provider.info.context_window)
        if brought is not None:
            self._publish(brought)

    async def end(self) -> None:
        """Run `session_end` if the agent had started; a halt there is only logged."""
        self.over = True
        if not self._started:
            return
        self._started = False
        try:
            await self._hooks().session_end()
        except (Halted, MiddlewareError) as error:
            _log.warning("session_end of %s: %s", self._world.agent, error)

    def _hooks(self) -> Hooks:
        return Hooks(self._live().middleware, self._context, self._publish)

    def _context(self) -> HookContext:
        world = self._world
        return HookContext(
            agent=world.agent,
            request_id=None,
            turn=0,
            model=str(self._live().provider.ref),
            messages=world.conversation.messages,
            usage=world.ledger.totals().usage,
            memory=world.hook_memory,
        )
