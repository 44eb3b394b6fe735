"""The pump: few messages for many tokens, order kept, nothing while nothing happens."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.ui.messages import EngineEvents, TokensArrived
from alloy_tui.ui.pump import CALM_HZ, RATE_HZ, FlushMessage, Pump, batches, pause_s
from tests.support import feed as fd
from tests.support.fake_port import FakePort
from tests.support.feed import Feed

pytestmark = pytest.mark.anyio


def test_neighbouring_deltas_become_one_message_and_events_keep_their_place() -> None:
    f = Feed()
    sent = f(
        fd.run("x"),
        fd.turn(),
        ev.ThinkingDelta("a"),
        ev.ThinkingDelta("b"),
        ev.TextDelta("c"),
        ev.TextDelta("d"),
        fd.turn_done(),
    )
    got = batches(sent)
    assert [type(m).__name__ for m in got] == [
        "EngineEvents",
        "TokensArrived",
        "TokensArrived",
        "EngineEvents",
    ]
    assert [m.text for m in got if isinstance(m, TokensArrived)] == ["ab", "cd"]


_EVENTS = st.sampled_from(
    [
        ev.TextDelta("x"),
        ev.ThinkingDelta("y"),
        ev.ToolOutput("1", "o"),
        ev.ToolOutput("2", "p"),
        ev.ToolOutput("1", "n", stream="note"),
        ev.ToolArgumentsDelta("1", "{"),
        ev.Notice("info", "n"),
        ev.AgentStarted("a/b"),
    ]
)


@given(st.lists(st.tuples(_EVENTS, st.sampled_from(["r1", "r2"]), st.integers(1, 2))))
def test_joining_loses_nothing_and_reorders_nothing(
    parts: list[tuple[ev.EngineEvent, str, int]],
) -> None:
    sent = [Envelope(1, n, "a", rid, turn, n, e) for n, (e, rid, turn) in enumerate(parts)]
    seqs: list[int] = []
    text = ""
    for message in batches(sent):
        if isinstance(message, EngineEvents):
            seqs += [e.seq for e in message.envelopes]
        else:
            seqs.append(message.first.seq)
            text += message.text
    assert seqs == sorted(seqs)
    joined = (
        e.event.text
        for e in sent
        if isinstance(e.event, ev.TextDelta | ev.ThinkingDelta | ev.ToolArgumentsDelta)
        or (isinstance(e.event, ev.ToolOutput) and e.event.stream != "note")
    )
    assert text == "".join(joined)


async def test_a_burst_of_tokens_is_one_message_and_quiet_brings_no_more_flushes() -> None:
    port, f = FakePort(), Feed()
    got: list[FlushMessage] = []
    pump = Pump(port, got.append)
    port.start()
    port.feed(*f(*[ev.TextDelta("x") for _ in range(500)]))
    pump.start()
    assert [m.text for m in got if isinstance(m, TokensArrived)] == ["x" * 500]
    await port.until_quiet()
    drains = port.drains
    await asyncio.sleep(0)
    assert (pump.flushes, port.drains) == (1, drains)
    pump.stop()


async def test_a_ring_from_another_thread_wakes_the_pump() -> None:
    port, f = FakePort(), Feed()
    came = asyncio.Event()
    pump = Pump(port, lambda _message: came.set())
    pump.start()
    await asyncio.to_thread(port.feed, *f(ev.Notice("info", "hello")))
    await asyncio.wait_for(came.wait(), 5)
    pump.stop()


async def test_what_one_frame_cannot_take_comes_with_the_next_ones() -> None:
    port, f = FakePort(), Feed()
    got: list[str] = []
    done = asyncio.Event()

    def take(message: FlushMessage) -> None:
        if isinstance(message, TokensArrived):
            got.append(message.text)
        else:
            done.set()

    port.feed(*f(*[ev.TextDelta("x" * 1000) for _ in range(30)], fd.done()))
    pump = Pump(port, take)
    pump.start()
    await asyncio.wait_for(done.wait(), 5)
    assert sum(map(len, got)) == 30_000
    assert pump.flushes > 1
    pump.stop()


def test_frames_are_fewer_only_while_a_little_text_is_all_that_comes() -> None:
    f = Feed()
    few, many = ev.TextDelta("a few words"), ev.ThinkingDelta("x" * 1000)
    assert pause_s(f(few, ev.ThinkingDelta("and more"))) == 1 / CALM_HZ
    assert pause_s(f(few, many)) == 1 / RATE_HZ
    assert pause_s(f(few, fd.turn_done())) == 1 / RATE_HZ


async def test_a_stopped_pump_hears_nothing() -> None:
    port, f = FakePort(), Feed()
    got: list[FlushMessage] = []
    pump = Pump(port, got.append)
    pump.start()
    pump.stop()
    port.feed(*f(ev.Notice("info", "late")))
    await asyncio.sleep(0)
    assert got == []
