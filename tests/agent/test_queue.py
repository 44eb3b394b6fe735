"""Requests that wait: order, limits, lanes, cancelling, taking back, stopping."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.domain.errors import (
    AgentStoppedError,
    DuplicateRequestError,
    QueueFullError,
    UnknownRequestError,
)
from alloy_tui.domain.events import (
    Cancelled,
    Dequeued,
    Queued,
    RunFinished,
    RunStarted,
    Steered,
    ToolFinished,
    TurnStarted,
)
from alloy_tui.providers.scripted import ScriptedProvider, call, fail, say
from tests.agent.desk import Probe, make, valid
from tests.agent.puppet import Puppet, forever_after, hello

pytestmark = pytest.mark.anyio


class Gate:
    """A tool's work that waits until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, arguments, context) -> str:
        self.reached.set()
        await self.opened.wait()
        return "ok"


def gated(*replies, **options):
    """An agent whose first request waits in a tool until the gate opens."""
    gate = Gate()
    provider = ScriptedProvider([call("probe"), *replies])
    agent, seen = make(provider, tools=[Probe(work=gate)], **options)
    return agent, seen, gate, provider


async def test_sending_returns_at_once_with_the_id_that_was_given():
    agent, _ = make([say("A."), say("B.")])
    assert agent.send_message("One", request_id="mine") == "mine"
    other = agent.send_message("Two")
    assert other not in {"", "mine"}
    assert (await agent.result("mine")).text == "A."
    assert (await agent.result(other)).text == "B."


async def test_requests_run_first_come_first_served_with_their_own_ids():
    agent, seen, gate, _ = gated(say("A."), say("B."), say("C."), max_pending=2)
    ids = [agent.send_message(text) for text in ("One", "Two", "Three")]
    await gate.reached.wait()
    assert [w.request_id for w in agent.pending()] == ids[1:]
    with pytest.raises(QueueFullError, match="2 of 2"):
        agent.send_message("Four")
    health = agent.health()
    assert (health.busy, health.pending, health.request_id) == (True, 2, ids[0])
    gate.opened.set()
    assert [(await agent.result(i)).text for i in ids] == ["A.", "B.", "C."]
    finished = [e.request_id for e in seen.envelopes if isinstance(e.event, RunFinished)]
    assert finished == ids
    assert [(e.lane, e.position) for e in seen.of(Queued)] == [("prompt", 1), ("prompt", 2)]
    assert [e.reason for e in seen.of(Dequeued)] == ["started", "started"]


async def test_without_a_queue_a_second_request_is_refused_until_the_first_is_done():
    agent, _, gate, _ = gated(say("A."), say("B."), max_pending=0)
    first = agent.send_message("One")
    with pytest.raises(QueueFullError):
        agent.send_message("Two")
    gate.opened.set()
    await agent.result(first)
    assert (await agent.chat("Two")).text == "B."


async def test_chat_waits_its_turn_while_another_request_runs():
    agent, _, gate, _ = gated(say("A."), say("B."))
    agent.send_message("One")
    second = asyncio.create_task(agent.chat("Two"))
    await gate.reached.wait()
    assert not second.done()
    gate.opened.set()
    assert (await second).text == "B."


async def test_an_id_is_used_once_even_after_its_request_is_done():
    agent, _, gate, _ = gated(say("A."), say("B."))
    agent.send_message("One", request_id="a")
    agent.send_message("Two", request_id="b")
    for used in ("a", "b"):
        with pytest.raises(DuplicateRequestError):
            agent.send_message("Again", request_id=used)
    gate.opened.set()
    await agent.result("b")
    with pytest.raises(DuplicateRequestError):
        agent.send_message("Again", request_id="a")
    assert agent.pending() == []


async def test_a_refused_request_leaves_its_id_free():
    agent, _, gate, _ = gated(say("A."), say("B."), max_pending=0)
    first = agent.send_message("One")
    with pytest.raises(QueueFullError):
        agent.send_message("Two", request_id="mine")
    gate.opened.set()
    await agent.result(first)
    assert (await agent.chat("Two", request_id="mine")).ok


