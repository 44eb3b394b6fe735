"""Hearing what a runtime says."""

from __future__ import annotations

import threading
from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.runtime.runtime import Runtime


class Listener:
    """Collects what a runtime says, and waits for it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.seen: list[ev.Envelope] = []
        self._bell = threading.Event()
        runtime.on_ring(self._bell.set)

    def until(self, kind: type, **fields: object) -> Any:
        """The first event of `kind` with `fields` that has not been waited for."""
        at = 0
        while True:
            while at < len(self.seen):
                event = self.seen[at].event
                at += 1
                if isinstance(event, kind) and all(
                    getattr(event, name) == value for name, value in fields.items()
                ):
                    return event
            if batch := self.runtime.drain():
                self.seen += batch
                continue
            assert self._bell.wait(60), f"no {kind.__name__} in {self.seen}"
            self._bell.clear()

    def texts(self) -> list[str]:
        return [type(e.event).__name__ for e in self.seen]
