"""The hub: one order for everybody, whatever subscribers do."""

from __future__ import annotations

import threading

from alloy_tui.agent.hub import Hub
from alloy_tui.domain.events import Notice
from tests.agent.desk import still_clock


def _note(text: str) -> Notice:
    return Notice("info", text)


def test_numbers_rise_by_one_and_everybody_sees_the_same():
    hub, first, second = Hub(), [], []
    hub.subscribe(first.append)
    hub.subscribe(second.append)
    made = [hub.publish("a", None, 0, _note(str(n))) for n in range(3)]
    assert [e.seq for e in made] == [1, 2, 3]
    assert first == second == made
    assert hub.last_seq == 3


def test_an_envelope_says_who_what_and_when():
    envelope = Hub(clock=still_clock()).publish("ann", "r", 2, _note("x"))
    assert (envelope.v, envelope.agent, envelope.request_id, envelope.turn, envelope.at_ms) == (
        1,
        "ann",
        "r",
        2,
        0,
    )


def test_a_subscriber_that_publishes_does_not_disturb_the_order():
    hub, seen = Hub(), []

    def echo(envelope):
        if envelope.event.text == "question":
            hub.publish("a", None, 0, _note("answer"))

    hub.subscribe(echo)
    hub.subscribe(lambda e: seen.append((e.seq, e.event.text)))
    hub.publish("a", None, 0, _note("question"))
    assert seen == [(1, "question"), (2, "answer")]


def test_a_subscriber_that_raises_is_skipped():
    hub, seen = Hub(), []

    def explode(envelope):
        raise ZeroDivisionError

    hub.subscribe(explode)
    hub.subscribe(seen.append)
    hub.publish("a", None, 0, _note("x"))
    hub.publish("a", None, 0, _note("y"))
    assert len(seen) == 2


def test_who_left_hears_nothing_even_from_the_event_in_which_it_was_made_to_leave():
    hub, seen = Hub(), []
    hub.subscribe(lambda e: leave())
    leave = hub.subscribe(seen.append)
    hub.publish("a", None, 0, _note("x"))
    leave()
    assert seen == []


def test_threads_share_one_order():
    hub, seen = Hub(), []
    hub.subscribe(lambda e: seen.append(e.seq))
    threads = [
        threading.Thread(target=lambda: [hub.publish("a", None, 0, _note("x")) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(range(1, 801))
