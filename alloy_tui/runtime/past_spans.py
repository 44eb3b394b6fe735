"""What took time in former programs, read when somebody looks, and once.

Owns what of the stored conversations is in the timeline beside what this program told:
all of it, however far back one goes. Must not know where conversations are stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from alloy_tui.runtime.team_port import Span
from alloy_tui.runtime.timeline import stored_spans
from alloy_tui.sessions.nodes import Entry

Said = Callable[[str, str], Awaitable[Sequence[Entry]]]
"""An agent's conversation as it is stored, given its name and session."""


class _Read:
    """The spans of a session, and when those begin that this program told of its agent."""

    def __init__(self, spans: Sequence[Span], first_ms: int | None) -> None:
        self.spans = spans
        self.first_ms = first_ms


class PastSpans:
    """What is stored of a session is read again only when what was told was forgotten."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], _Read] = {}

    def forget(self) -> None:
        """Nobody looks any more, or at others."""
        self._read.clear()

    async def before(
        self, now: Iterable[Span], sessions: Mapping[str, str], said: Said
    ) -> list[Span]:
        """What agents did before what of theirs is in `now`; `sessions` are theirs, by name."""
        began: dict[str, int] = {}
        for span in now:
            began[span.agent] = min(span.start_ms, began.get(span.agent, span.start_ms))
        past: list[Span] = []
        for name, session in sessions.items():
            first_ms = began.get(name)
            spans = await self._spans(name, session, first_ms, said)
            past += [s for s in spans if first_ms is None or s.start_ms < first_ms]
        return past

    async def _spans(
        self, name: str, session: str, first_ms: int | None, said: Said
    ) -> Sequence[Span]:
        read = self._read.get((name, session))
        if read is not None and read.first_ms is None:
            read.first_ms = first_ms  # it began to work after that was read
        if read is None or read.first_ms != first_ms:
            entries = await said(name, session)
            spans = await asyncio.to_thread(stored_spans, name, entries)
            read = self._read[name, session] = _Read(spans, first_ms)
        return read.spans
