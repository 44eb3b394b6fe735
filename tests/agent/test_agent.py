"""The long-lived agent: streaming, model switches, reconfiguration, health, export, defects."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.errors import AgentError, ConfigError, DuplicateRequestError
from alloy_tui.domain.events import (
    AgentConfigured,
    Envelope,
    HistoryReset,
    ModelChanged,
    RunFinished,
    Steered,
    TextDelta,
    TurnStarted,
    UsageUpdated,
)
from alloy_tui.domain.messages import assistant, user
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.results import SessionExport
from alloy_tui.domain.usage import ZERO, Price, TokenUsage
from alloy_tui.providers.scripted import ScriptedProvider, call, say
from tests.agent.desk import Probe, as_json, make
from tests.agent.puppet import Puppet, forever_after, hello

pytestmark = pytest.mark.anyio


async def test_the_conversation_goes_on_from_chat_to_chat():
    provider = ScriptedProvider([say("A."), say("B.")])
    agent, _ = make(provider)
    assert agent.messages == ()
    await agent.chat("One")
    await agent.chat("Two")
    assert [m.text for m in agent.messages] == ["One", "A.", "Two", "B."]
    assert [m.text for m in provider.requests[1].messages] == ["One", "A.", "Two"]


async def test_a_result_holds_the_messages_of_its_run_alone():
    agent, _ = make([say("A."), say("B.")])
    await agent.chat("One")
    assert [m.text for m in (await agent.chat("Two")).messages] == ["Two", "B."]


async def test_a_stream_yields_the_requests_envelopes_and_ends_with_its_end():
    agent, _ = make([call("probe"), say("All of it.", chunk=2)], tools=[Probe()])
    got = [e async for e in agent.stream("Hi", request_id="mine")]
    assert {e.request_id for e in got} == {"mine"}
    assert isinstance(got[-1].event, RunFinished)
    assert "".join(e.event.text for e in got if isinstance(e.event, TextDelta)) == "All of it."
    seqs = [e.seq for e in got]
    assert seqs == sorted(set(seqs))


async def test_a_stream_and_a_chat_have_the_same_outcome():
    streamed, _ = make([say("Same.")])
    chatted, _ = make([say("Same.")])
    last = [e async for e in streamed.stream("Hi")][-1].event
    result = await chatted.chat("Hi")
    assert (last.status, last.text, last.turns) == (result.status, result.text, result.turns)
    assert streamed.messages == chatted.messages


async def test_closing_a_stream_cancels_its_request():
    agent, seen = make([])
    await agent.set_model(Puppet(forever_after(), hello))
    stream = agent.stream("Hi", request_id="mine")
    async for envelope in stream:
        if isinstance(envelope.event, TurnStarted):
            break
    await stream.aclose()
    assert seen.of(RunFinished)[0].status == "cancelled"
    assert not agent.busy
    assert (await agent.chat("Again")).text == "Hello."


async def test_a_stream_with_a_used_id_is_refused_and_harms_nobody():
    puppet = Puppet(forever_after())
    agent, _ = make([])
    await agent.set_model(puppet)
    agent.send_message("One", request_id="a")
    await puppet.asked.wait()
    with pytest.raises(DuplicateRequestError):
        async for _ in agent.stream("Two", request_id="a"):
            pass
    assert agent.health().request_id == "a"
    await agent.stop()


async def test_streams_wait_in_the_queue_like_everything_else():
    agent, _ = make([say("A."), say("B.")])

    async def last(text):
        return [e async for e in agent.stream(text)][-1].event.text

    assert await asyncio.gather(last("One"), last("Two")) == ["A.", "B."]


async def test_a_stream_tells_of_steering_that_went_into_it():
    async def steer(arguments, context):
        agent.steer("Blue")
        return "ok"

    agent, _ = make([call("probe"), say("Done.")], tools=[Probe(work=steer)])
    got = [e.event async for e in agent.stream("Hi")]
    assert [e.text for e in got if isinstance(e, Steered)] == ["Blue"]


async def test_a_model_switch_keeps_conversation_usage_and_settings():
    first = ScriptedProvider([_used(say("A."))], ref=ModelRef("scripted", "a"))
    second = ScriptedProvider([_used(say("B."))], ref=ModelRef("scripted", "b"))
    agent, seen = make(first, system_prompt="Stay.", tools=[Probe()])
    await agent.chat("One")
    await agent.set_model(second)
    await agent.chat("Two")
    asked = second.requests[0]
    assert [m.text for m in asked.messages] == ["One", "A.", "Two"]
    assert (asked.system, len(asked.tools)) == ("Stay.", 1)
    assert agent.usage.usage == TokenUsage(input=20, output=2)
    assert list(agent.usage.by_model) == ["scripted/a", "scripted/b"]
    changed = seen.of(ModelChanged)[0]
    assert (changed.from_model, changed.to_model) == ("scripted/a", "scripted/b")


@pytest.mark.parametrize("wrong", ["nonsense", "nowhere/model", "scripted/missing.json", ""])
async def test_a_model_that_cannot_be_had_changes_nothing(wrong):
    agent, seen = make([say("Still here.")])
    with pytest.raises(ConfigError):
        await agent.set_model(wrong)
    assert agent.model == "scripted/inline"
    assert not seen.of(ModelChanged)
    assert (await agent.chat("Hi")).text == "Still here."


async def test_a_model_switch_takes_effect_at_the_next_turn_of_a_running_request():
    second = ScriptedProvider([say("From b.")], ref=ModelRef("scripted", "b"))

    async def switch(arguments, context):
        await agent.set_model(second)
        return "ok"

    agent, seen = make([call("probe")], tools=[Probe(work=switch)])
    assert (await agent.chat("Hi")).text == "From b."
    assert [e.model for e in seen.of(TurnStarted)] == ["scripted/inline", "scripted/b"]


async def test_a_provider_made_from_a_name_is_closed_and_a_given_one_is_not(tmp_path):
    script = tmp_path / "s.json"
    script.write_text('{"replies": [{"text": "From the file."}]}')
    mine = Puppet(hello)
    agent = Agent(mine, tools=(), approval_mode="all")
    await agent.chat("Hi")
    await agent.set_model(f"scripted/{script}")
    assert (await agent.chat("Hi")).text == "From the file."
    await agent.stop()
    assert mine.closed == 0


async def test_a_live_agent_takes_new_settings_at_its_next_turn_and_keeps_its_conversation():
    provider = ScriptedProvider([say("A."), call("other"), say("B.")])
    agent, seen = make(provider)
    await agent.chat("One")
    agent.configure(tools=[Probe("other")], system_prompt="New.", effort="high", max_turns=9)
    await agent.chat("Two")
    asked = provider.requests[1]
    assert (asked.system, asked.effort, [t.name for t in asked.tools]) == (
        "New.",
        "high",
        ["other"],
    )
    assert len(asked.messages) == 3
    assert seen.of(AgentConfigured)[0].what == ("tools", "system_prompt", "effort", "max_turns")


async def test_settings_reach_a_running_request():
    async def loosen(arguments, context):
        agent.configure(tools=[Probe("later")])
        return "ok"

    provider = ScriptedProvider([call("probe"), call("later"), say("Done.")])
    agent, _ = make(provider, tools=[Probe(work=loosen)])
    assert (await agent.chat("Hi")).ok
    assert not agent.messages[4].tool_results[0].is_error


async def test_an_impossible_setting_changes_nothing():
    agent, seen = make([])
    for wrong in ({"max_turns": 0}, {"approval_mode": "yolo"}):
        with pytest.raises(ConfigError):
            agent.configure(**wrong)
    assert not seen.of(AgentConfigured)


async def test_reset_clears_the_conversation_and_keeps_usage():
    agent, seen = make([_used(say("A.")), say("B.")])
    await agent.chat("One")
    agent.reset()
    assert agent.messages == ()
    assert agent.usage.usage == TokenUsage(input=10, output=1)
    assert agent.usage.context_tokens is None
    assert len(seen.of(HistoryReset)) == 1
    assert (await agent.chat("Two")).text == "B."
    assert len(agent.messages) == 2


async def test_reset_is_refused_while_a_request_runs():
    puppet = Puppet(forever_after())
    agent, _ = make([])
    await agent.set_model(puppet)
    made = agent.send_message("One")
    with pytest.raises(AgentError, match="busy"):
        agent.reset()
    agent.cancel_request()
    await agent.result(made)
    agent.reset()


async def test_health_answers_while_a_request_runs():
    puppet = Puppet(forever_after())
    agent, _ = make([], name="ann", max_pending=7)
    await agent.set_model(puppet)
    idle = agent.health()
    assert (idle.busy, idle.request_id, idle.turn, idle.pending) == (False, None, 0, 0)
    assert (idle.name, idle.max_pending, idle.message_count) == ("ann", 7, 0)
    assert idle.usage == ZERO
    made = agent.send_message("One")
    await puppet.asked.wait()
    busy = agent.health()
    assert (busy.busy, busy.request_id, busy.turn, busy.message_count) == (True, made, 1, 1)
    agent.cancel_request()
    await agent.result(made)
    after = agent.health()
    assert (after.busy, after.turn, after.stopped) == (False, 0, False)
    assert after.uptime_s >= idle.uptime_s


async def test_an_exported_session_is_whole_and_survives_json():
    agent, _ = make([_used(say("A."))], session_id="s-1", name="ann")
    await agent.chat("One")
    export = agent.export_session()
    assert (export.v, export.id, export.agent, export.model) == (1, "s-1", "ann", "scripted/inline")
    assert export.system_prompt == "Be brief."
    assert export.messages == agent.messages
    assert export.usage == TokenUsage(input=10, output=1)
    assert msgspec.json.decode(msgspec.json.encode(export), type=SessionExport) == export


async def test_a_session_keeps_its_id_and_goes_to_the_service_under_it():
    provider = ScriptedProvider([say("A.")])
    agent, _ = make(provider)
    await agent.chat("One")
    assert agent.export_session().id == agent.export_session().id
    assert provider.requests[0].conversation == agent.export_session().id


async def test_a_session_goes_on_from_exported_messages():
    provider = ScriptedProvider([say("B.")])
    agent, _ = make(provider, messages=[user("One"), assistant("A.")])
    assert agent.health().message_count == 2
    await agent.chat("Two")
    assert len(provider.requests[0].messages) == 3


async def test_usage_is_told_after_each_turn_with_the_window():
    provider = ScriptedProvider(
        [_used(say("A."))], context_window=8000, price=Price(input=1.0, output=1.0)
    )
    agent, seen = make(provider)
    await agent.chat("Hi")
    told = seen.of(UsageUpdated)[0]
    assert (told.usage.input, told.context_tokens, told.context_window) == (10, 11, 8000)
    assert told.cost == pytest.approx(11e-6)


async def test_one_unpriced_model_makes_the_total_cost_unknown():
    priced = ScriptedProvider([_used(say("A."))], price=Price(input=1.0, output=1.0))
    agent, seen = make(priced)
    await agent.chat("Hi")
    known = agent.usage.cost
    assert known == agent.usage.cost_known == pytest.approx(11e-6)
    await agent.set_model(ScriptedProvider([_used(say("B."))]))
    await agent.chat("Hi")
    assert agent.usage.cost is None
    assert agent.usage.cost_known == known  # what is known is not lost
    assert seen.of(UsageUpdated)[-1].cost_known == known


async def test_what_a_subscriber_raises_hurts_nobody():
    agent, seen = make([say("A."), say("B.")])

    def explode(envelope: Envelope):
        raise ZeroDivisionError

    agent.hub.subscribe(explode)
    assert (await agent.chat("One")).text == "A."
    assert (await agent.chat("Two")).text == "B."
    assert len(seen.of(RunFinished)) == 2


async def test_an_agent_can_be_used_as_a_context():
    async with Agent(ScriptedProvider([say("A.")]), tools=()) as agent:
        assert (await agent.chat("One")).text == "A."
    assert agent.health().stopped


async def test_stopping_twice_is_told_once():
    agent, seen = make([])
    await agent.stop()
    await agent.stop()
    assert seen.names() == ["AgentStopped"]


async def test_every_event_is_json_that_a_stranger_can_read():
    agent, seen = make(
        [say("Hi", thinking="Hm", calls=[call("probe")]), say("Done.")], tools=[Probe()]
    )
    await agent.chat("Hi")
    for envelope in seen.envelopes:
        plain = as_json(envelope)
        assert plain["v"] == 1
        assert plain["event"]["type"].islower()
        decoded = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope)
        assert decoded == envelope


async def test_an_agent_without_options_has_the_five_tools_and_a_short_stable_prompt(tmp_path):
    provider = ScriptedProvider([say("Hi."), say("Hi.")])
    agent = Agent(provider, cwd=tmp_path)
    await agent.chat("One")
    await agent.chat("Two")
    first, second = provider.requests
    assert [t.name for t in first.tools] == ["read", "write", "edit", "bash", "scratchpad"]
    assert str(tmp_path) in first.system
    assert (first.system, first.tools) == (second.system, second.tools)
    size = len(first.system) + len(msgspec.json.encode(first.tools))
    assert size < 6 * 1024
    await agent.stop()


def _used(reply):
    return msgspec.structs.replace(reply, usage=TokenUsage(input=10, output=1))
