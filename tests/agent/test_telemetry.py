"""Telemetry: what is counted, what is timed, and that observers break nothing."""

from __future__ import annotations

import pytest

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.telemetry import Telemetry, Timing
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.script import Reply
from alloy_tui.providers.scripted import ScriptedProvider, call, fail, say
from tests.agent.desk import Naps, Probe, make
from tests.agent.puppet import Puppet, forever_after

pytestmark = pytest.mark.anyio


class Ticks:
    """A wall clock that moves 10 ms with every look."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 10
        return self.now


def measured(replies, **options):
    telemetry, made = Telemetry(), []
    telemetry.subscribe(made.append)
    options.setdefault("clock", Clock(now_ms=Ticks(), sleep=Naps()))
    agent, _ = make(replies, telemetry=telemetry, **options)
    return agent, telemetry, made


async def test_runs_turns_provider_calls_retries_and_tools_are_counted():
    agent, telemetry, _ = measured(
        [fail("overloaded"), call("probe"), call("nope"), say("Done.")], tools=[Probe()]
    )
    await agent.chat("Do it")
    counts = telemetry.totals().counts
    assert counts["run.start"] == counts["run.stop"] == 1
    assert counts["run.stop:completed"] == 1
    assert counts["turn.start"] == counts["turn.stop"] == 3
    assert counts["provider.start"] == counts["provider.stop"] == 4
    assert counts["provider.stop:overloaded"] == counts["retry"] == 1
    assert counts["tool.start"] == 1
    assert counts["tool.stop"] == 2
    assert counts["tool.stop:error"] == 1


async def test_measurements_say_who_and_carry_values_and_tags():
    reply = Reply(text="Done.", usage=TokenUsage(input=10, output=2, cache_read=5))
    agent, _, made = measured([reply], name="ann")
    await agent.chat("Hi", request_id="r")
    stop = next(m for m in made if m.name == "turn.stop")
    assert (stop.agent, stop.request_id, stop.turn) == ("ann", "r", 1)
    assert (stop.values["input"], stop.values["output"]) == (15, 2)
    assert stop.tags == {"stop": "end_turn"}
    first = next(m for m in made if m.name == "provider.first")
    assert first.tags == {"model": "scripted/inline"}
    assert first.values["after_ms"] > 0


async def test_unknown_values_are_left_out():
    agent, _, made = measured([say("Done.")])
    await agent.chat("Hi")
    stop = next(m for m in made if m.name == "run.stop")
    assert {"input", "output", "cost"}.isdisjoint(stop.values)


async def test_a_retry_and_a_fallback_are_told_with_their_models():
    second = ScriptedProvider([say("B.")], ref=ModelRef("scripted", "b"))
    agent, _, made = measured([fail("overloaded"), fail("quota")], fallbacks=[second])
    await agent.chat("Hi")
    by_name = {m.name: m for m in made}
    assert by_name["retry"].values == {"attempt": 1, "delay_s": pytest.approx(0.5, rel=0.3)}
    assert by_name["fallback"].tags == {
        "from": "scripted/inline",
        "to": "scripted/b",
        "error": "quota",
    }
    assert by_name["provider.stop"].tags == {"model": "scripted/b"}


async def test_waiting_in_the_queue_is_timed_however_it_ends():
    agent, telemetry, made = measured([])
    await agent.set_model(Puppet(forever_after()))
    agent.send_message("One", request_id="a")
    agent.send_message("Two", request_id="b")
    agent.send_message("Three", request_id="c")
    agent.withdraw("b")
    agent.cancel_request("c")
    await agent.stop()
    left = {m.request_id: m for m in made if m.name == "queue.leave"}
    assert (left["b"].tags["reason"], left["c"].tags["reason"]) == ("withdrawn", "cancelled")
    assert telemetry.totals().counts["queue.enter"] == 2
    assert telemetry.totals().timings["queue.leave"].count == 2


async def test_approvals_are_timed():
    agent, telemetry, made = measured(
        [call("probe"), say("Done.")],
        tools=[Probe(access="execute")],
        approval_mode="ask",
        approvals=Approvals(interactive=False),
    )
    await agent.chat("Hi")
    asked = next(m for m in made if m.name == "approval.stop")
    assert asked.tags == {"tool": "probe", "decision": "deny", "by": "policy"}
    assert telemetry.totals().timings["approval.stop"].count == 1


async def test_a_crash_is_counted():
    async def broken():
        raise ZeroDivisionError("by zero")
        yield

    agent, telemetry, _ = measured([])
    await agent.set_model(Puppet(broken))
    await agent.chat("Hi")
    assert telemetry.totals().counts["crash"] == 1


async def test_an_observer_that_raises_or_leaves_disturbs_nobody():
    agent, telemetry, made = measured([say("A."), say("B.")])

    def explode(measurement):
        raise ZeroDivisionError

    leave = telemetry.subscribe(explode)
    assert (await agent.chat("Hi")).ok
    leave()
    leave()
    before = len(made)
    assert (await agent.chat("Hi")).ok
    assert len(made) > before


def test_timings_add_up():
    assert Timing().plus(5).plus(7) == Timing(count=2, total_ms=12, longest_ms=7)