async def test_cancelling_a_waiting_request_leaves_the_running_one_alone():
    agent, seen, gate, provider = gated(say("A."))
    first, second = agent.send_message("One"), agent.send_message("Two")
    await gate.reached.wait()
    agent.cancel_request(second)
    gate.opened.set()
    assert (await agent.result(first)).text == "A."
    assert (await agent.result(second)).status == "cancelled"
    assert [e.phase for e in seen.of(Cancelled)] == ["queued"]
    assert len(provider.requests) == 2
    assert "Two" not in str(agent.messages)


async def test_cancelling_the_running_request_starts_the_next():
    agent, _, gate, _ = gated(say("B."))
    first, second = agent.send_message("One"), agent.send_message("Two")
    await gate.reached.wait()
    agent.cancel_request()
    assert (await agent.result(first)).status == "cancelled"
    assert (await agent.result(second)).text == "B."
    valid(agent.messages)


async def test_a_request_cancelled_before_it_began_asks_nobody():
    provider = ScriptedProvider([say("Never.")])
    agent, seen = make(provider)
    made = agent.send_message("One")
    agent.cancel_request(made)
    assert (await agent.result(made)).status == "cancelled"
    assert provider.requests == []
    assert not seen.of(TurnStarted)
    valid(agent.messages)


async def test_what_is_not_there_cannot_be_cancelled_or_taken_back():
    agent, _ = make([say("A.")])
    for ask in (agent.cancel_request, agent.withdraw):
        with pytest.raises(UnknownRequestError):
            ask("nothing")
    with pytest.raises(UnknownRequestError):
        agent.cancel_request()
    await agent.chat("One", request_id="done")
    with pytest.raises(UnknownRequestError):
        agent.cancel_request("done")
    with pytest.raises(UnknownRequestError):
        await agent.result("nothing")


async def test_cancelling_twice_is_told_once():
    agent, seen, gate, _ = gated()
    made = agent.send_message("One")
    await gate.reached.wait()
    agent.cancel_request(made)
    agent.cancel_request(made)
    await agent.result(made)
    assert len(seen.of(Cancelled)) == 1


async def test_a_withdrawn_request_gives_its_text_back_and_never_runs():
    agent, seen, gate, _ = gated(say("A."))
    first, second = agent.send_message("One"), agent.send_message("Two, with a typo")
    await gate.reached.wait()
    assert agent.withdraw(second) == "Two, with a typo"
    gate.opened.set()
    await agent.result(first)
    assert [e.reason for e in seen.of(Dequeued)] == ["withdrawn"]
    assert len(seen.of(RunStarted)) == 1
    assert (await agent.result(second)).status == "cancelled"


async def test_a_running_request_cannot_be_withdrawn():
    agent, _, gate, _ = gated(say("A."))
    made = agent.send_message("One")
    await gate.reached.wait()
    with pytest.raises(UnknownRequestError):
        agent.withdraw(made)
    gate.opened.set()
    assert (await agent.result(made)).ok


async def test_a_steering_message_goes_in_at_the_next_tool_boundary():
    agent, seen, gate, provider = gated(say("As you wish."))
    first = agent.send_message("Paint it red")
    await gate.reached.wait()
    steer = agent.steer("Blue, please")
    gate.opened.set()
    result = await agent.result(first)
    assert result.text == "As you wish."
    asked = provider.requests[1].messages[-1]
    assert [r.text for r in asked.tool_results] == ["ok"]
    assert "Blue, please" in asked.text
    steered = seen.of(Steered)[0]
    assert (steered.text, steered.into) == ("Blue, please", first)
    assert [e.request_id for e in seen.envelopes if isinstance(e.event, Steered)] == [steer]
    assert await agent.result(steer) == result
    assert len(seen.of(RunFinished)) == 1
    assert [m.text for m in agent.messages if m.role == "user"][-1] == "Blue, please"


