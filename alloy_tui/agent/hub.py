"""The single writer of the event stream: gives `seq`, delivers in that order.

Owns envelopes and subscribers. Must not know what events mean.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from alloy_tui.agent.clock import Clock
from alloy_tui.domain.events import VERSION, EngineEvent, Envelope

Subscriber: TypeAlias = Callable[[Envelope], None]

_log = logging.getLogger(__name__)


class Hub:
    """Numbers events and hands them to subscribers, on the publisher's thread.

    Every subscriber sees every envelope in `seq` order, also when one of them
    publishes from within its own callback. What a subscriber raises is logged
    and concerns nobody else. Subscribers must not block. Thread-safe.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._lock = threading.RLock()
        self._seq = 0
        self._waiting: deque[Envelope] = deque()
        self._delivering = False
        self._subscribers: dict[int, Subscriber] = {}
        self._next_key = 0

    def publish(
        self, agent: str, request_id: str | None, turn: int, event: EngineEvent
    ) -> Envelope:
        """Number `event` and deliver it; returns its envelope."""
        with self._lock:
            self._seq += 1
            envelope = Envelope(
                VERSION, self._seq, agent, request_id, turn, self._clock.now_ms(), event
            )
            self._waiting.append(envelope)
            if not self._delivering:
                self._deliver()
            return envelope

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each envelope from now on, until the returned callable is called.

        Leaving twice does no harm.
        """
        with self._lock:
            key = self._next_key
            self._next_key += 1
            self._subscribers[key] = subscriber

        def leave() -> None:
            with self._lock:
                self._subscribers.pop(key, None)

        return leave

    @property
    def last_seq(self) -> int:
        """The number of the newest envelope; 0 before the first."""
        return self._seq

    def _deliver(self) -> None:
        self._delivering = True
        try:
            while self._waiting:
                envelope = self._waiting.popleft()
                for key, subscriber in list(self._subscribers.items()):
                    if key not in self._subscribers:
                        continue
                    try:
                        subscriber(envelope)
                    except Exception:  # noqa: BLE001  # a view must not break the engine
                        _log.exception("A subscriber failed on event %d", envelope.seq)
        finally:
            self._delivering = False
