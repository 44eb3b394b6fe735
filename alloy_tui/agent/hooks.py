"""Calls middleware: in order, isolated, with strict rules on what may come back.

Owns the calling. Must not know of turns, tools or providers.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

from alloy_tui.agent.middleware import Block, EditedCall, Halt, HookContext, hooks_of, name_of
from alloy_tui.domain.errors import MiddlewareError
from alloy_tui.domain.events import EngineEvent, ErrorInfo, Notice
from alloy_tui.domain.messages import ChatMessage, ToolCallBlock, ToolResultBlock
from alloy_tui.domain.provider import CompletionRequest, StreamPart

_log = logging.getLogger(__name__)


class Halted(Exception):  # noqa: N818  # it steers the loop and is no error
    """A middleware stopped the run; never leaves this package."""

    def __init__(self, middleware: str, hook: str, halt: Halt) -> None:
        super().__init__(halt.reason)
        self.middleware = middleware
        self.reason = halt.reason
        self.hint = halt.hint or f"The middleware {middleware} stopped the run, in {hook}."


class Hooks:
    """The hooks of one list of middleware.

    `context` gives what a hook is told at the moment of its call; `emit` takes
    the notices about middleware that raised. Every method raises Halted when a
    middleware says so, and MiddlewareError when one answers what its hook cannot.
    """

    def __init__(
        self,
        middleware: Sequence[object],
        context: Callable[[], HookContext],
        emit: Callable[[EngineEvent], None],
    ) -> None:
        self._context = context
        self._emit = emit
        self._having: dict[str, list[object]] = {}
        for each in middleware:
            for hook in hooks_of(each):
                self._having.setdefault(hook, []).append(each)

    async def session_start(self) -> None:
        """Before the first request."""
        await self._each("session_start")

    async def session_end(self) -> None:
        """After the last request."""
        await self._each("session_end")

    async def before_compaction(self) -> None:
        """Before a compactor runs."""
        await self._each("before_compaction")

    async def after_compaction(self, messages: tuple[ChatMessage, ...]) -> None:
        """After a compactor ran."""
        await self._each("after_compaction", messages)

    async def before_completion(self, request: CompletionRequest) -> CompletionRequest:
        """Each middleware sees the request as the one before left it."""
        for each in self._having.get("before_completion", ()):
            answer = await self._call(each, "before_completion", request)
            if isinstance(answer, CompletionRequest):
                request = answer
            elif answer is not None:
                raise _unfit(each, "before_completion", answer)
        return request

    @property
    def wants_parts(self) -> bool:
        """Whether any middleware has `on_stream_chunk`."""
        return "on_stream_chunk" in self._having

    async def on_stream_chunk(self, part: StreamPart) -> None:
        """For each part of an answer."""
        await self._each("on_stream_chunk", part)

    async def after_completion(self, answer: ChatMessage) -> None:
        """After an answer without calls."""
        await self._each("after_completion", answer)

    async def after_tool_request(self, answer: ChatMessage) -> None:
        """After an answer with calls."""
        await self._each("after_tool_request", answer)

    async def before_tool_call(self, call: ToolCallBlock) -> ToolCallBlock | Block:
        """The call as the middleware want it run, or the first block."""
        for each in self._having.get("before_tool_call", ()):
            answer = await self._call(each, "before_tool_call", call)
            if isinstance(answer, Block):
                return answer
            if isinstance(answer, EditedCall):
                call = ToolCallBlock(call.id, call.name, answer.arguments, opaque=call.opaque)
            elif answer is not None:
                raise _unfit(each, "before_tool_call", answer)
        return call

    async def after_tool_execution(self, results: tuple[ToolResultBlock, ...]) -> None:
        """After all calls of a turn."""
        await self._each("after_tool_execution", results)

    async def on_error(self, error: ErrorInfo) -> None:
        """When a run fails."""
        await self._each("on_error", error)

    async def _each(self, hook: str, *arguments: object) -> None:
        for each in self._having.get(hook, ()):
            answer = await self._call(each, hook, *arguments)
            if answer is not None:
                raise _unfit(each, hook, answer)

    async def _call(self, middleware: object, hook: str, *arguments: object) -> Any:
        try:
            answer = getattr(middleware, hook)(self._context(), *arguments)
            if inspect.isawaitable(answer):
                answer = await answer
        except (Exception, SystemExit) as error:  # noqa: BLE001  # foreign code must not end a run
            _log.exception("%s failed in %s", name_of(middleware), hook)
            words = f"{type(error).__name__}: {error}"
            text = (
                f"The middleware {name_of(middleware)} failed in {hook} ({words}); it is skipped."
            )
            self._emit(Notice("warning", text))
            return None
        if isinstance(answer, Halt):
            raise Halted(name_of(middleware), hook, answer)
        return answer


def _unfit(middleware: object, hook: str, answer: object) -> MiddlewareError:
    name = name_of(middleware)
    if isinstance(answer, Block | EditedCall):
        return MiddlewareError(
            f"The middleware {name} answered {type(answer).__name__} in {hook}; "
            "only before_tool_call can do that.",
            hint="Return Halt(reason) to stop the run, or None to go on.",
        )
    return MiddlewareError(
        f"The middleware {name} answered a {type(answer).__name__} in {hook}, "
        "which cannot take it.",
        hint="Return Halt(reason) to stop the run, or None to go on.",
    )
