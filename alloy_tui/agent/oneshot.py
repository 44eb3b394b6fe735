"""One prompt, one answer: the library's shortest way.

Owns the life of an agent that serves a single request.
"""

from __future__ import annotations

import asyncio
from typing import Any

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.requests import Prompt
from alloy_tui.domain.errors import AgentError
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.results import RunResult


async def run(prompt: Prompt, *, model: str | Provider, **options: Any) -> RunResult:
    """Ask `model` once and give everything back; `options` are those of `Agent`.

    Failures of the run are the result's status. Raises ConfigError when the
    agent cannot be made.
    """
    agent = Agent(model, **options)
    try:
        return await agent.chat(prompt)
    finally:
        await agent.stop()


def run_sync(prompt: Prompt, *, model: str | Provider, **options: Any) -> RunResult:
    """`run` for programs without an event loop. Raises AgentError where one runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(run(prompt, model=model, **options))
    raise AgentError("run_sync was called inside an event loop.", hint="Use `await run(…)` there.")
