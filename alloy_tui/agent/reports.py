"""An agent told as values: its health, its conversation as a whole.

Owns how the parts add up to the read models of `domain.results`. Changes nothing.
"""

from __future__ import annotations

from alloy_tui.agent.dispatcher import Dispatcher
from alloy_tui.agent.run_state import Run, Setup, World
from alloy_tui.domain.results import Health, SessionExport


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