async def test_steering_an_idle_agent_is_an_ordinary_request():
    agent, seen = make([say("Blue it is.")])
    assert (await agent.result(agent.steer("Blue"))).text == "Blue it is."
    assert seen.of(RunStarted)[0].lane == "steer"


async def test_a_steering_message_that_came_too_late_runs_next_and_before_prompts():
    puppet = Puppet(forever_after(), hello, hello)
    agent, seen = make([])
    await agent.set_model(puppet)
    agent.send_message("One")
    await puppet.asked.wait()
    prompt, steer = agent.send_message("Prompt"), agent.steer("Steer")
    agent.cancel_request()
    await agent.result(prompt)
    assert (await agent.result(steer)).text == "Hello."
    assert [e.prompt for e in seen.of(RunStarted)] == ["One", "Steer", "Prompt"]


async def test_a_follow_up_waits_for_every_prompt():
    agent, seen, gate, _ = gated(say("A."), say("B."), say("C."))
    agent.send_message("One")
    follow = agent.send_message("Follow", lane="follow_up")
    agent.send_message("Two")
    gate.opened.set()
    await agent.result(follow)
    assert [e.prompt for e in seen.of(RunStarted)] == ["One", "Two", "Follow"]


async def test_a_failed_request_lets_the_next_one_run():
    agent, _ = make([fail("auth"), say("B.")])
    first, second = agent.send_message("One"), agent.send_message("Two")
    assert (await agent.result(first)).status == "error"
    assert (await agent.result(second)).text == "B."


async def test_stopping_cancels_what_runs_and_what_waits_and_says_so():
    agent, seen, gate, _ = gated()
    first, second = agent.send_message("One"), agent.send_message("Two")
    await gate.reached.wait()
    await agent.stop()
    assert (await agent.result(first)).status == "cancelled"
    assert (await agent.result(second)).status == "cancelled"
    assert [e.reason for e in seen.of(Dequeued)] == ["stopped"]
    assert len(seen.of(RunFinished)) == 2
    assert seen.names()[-1] == "AgentStopped"
    with pytest.raises(AgentStoppedError):
        agent.send_message("Three")
    assert agent.health().stopped
    valid(agent.messages)


async def test_stopping_is_bounded_whatever_a_tool_does():
    release = asyncio.Event()
    begun = asyncio.Event()

    async def stubborn(arguments, context):
        begun.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    agent, seen = make([call("probe")], tools=[Probe(work=stubborn)])
    made = agent.send_message("One")
    await begun.wait()
    await agent.stop(grace_s=0.01)
    valid(agent.messages)
    assert (await agent.result(made)).status == "cancelled"
    assert len(seen.of(RunFinished)) == 1
    assert [e.started for e in seen.of(ToolFinished)] == [True]
    told, said = len(seen.events), agent.messages
    release.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert (len(seen.events), agent.messages) == (told, said)


async def test_a_caller_that_gives_up_takes_its_request_with_it():
    agent, _, gate, _ = gated(say("B."))
    waiting = asyncio.create_task(agent.chat("One", request_id="a"))
    await gate.reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not agent.busy
    assert (await agent.result("a")).status == "cancelled"
    assert (await agent.chat("Two")).text == "B."


async def test_a_waiter_that_gives_up_leaves_the_request_alone():
    agent, _, gate, _ = gated(say("A."))
    made = agent.send_message("One")
    waiting = asyncio.create_task(agent.result(made))
    await gate.reached.wait()
    waiting.cancel()
    gate.opened.set()
    assert (await agent.result(made)).text == "A."


async def test_a_subscriber_may_send_the_next_request_when_one_finishes():
    agent, _ = make([say("A."), say("B.")])

    def again(envelope):
        if isinstance(envelope.event, RunFinished) and envelope.request_id == "first":
            agent.send_message("Two", request_id="second")

    agent.hub.subscribe(again)
    await agent.chat("One", request_id="first")
    assert (await agent.result("second")).text == "B."
