"""Middleware that writes down what it was called for."""

from __future__ import annotations

from alloy_tui.agent.middleware import Middleware

ALL = (
    "session_start",
    "session_end",
    "before_completion",
    "after_completion",
    "after_tool_request",
    "before_tool_call",
    "after_tool_execution",
    "on_error",
    "before_compaction",
    "after_compaction",
)


def hooking(answers=None, log=None, name="Spy"):
    """A middleware that logs each of its hooks and answers with `answers[hook]`."""
    answers, log = answers or {}, log if log is not None else []

    def hook(which):
        def method(self, context, *details):
            log.append(which)
            answer = answers.get(which)
            return answer(context, *details) if callable(answer) else answer

        return method

    return type(name, (Middleware,), {which: hook(which) for which in ALL})()
