"""One request's envelopes as an asynchronous iterator.

Owns the way from the hub's callback to a consumer that takes its time: what
waits is bounded by what the request says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

from alloy_tui.agent.hub import Hub
from alloy_tui.domain.events import Envelope, RunFinished, Steered


@contextmanager
def follow(hub: Hub, agent: str, request_id: str) -> Generator[AsyncIterator[Envelope]]:
    """From entry on, collect what `agent` says about `request_id`.

    The iterator ends after the request's `run_finished`. Steering messages
    that went into the request belong to it.
    """
    arrived: asyncio.Queue[Envelope] = asyncio.Queue()

    def take(envelope: Envelope) -> None:
        event = envelope.event
        into = event.into if isinstance(event, Steered) else None
        if envelope.agent == agent and request_id in {envelope.request_id, into}:
            arrived.put_nowait(envelope)

    async def read() -> AsyncIterator[Envelope]:
        while True:
            envelope = await arrived.get()
            yield envelope
            if isinstance(envelope.event, RunFinished):
                return

    leave = hub.subscribe(take)
    try:
        yield read()
    finally:
        leave()
