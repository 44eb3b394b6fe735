"""What is told beside the requests, requests that are held, and requests that are moved."""

from __future__ import annotations

import pytest

from alloy_tui.domain.errors import UnknownRequestError
from alloy_tui.domain.events import Queued, RunStarted
from alloy_tui.domain.messages import ToolResultBlock
from alloy_tui.providers.scripted import ScriptedProvider, call, say
from tests.agent.desk import make, valid
from tests.agent.test_queue import gated

pytestmark = pytest.mark.anyio


async def test_context_is_in_the_conversation_at_once_and_asks_nothing():
    provider = ScriptedProvider([say("Three files.")])
    agent, seen = make(provider)
    agent.add_context("$ ls\na b c")
    assert [(m.role, m.text, m.synthetic) for m in agent.messages] == [
        ("user", "$ ls\na b c", True)
    ]
    assert not seen.of(RunStarted)
    await agent.chat("How many?")
    assert "$ ls\na b c" in provider.requests[0].messages[0].text
    valid(agent.messages)


async def test_context_during_a_run_goes_in_at_the_next_tool_boundary():
    agent, _, gate, provider = gated(say("Done."))
    made = agent.send_message("Go")
    await gate.reached.wait()
    agent.add_context("$ ls\na")
    assert all("$ ls" not in m.text for m in agent.messages)
    gate.opened.set()
    await agent.result(made)
    last = provider.requests[1].messages[-1]
    assert isinstance(last.blocks[0], ToolResultBlock)
    assert "$ ls" in last.text
    valid(agent.messages)


async def test_context_that_found_no_boundary_goes_in_after_the_run():
    agent, _, gate, _ = gated()
    made = agent.send_message("Go")
    await gate.reached.wait()
    agent.add_context("$ ls\na")
    agent.cancel_request(made)
    await agent.result(made)
    assert agent.messages[-1].text == "$ ls\na"
    valid(agent.messages)


async def test_a_reset_forgets_context_too():
    agent, _ = make([say("Hi.")])
    agent.add_context("$ ls")
    agent.reset()
    assert agent.messages == ()


async def test_requests_wait_while_they_are_held_and_run_once_let_go():
    agent, seen = make([say("A."), say("B.")])
    first, second = agent.hold(), agent.hold()
    made, other = agent.send_message("One"), agent.send_message("Two")
    assert [w.text for w in agent.pending()] == ["One", "Two"]
    assert not seen.of(RunStarted)
    first()
    first()  # letting go twice counts once
    assert [w.text for w in agent.pending()] == ["One", "Two"]
    second()
    assert [(await agent.result(made)).text, (await agent.result(other)).text] == ["A.", "B."]


async def test_a_hold_leaves_the_running_request_alone_and_keeps_the_next_from_starting():
    agent, _, gate, _ = gated(say("A."), say("B."))
    made = agent.send_message("One")
    await gate.reached.wait()
    let_go = agent.hold()
    other = agent.send_message("Two")
    gate.opened.set()
    assert (await agent.result(made)).ok
    assert [w.request_id for w in agent.pending()] == [other]
    let_go()
    assert (await agent.result(other)).ok


async def test_stopping_while_held_ends_what_waits():
    agent, _ = make([say("A.")])
    let_go = agent.hold()
    made = agent.send_message("One")
    await agent.stop()
    assert (await agent.result(made)).status == "cancelled"
    let_go()


async def test_a_moved_request_has_its_new_lane_and_place_and_is_told_again():
    agent, seen, gate, _ = gated(say("A."), say("B."), say("C."), say("D."))
    agent.send_message("Go")
    await gate.reached.wait()
    ids = [agent.send_message(t, lane="follow_up") for t in ("one", "two", "three")]
    agent.move(ids[2], "follow_up", 1)
    agent.move(ids[0], "prompt", 99)
    assert [(w.text, w.lane, w.position) for w in agent.pending()] == [
        ("one", "prompt", 1),
        ("three", "follow_up", 1),
        ("two", "follow_up", 2),
    ]
    assert [(e.lane, e.position, e.text) for e in seen.of(Queued)][-2:] == [
        ("follow_up", 1, "three"),
        ("prompt", 1, "one"),
    ]
    gate.opened.set()
    for made in ids:
        await agent.result(made)
    assert [e.prompt for e in seen.of(RunStarted)] == ["Go", "one", "three", "two"]


async def test_a_request_that_does_not_wait_cannot_be_moved():
    agent, _, gate, _ = gated(say("A."))
    made = agent.send_message("Go")
    await gate.reached.wait()
    with pytest.raises(UnknownRequestError):
        agent.move(made, "steer", 1)
    gate.opened.set()
    await agent.result(made)


async def test_a_follow_up_moved_to_steering_goes_into_the_running_request():
    agent, _, gate, provider = gated(call("probe"), say("Done."))
    made = agent.send_message("Go")
    await gate.reached.wait()
    other = agent.send_message("use tabs", lane="follow_up")
    agent.move(other, "steer", 1)
    gate.opened.set()
    assert (await agent.result(other)) == (await agent.result(made))
    assert "use tabs" in provider.requests[1].messages[-1].text
