"""The channel from engine to screen: nothing lost, nothing overtaken, bounded."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.events import (
    EngineEvent,
    Envelope,
    Notice,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolOutput,
)
from alloy_tui.runtime.mailbox import EventMailbox

pytestmark = pytest.mark.anyio

_TEXT = st.text("abé\n", min_size=0, max_size=6)
_IDS = st.sampled_from(["c1", "c2"])
_EVENTS = st.one_of(
    st.builds(TextDelta, _TEXT),
    st.builds(TextDelta, _TEXT),
    st.builds(ThinkingDelta, _TEXT),
    st.builds(ToolArgumentsDelta, _IDS, _TEXT),
    st.builds(ToolOutput, _IDS, _TEXT, st.sampled_from(["stdout", "stderr"])),
    st.builds(Notice, st.just("info"), st.uuids().map(str)),
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("AB"), st.sampled_from(["r1", "r2"]), _EVENTS),
        st.integers(1, 9),  # a drain of so many characters
    ),
    max_size=60,
)


def envelope(seq: int, event: EngineEvent, agent: str = "A", request: str = "r1") -> Envelope:
    return Envelope(1, seq, agent, request, 1, 1000 + seq, event)


def place(event: EngineEvent) -> str:
    """Which text an event belongs to; lifecycle events belong to all."""
    if isinstance(event, ToolArgumentsDelta | ToolOutput):
        return f"{type(event).__name__} {event.id}"
    return "speech"


def view(envelopes: list[Envelope], agent: str, which: str) -> list[object]:
    """What a fold sees of one text: characters with their kind, between lifecycle events."""
    seen: list[object] = []
    for each in envelopes:
        event = each.event
        if each.agent != agent:
            continue
        if isinstance(event, Notice):
            seen.append(event.text)
        elif place(event) == which:
            kind = (type(event).__name__, each.request_id, getattr(event, "stream", None))
            seen.extend((kind, char) for char in event.text)
    return seen


@given(_STEPS)
def test_every_text_joins_and_nothing_overtakes(steps: list) -> None:
    """Whatever is put and drained when, each view of the stream is as if nothing had merged."""
    box = EventMailbox()
    put: list[Envelope] = []
    got: list[Envelope] = []
    for step in steps:
        if isinstance(step, int):
            got += box.drain(step)
        else:
            agent, request, event = step
            put.append(envelope(len(put) + 1, event, agent, request))
            box.put(put[-1])
    while batch := box.drain(5):
        got += batch
    assert box.chars == 0
    assert len(box) == 0
    for agent in "AB":
        for which in (
            "speech",
            *(f"{k} {i}" for k in ("ToolArgumentsDelta", "ToolOutput") for i in ("c1", "c2")),
        ):
            assert view(got, agent, which) == view(put, agent, which)
    assert all(a.seq <= b.seq for a, b in pairwise(got))


@given(st.lists(st.text("ab", min_size=1, max_size=40), max_size=30), st.integers(1, 20))
def test_a_drain_keeps_to_its_budget(texts: list[str], budget: int) -> None:
    """A drain brings at most so many characters, and always gets on."""
    box = EventMailbox()
    for index, text in enumerate(texts):
        box.put(envelope(index + 1, TextDelta(text)))
    joined = ""
    while batch := box.drain(budget):
        text = "".join(e.event.text for e in batch)
        assert 1 <= len(text) <= budget
        joined += text
    assert joined == "".join(texts)


def test_pieces_of_one_text_merge_across_agents() -> None:
    """Two agents that stream at once need two entries, not one per token."""
    box = EventMailbox()
    for n in range(100):
        box.put(envelope(n + 1, TextDelta("x"), agent="AB"[n % 2]))
    first, second = box.drain()
    assert (first.seq, second.seq) == (1, 2)
    assert (first.at_ms, first.event) == (1001, TextDelta("x" * 50))


def test_the_ring_is_for_the_quiet_box_only() -> None:
    """One ring per quiet-to-busy edge, however much follows."""
    box, rings = EventMailbox(), []
    box.on_ring(lambda: rings.append(1))
    for n in range(5):
        box.put(envelope(n + 1, TextDelta("abc")))
    assert len(rings) == 1
    box.drain(4)
    box.put(envelope(6, Notice("info", "n")))
    assert len(rings) == 1
    box.drain(1000)
    box.put(envelope(7, Notice("info", "n")))
    assert len(rings) == 1, "who found something comes again by itself"
    while box.drain():
        pass
    box.put(envelope(8, Notice("info", "n")))
    assert len(rings) == 2


def test_a_late_listener_is_rung_at_once() -> None:
    """What came before anyone listened is not forgotten."""
    box, rings = EventMailbox(), []
    box.put(envelope(1, Notice("info", "n")))
    box.on_ring(lambda: rings.append(1))
    assert rings == [1]


def test_a_ring_may_drain_and_may_fail() -> None:
    """The ring is called outside the lock; what it raises stays with it."""
    box, got = EventMailbox(), []

    def ring() -> None:
        got.extend(box.drain())
        raise RuntimeError("closing")

    box.on_ring(ring)
    box.put(envelope(1, Notice("info", "n")))
    assert len(got) == 1


async def test_a_full_box_makes_producers_wait() -> None:
    """Text beyond the bound waits until the reader has drained."""
    box = EventMailbox(max_chars=10)
    box.put(envelope(1, TextDelta("x" * 9)))
    await box.room()
    box.put(envelope(2, TextDelta("x")))
    waiting = asyncio.ensure_future(box.room())
    await asyncio.sleep(0)
    assert box.full
    assert not waiting.done()
    reader = threading.Thread(target=box.drain, args=(5,))
    reader.start()
    await waiting
    reader.join()
    assert not box.full


async def test_producers_that_wait_stay_within_the_bound() -> None:
    """Four producers against a slow reader: at most one piece each over the bound, all arrives."""
    box = EventMailbox(max_chars=50)
    peak = 0

    async def produce(agent: str) -> None:
        nonlocal peak
        for n in range(100):
            await box.room()
            box.put(envelope(n, TextDelta("12345"), agent))
            peak = max(peak, box.chars)

    producers = asyncio.gather(*(produce(a) for a in "ABCD"))
    got = 0
    while not producers.done() or len(box):
        got += sum(len(e.event.text) for e in box.drain(17))
        await asyncio.sleep(0)
    assert got == 4 * 100 * 5
    assert peak <= 50 + 4 * 5


def test_many_events_fill_the_box_but_none_is_lost() -> None:
    """The bound by count asks producers to wait; lifecycle events go in all the same."""
    box = EventMailbox(max_entries=3)
    for n in range(10):
        box.put(envelope(n + 1, Notice("info", str(n))))
    assert box.full
    assert [e.event.text for e in box.drain()] == [str(n) for n in range(10)]


def test_tool_output_beyond_the_bound_is_counted() -> None:
    """Live output that nobody can read in time is left out, with a note that says how much."""
    box = EventMailbox(max_chars=10)
    for n in range(5):
        box.put(envelope(n + 1, ToolOutput("c1", "y" * 10)))
    assert box.chars == 10
    box.drain()
    box.put(envelope(6, ToolOutput("c1", "z")))
    note, rest = (e.event for e in box.drain())
    assert note == ToolOutput("c1", "\n[40 characters were not shown live]\n", "note")
    assert rest == ToolOutput("c1", "z")


async def test_closing_frees_producers_and_keeps_what_waits() -> None:
    """After close nothing goes in, nobody hangs, and the rest can be read."""
    box = EventMailbox(max_chars=1)
    box.put(envelope(1, TextDelta("x")))
    waiting = asyncio.ensure_future(box.room())
    await asyncio.sleep(0)
    box.close()
    await waiting
    await box.room()
    box.put(envelope(2, TextDelta("y")))
    assert [e.event for e in box.drain()] == [TextDelta("x")]
