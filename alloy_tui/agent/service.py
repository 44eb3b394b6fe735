"""The service of requests: from the queue through a run to the result.

Owns the run that is under way, and that what it said is kept before its result
is told. Must not know of queues or of the agent's public face.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import anyio

from alloy_tui.agent.dispatcher import never_ran
from alloy_tui.agent.ending import CANCELLED, execute, result_of, settle
from alloy_tui.agent.requests import Request
from alloy_tui.agent.run_state import Run, Setup, World
from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.events import EngineEvent, Notice, RunStarted
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.results import RunResult

_KEEPING_S = 5.0
"""How long a result waits for a slow disk."""

Publish = Callable[[str | None, int, EngineEvent], object]


class Service:
    """Serves one request after the other.

    `steers` drains the steering messages for a running request; `before` is
    awaited before a run, `after` when one is over.
    """

    def __init__(
        self,
        world: World,
        *,
        live: Callable[[], Setup],
        publish: Publish,
        steers: Callable[[Request], Iterable[ChatMessage]],
        before: Callable[[], Awaitable[None]],
        after: Callable[[], Awaitable[None]],
    ) -> None:
        self.run: Run | None = None
        self._world = world
        self._live = live
        self._publish = publish
        self._steers = steers
        self._before = before
        self._after = after

    async def serve(self, request: Request) -> RunResult:
        """Bring `request` to its result; raises nothing but cancellation."""
        world, limit_s = self._world, request.timeout_s
        model = str(self._live().provider.ref)
        self._publish(request.id, 0, RunStarted(model, request.text, request.lane))
        prompt = request.message
        world.conversation.append(prompt)
        run = self.run = Run(
            world,
            request.id,
            prompt,
            live=self._live,
            publish=lambda turn, event: self._publish_for(request, turn, event),
            steers=lambda: (*world.conversation.told(), *self._steers(request)),
            deadline_s=None if limit_s is None else world.clock.monotonic_s() + limit_s,
        )
        result = await execute(run, request.scope, limit_s, before=self._before)
        self.run = None
        world.conversation.settle()
        await self._keep(run, result)
        await self._after()
        return result

    def abandon(self, request: Request) -> RunResult:
        """The result of one that would not stop in time."""
        run, self.run = self.run, None
        if run is None:
            return never_ran(request)
        settle(run, CANCELLED)
        return result_of(run, CANCELLED)

    async def _keep(self, run: Run, result: RunResult) -> None:
        """Who sees the result may rely on it: what led to it is kept, or words say that it is not.

        A run that ended for that very reason has said so.
        """
        try:
            with anyio.move_on_after(_KEEPING_S):
                await self._world.journal.durable()
        except StoreError as error:
            if result.error is None or result.error.kind != "not_stored":
                words = f"The end of this request is not stored yet: {error.message}"
                run.emit(Notice("error", f"{words} {error.hint or ''}".strip()))

    def _publish_for(self, request: Request, turn: int, event: EngineEvent) -> None:
        if not request.done.done():  # an abandoned run has nothing more to say
            self._publish(request.id, turn, event)
