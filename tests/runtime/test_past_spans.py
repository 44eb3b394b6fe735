"""The timeline of former programs: all of it, and read no more often than need be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.runtime.past_spans import PastSpans
from alloy_tui.runtime.team_port import Span
from alloy_tui.sessions.nodes import Entry, UserMessage

pytestmark = pytest.mark.anyio

SESSIONS = {"ann": "s1", "bob": "s2"}


class Stored:
    """Two conversations that are stored; `asked` has who was read."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.moments = {"ann": [10, 20], "bob": [30]}

    async def said(self, name: str, session: str) -> Sequence[Entry]:
        assert SESSIONS[name] == session
        self.asked.append(name)
        said = UserMessage(ChatMessage("user", (TextBlock("go"),)))
        return [Entry(f"{name}{at}", None, at, said) for at in self.moments[name]]


def started(spans: Sequence[Span]) -> list[tuple[str, int]]:
    return [(span.agent, span.start_ms) for span in spans]


async def test_what_is_stored_is_read_once_however_often_one_looks() -> None:
    stored, past = Stored(), PastSpans()
    for _ in range(3):
        spans = await past.before((), SESSIONS, stored.said)
        assert started(spans) == [("ann", 10), ("ann", 20), ("bob", 30)]
    assert stored.asked == ["ann", "bob"]


async def test_what_this_program_tells_is_not_told_twice() -> None:
    stored, past = Stored(), PastSpans()
    await past.before((), SESSIONS, stored.said)
    stored.moments["ann"].append(40)
    now = (Span("ann", "run", "go", 40), Span("ann", "turn", "m", 41))
    spans = await past.before(now, SESSIONS, stored.said)
    assert started(spans) == [("ann", 10), ("ann", 20), ("bob", 30)]
    assert stored.asked == ["ann", "bob"]


async def test_what_this_program_has_forgotten_is_read_again() -> None:
    """Of very many spans it keeps the latest; the others are in the store by then."""
    stored, past = Stored(), PastSpans()
    now = (Span("ann", "run", "go", 20), Span("ann", "run", "go", 40))
    assert ("ann", 20) not in started(await past.before(now, SESSIONS, stored.said))
    assert ("ann", 20) in started(await past.before(now[1:], SESSIONS, stored.said))
    assert stored.asked == ["ann", "bob", "ann"]
