"""An agent told as values: its health, its conversation as a whole.

Owns how the parts add up to the read models of `domain.results`, and to what the
model would be asked. Changes nothing.
"""

from __future__ import annotations

import msgspec

from alloy_tui.agent.dispatcher import Dispatcher
from alloy_tui.agent.planning import by_name
from alloy_tui.agent.run_state import Run, Setup, World
from alloy_tui.domain import transcript
from alloy_tui.domain.messages import user
from alloy_tui.domain.provider import CompletionRequest, CountsTokens, TokenCount
from alloy_tui.domain.results import Health, SessionExport
from alloy_tui.domain.token_estimate import estimate_tokens


def health(
    world: World, setup: Setup, requests: Dispatcher, run: Run | None, born_s: float
) -> Health:
    """The agent at a glance; `born_s` is monotonic."""
    running, queue = requests.running, requests.queue
    return Health(
        name=world.agent,
        model=str(setup.provider.ref),
        busy=requests.busy,
        request_id=running.id if running else None,
        turn=run.turn if run else 0,
        pending=len(queue),
        max_pending=queue.max_pending,
        message_count=len(world.conversation),
        usage=world.ledger.totals().usage,
        uptime_s=world.clock.monotonic_s() - born_s,
        stopped=requests.stopped,
    )


def export(world: World, setup: Setup, created_ms: int) -> SessionExport:
    """The conversation as a value, as of now."""
    return SessionExport(
        v=1,
        id=world.session_id,
        agent=world.agent,
        model=str(setup.provider.ref),
        system_prompt=setup.system_prompt,
        messages=world.conversation.messages,
        usage=world.ledger.totals().usage,
        created_at_ms=created_ms,
        exported_at_ms=world.clock.now_ms(),
    )


def request_of(world: World, setup: Setup) -> CompletionRequest:
    """What the model would be asked now; before it is sent, calls without a result get one."""
    return CompletionRequest(
        system=setup.system_prompt,
        messages=world.conversation.view(),
        tools=tuple(tool.spec for tool in by_name(setup.tools).values()),
        max_output=setup.max_output,
        effort=setup.effort,
        conversation=world.session_id,
    )


async def context_size(world: World, setup: Setup) -> TokenCount:
    """How long the prompt is that the next request begins with."""
    request = request_of(world, setup)
    whole = transcript.repair(request.messages)
    if whole and whole[-1].role == "assistant":
        whole = (*whole, user("…"))  # services count what they would answer
    request = msgspec.structs.replace(request, messages=whole)
    if whole and isinstance(setup.provider, CountsTokens):
        return await setup.provider.count_tokens(request)
    return TokenCount(estimate_tokens(request))
