"""One prompt, one answer: the library's shortest way.

Owns the life of an agent that serves a single request. Both functions take
what `Agent` takes, after the prompt:

    result = await run("What is in this folder?", "anthropic/claude-sonnet-5")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.requests import Prompt
from alloy_tui.domain.errors import AgentError
from alloy_tui.domain.results import RunResult

P = ParamSpec("P")


def _once(
    make: Callable[P, Agent],
) -> Callable[Concatenate[Prompt, P], Coroutine[Any, Any, RunResult]]:
    async def run(prompt: Prompt, /, *args: P.args, **options: P.kwargs) -> RunResult:
        """Ask once and give everything back; takes what `Agent` takes after the prompt.

        Nobody can answer questions meanwhile: what would ask is denied, unless
        `approval_mode` allows it or `approvals` brings somebody who answers.
        Failures of the run are the result's status. Raises ConfigError when the
        agent cannot be made.
        """
        agent = make(*args, **options)
        if options.get("approvals") is None:
            agent.approvals.interactive = False  # the agent is out of anybody's reach
        try:
            return await agent.chat(prompt)
        finally:
            await agent.stop()

    return run


def _without_a_loop(
    ask: Callable[P, Coroutine[Any, Any, RunResult]],
) -> Callable[P, RunResult]:
    def run_sync(*args: P.args, **options: P.kwargs) -> RunResult:
        """`run` for programs without an event loop. Raises AgentError where one runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(ask(*args, **options))
        raise AgentError(
            "run_sync was called inside an event loop.", hint="Use `await run(…)` there."
        )

    return run_sync


# Made this way so that a type checker sees every option of `Agent` in both.
run = _once(Agent)
run_sync = _without_a_loop(run)
