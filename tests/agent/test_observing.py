"""A busy agent can be looked at from everywhere, and what it says agrees with itself."""

from __future__ import annotations

import anyio
import pytest

from alloy_tui.agent.ledger import Ledger
from alloy_tui.agent.middleware import Middleware
from alloy_tui.domain.events import (
    Envelope,
    TextDelta,
    ToolFinished,
    ToolStarted,
    UsageUpdated,
)
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.script import Reply, ScriptedCall
from alloy_tui.providers.scripted import ScriptedProvider, call, say
from alloy_tui.tools.core import core_tools
from tests.agent.desk import Probe, make
from tests.agent.puppet import Puppet, forever_after

pytestmark = pytest.mark.anyio


def look(agent):
    """Everything that can be asked of an agent without waiting."""
    health, export = agent.health(), agent.export_session()
    assert health.message_count == len(agent.messages) == len(export.messages)
    assert health.usage == agent.usage.usage == export.usage
    assert health.pending == len(agent.pending())
    assert health.busy == agent.busy
    return health


async def test_an_agent_can_be_looked_at_from_a_tool_a_hook_and_a_subscriber():
    """None of them waits for the run that it is part of."""
    seen = []

    class Looker(Middleware):
        def before_completion(self, context, request):
            seen.append(("hook", look(agent)))

    async def work(arguments, context):
        seen.append(("tool", look(agent)))
        return "ok"

    usage = TokenUsage(input=7, output=1)
    used = Reply(tool_calls=(ScriptedCall("probe"),), usage=usage)
    agent, _ = make([used, say("Done.")], tools=[Probe(work=work)], middleware=[Looker()])

    def listen(envelope: Envelope):
        if isinstance(envelope.event, TextDelta):
            seen.append(("subscriber", look(agent)))

    agent.hub.subscribe(listen)
    await agent.chat("Do it")
    assert [who for who, _ in seen][:4] == ["hook", "tool", "hook", "subscriber"]
    assert all(health.busy for _, health in seen)
    assert [health.turn for _, health in seen][:3] == [1, 1, 2]
    assert [health.message_count for _, health in seen][:3] == [1, 2, 3]
    assert seen[1][1].usage == usage
    assert not look(agent).busy


async def test_an_agent_can_be_looked_at_in_the_middle_of_an_answer():
    """What streams is not yet part of the conversation; the prompt is."""
    puppet = Puppet(forever_after())
    agent, _ = make([])
    await agent.set_model(puppet)
    made = agent.send_message("One")
    await puppet.asked.wait()
    assert (look(agent).request_id, [m.text for m in agent.messages]) == (made, ["One"])
    await agent.stop()
    assert not look(agent).busy


async def test_a_result_lists_the_calls_of_its_run():
    agent, seen = make([call("probe", n=1), say("A."), say("B.")], tools=[Probe()])
    first = await agent.chat("Do it")
    assert [(c.name, c.arguments) for c in first.tool_calls] == [("probe", {"n": 1})]
    assert (await agent.chat("And now?")).tool_calls == ()
    started, finished = seen.of(ToolStarted)[0], seen.of(ToolFinished)[0]
    assert started.id == finished.id == first.tool_calls[0].id
    numbers = [e.seq for e in seen.envelopes if e.event in (started, finished)]
    assert numbers == sorted(numbers)


async def test_a_time_limit_of_nothing_times_out_and_harms_nothing():
    agent, _ = make([say("A.")])
    assert (await agent.chat("One", timeout_s=0)).status == "timed_out"
    assert (await agent.chat("Two")).text == "A."


async def test_the_window_is_that_of_the_model_in_use():
    small = ScriptedProvider([say("A.")], ref=ModelRef("scripted", "a"), context_window=1000)
    large = ScriptedProvider([say("B.")], ref=ModelRef("scripted", "b"), context_window=9000)
    agent, seen = make(small)
    await agent.chat("One")
    await agent.set_model(large)
    await agent.chat("Two")
    assert [e.context_window for e in seen.of(UsageUpdated)] == [1000, 9000]


async def test_notes_survive_a_reset(tmp_path):
    """The scratchpad is the tools' memory, not the conversation's."""
    write = call("scratchpad", action="write", key="plan", value="first tests")
    read = call("scratchpad", action="read", key="plan")
    agent, _ = make([write, say("Noted."), read, say("It says so.")], tools=core_tools(tmp_path))
    await agent.chat("Note the plan")
    agent.reset()
    await agent.chat("What was the plan?")
    assert "first tests" in agent.messages[2].tool_results[0].text


async def test_a_goodbye_that_hangs_is_cut_short():
    """Middleware that never ends its session does not keep the agent from stopping."""

    class Clinging(Middleware):
        async def session_end(self, context):
            await anyio.sleep_forever()

    agent, _ = make([say("Hi.")], middleware=[Clinging()])
    await agent.chat("Hi")
    with anyio.fail_after(10):
        await agent.stop(grace_s=0.05)
    assert agent.health().stopped


async def test_a_model_without_a_known_window_leaves_the_share_of_context_unknown() -> None:
    """The window of the model before is not taken for its own."""
    ledger = Ledger()
    ledger.add("scripted/a", TokenUsage(input=10, output=1), None, 1000)
    assert ledger.add("scripted/a", TokenUsage(), None, None).context_window == 1000
    assert (
        ledger.add("scripted/b", TokenUsage(input=10, output=1), None, None).context_window is None
    )
