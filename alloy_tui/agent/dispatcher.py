"""Takes requests in, runs one at a time, sees to it that each finishes exactly once.

Owns the queue, the task that works it off, and the events of waiting and
ending. Must not know how a request is served. One task runs while there is
work; an idle agent has none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import anyio

from alloy_tui.agent.requests import Request, RequestQueue
from alloy_tui.domain.errors import AgentStoppedError, UnknownRequestError
from alloy_tui.domain.events import (
    Cancelled,
    Dequeued,
    EngineEvent,
    Lane,
    Queued,
    RunFinished,
    Steered,
)
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.usage import ZERO

_log = logging.getLogger(__name__)


class Dispatcher:
    """The requests of one agent.

    `serve` brings a request to its result and raises nothing but cancellation;
    `abandon` gives the result of one that would not stop in time; `publish`
    takes events that belong to a request but to no turn.
    """

    def __init__(
        self,
        max_pending: int,
        *,
        serve: Callable[[Request], Awaitable[RunResult]],
        abandon: Callable[[Request], RunResult],
        publish: Callable[[str, EngineEvent], None],
    ) -> None:
        self.queue = RequestQueue(max_pending)
        self.running: Request | None = None
        self.stopped = False
        self._serve = serve
        self._abandon = abandon
        self._publish = publish
        self._pump: asyncio.Task[None] | None = None
        self._holds = 0

    @property
    def busy(self) -> bool:
        """Whether a request runs or waits."""
        return self.running is not None or len(self.queue) > 0

    def submit(self, request: Request) -> None:
        """Start `request`, or queue it when another runs.

        Raises AgentStoppedError, DuplicateRequestError and QueueFullError.
        """
        if self.stopped:
            raise AgentStoppedError("The agent was stopped and takes no more requests.")
        busy = self.busy or self._holds > 0
        position = self.queue.admit(request, busy=busy)
        if busy:
            self._publish(request.id, Queued(request.lane, position, request.text))
        else:
            self.running = self.queue.take()
        self._go_on()

    def move(self, request_id: str, lane: Lane, position: int) -> None:
        """Give a waiting request another place. Raises UnknownRequestError."""
        request, place = self.queue.move(request_id, lane, position)
        self._publish(request.id, Queued(lane, place, request.text))

    def hold(self) -> Callable[[], None]:
        """Begin no request until what is returned has been called; holds add up."""
        self._holds += 1
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                self._holds -= 1
                self._go_on()

        return release

    def cancel(self, request_id: str | None) -> None:
        """Cancel a request that runs or waits; None means the one that runs.

        Raises UnknownRequestError.
        """
        running = self.running
        if request_id is None and running is None:
            raise UnknownRequestError("Nothing is running.")
        if running is not None and request_id in {None, running.id}:
            if not running.scope.cancel_called:
                self._publish(running.id, Cancelled("running"))
                running.scope.cancel()
            return
        request = self.queue.remove(request_id or "")
        self._publish(request.id, Cancelled("queued"))
        self._finish(request, never_ran(request))

    def withdraw(self, request_id: str) -> str:
        """Take a waiting request back; returns its text. Raises UnknownRequestError."""
        request = self.queue.remove(request_id)
        self._publish(request.id, Dequeued(request.lane, "withdrawn"))
        self._finish(request, never_ran(request))
        return request.text

    async def result(self, request_id: str) -> RunResult:
        """Wait for the outcome. Raises UnknownRequestError."""
        outcome = self.queue.outcome(request_id)
        if isinstance(outcome, RunResult):
            return outcome
        return await asyncio.shield(outcome.done)

    async def give_up(self, request_id: str, patience_s: float) -> None:
        """Cancel a request that nobody wants any more and wait for its end, `patience_s` at most.

        Shielded from the caller's own cancellation; an ended request is fine.
        """
        try:
            outcome = self.queue.outcome(request_id)
        except UnknownRequestError:
            return
        if isinstance(outcome, RunResult):
            return
        try:
            self.cancel(request_id)
        except UnknownRequestError:
            return  # it steered another request and lives on as part of that
        with anyio.move_on_after(patience_s, shield=True):
            await asyncio.wait({outcome.done})

    def steer_into(self, into: Request) -> list[ChatMessage]:
        """Move all waiting steering messages into the running request `into`."""
        steers = self.queue.take_steers()
        for steer in steers:
            into.steers.append(steer)
            self._publish(steer.id, Steered(steer.text, into.id))
        return [steer.message for steer in steers]

    async def close(self, grace_s: float) -> None:
        """Take no more, cancel everything, and wait `grace_s` seconds at most."""
        self.stopped = True
        for waiting in self.queue.waiting():
            request = self.queue.remove(waiting.request_id)
            self._publish(request.id, Dequeued(request.lane, "stopped"))
            self._finish(request, never_ran(request))
        if self.running is not None:
            self.cancel(None)
        pump = self._pump
        if pump is None:
            return
        await asyncio.wait({pump}, timeout=grace_s)
        if not pump.done():
            _log.error("A request did not stop within %s s; it is abandoned", grace_s)
            pump.cancel()
            if self.running is not None:
                self._finish(self.running, self._abandon(self.running))

    def _go_on(self) -> None:
        if self._pump is None and self.busy:
            self._pump = asyncio.create_task(self._work(), name="agent requests")

    async def _work(self) -> None:
        try:
            while self._next():
                request = self.running
                assert request is not None
                try:
                    result = await self._serve(request)
                except Exception:  # noqa: BLE001  # a promise broken; the queue must go on
                    _log.exception("Request %s died of a defect", request.id)
                    result = self._abandon(request)
                except BaseException:
                    self._finish(request, self._abandon(request))
                    raise
                self._finish(request, result)
        finally:
            self._pump = None

    def _next(self) -> bool:
        if self.running is None and not self._holds:
            self.running = self.queue.take()
            if self.running is not None:
                self._publish(self.running.id, Dequeued(self.running.lane, "started"))
        return self.running is not None

    def _finish(self, request: Request, result: RunResult) -> None:
        if self.running is request:
            self.running = None
        if not self.queue.finish(request, result):
            return
        for steer in request.steers:
            self.queue.finish(steer, result)
        self._publish(
            request.id,
            RunFinished(
                status=result.status,
                text=result.text,
                turns=result.turns,
                usage=result.usage,
                stop_reason=result.stop_reason,
                cost=result.cost,
                error=result.error,
                duration_ms=result.duration_ms,
            ),
        )


def never_ran(request: Request) -> RunResult:
    """The result of a request that nobody has begun to answer."""
    return RunResult(request.id, "cancelled", "", (), ZERO, 0)
