"""The middleware that comes with Alloy: a log of what happens.

Telemetry is no middleware here: it folds the event stream (`telemetry.py`).
"""

from __future__ import annotations

import logging

from alloy_tui.agent.middleware import HookContext, Middleware
from alloy_tui.domain.events import ErrorInfo
from alloy_tui.domain.messages import ChatMessage, ToolResultBlock
from alloy_tui.domain.provider import CompletionRequest


class LoggingMiddleware(Middleware):
    """Writes sizes, counts and failures to a standard logger; never what was said.

    `logger` defaults to "alloy_tui.runs".
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._log = logger or logging.getLogger("alloy_tui.runs")

    def session_start(self, context: HookContext) -> None:
        """Info: the agent starts."""
        self._log.info("%s starts with %s", context.agent, context.model)

    def session_end(self, context: HookContext) -> None:
        """Info: the agent stops."""
        self._log.info("%s stops after %d messages", context.agent, len(context.messages))

    def before_completion(self, context: HookContext, request: CompletionRequest) -> None:
        """Debug: a request leaves."""
        self._log.debug(
            "%s turn %d: %d messages, %d tools to %s",
            context.agent,
            context.turn,
            len(request.messages),
            len(request.tools),
            context.model,
        )

    def after_completion(self, context: HookContext, answer: ChatMessage) -> None:
        """Info: an answer is whole."""
        self._log.info(
            "%s turn %d: answered, %d characters", context.agent, context.turn, len(answer.text)
        )

    def after_tool_request(self, context: HookContext, answer: ChatMessage) -> None:
        """Info: tools were asked for."""
        names = ", ".join(call.name for call in answer.tool_calls)
        self._log.info("%s turn %d: wants %s", context.agent, context.turn, names)

    def after_tool_execution(
        self, context: HookContext, results: tuple[ToolResultBlock, ...]
    ) -> None:
        """Debug: the tools are done."""
        failed = sum(result.is_error for result in results)
        self._log.debug(
            "%s turn %d: %d results, %d errors", context.agent, context.turn, len(results), failed
        )

    def on_error(self, context: HookContext, error: ErrorInfo) -> None:
        """Error: the run failed."""
        self._log.error(
            "%s turn %d failed: %s: %s", context.agent, context.turn, error.kind, error.message
        )
