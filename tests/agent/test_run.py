"""A single request: turns, tools, totals, text."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from alloy_tui.agent.oneshot import run, run_sync
from alloy_tui.domain.errors import AgentError, ConfigError
from alloy_tui.domain.events import RunFinished, TextDelta, TurnFinished, TurnStarted
from alloy_tui.domain.messages import ImageBlock, TextBlock, assistant, user
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.providers.scripted import ScriptedProvider, call, fail, say
from tests.agent.desk import Probe, make, valid

pytestmark = pytest.mark.anyio


async def test_a_text_answer_completes_the_run():
    agent, seen = make([say("Hello there.")])
    result = await agent.chat("Hi")
    assert (result.status, result.text, result.turns) == ("completed", "Hello there.", 1)
    assert result.ok
    assert result.error is None
    assert result.stop_reason == "end_turn"
    assert [m.role for m in result.messages] == ["user", "assistant"]
    assert "".join(e.text for e in seen.of(TextDelta)) == "Hello there."


async def test_a_tool_round_takes_a_second_turn():
    agent, _ = make([call("probe", x=1), say("Done.")], tools=[Probe()])
    result = await agent.chat("Do it")
    assert (result.turns, result.text) == (2, "Done.")
    assert [m.role for m in agent.messages] == ["user", "assistant", "user", "assistant"]
    valid(agent.messages)


async def test_two_tool_rounds_take_three_turns():
    agent, _ = make([call("probe"), call("probe"), say("Done.")], tools=[Probe()])
    assert (await agent.chat("Do it")).turns == 3


async def test_two_calls_of_a_turn_are_answered_in_one_message_in_call_order():
    agent, _ = make(
        [say("", calls=[call("probe", n=1), call("probe", n=2)]), say("Done.")], tools=[Probe()]
    )
    await agent.chat("Do it")
    calls, results = agent.messages[1].tool_calls, agent.messages[2].tool_results
    assert [r.call_id for r in results] == [c.id for c in calls]


async def test_a_prompt_goes_on_top_of_a_given_history():
    provider = ScriptedProvider([say("Third.")])
    agent, _ = make(provider, messages=[user("First?"), assistant("Second.")])
    await agent.chat("And now?")
    assert len(agent.messages) == 4
    assert [m.text for m in provider.requests[0].messages] == ["First?", "Second.", "And now?"]


async def test_a_provider_error_ends_the_run_with_that_error():
    agent, _ = make([fail("auth", "No such key.", status=401)])
    result = await agent.chat("Hi")
    assert result.status == "error"
    assert result.error is not None
    assert (result.error.kind, result.error.message, result.error.status) == (
        "auth",
        "No such key.",
        401,
    )
    assert result.turns == 0


async def test_endless_tool_use_stops_at_max_turns():
    agent, _ = make([call("probe")] * 9, tools=[Probe()], max_turns=5)
    result = await agent.chat("Do it")
    assert (result.status, result.turns, result.error) == ("max_turns", 5, None)
    valid(agent.messages)


async def test_usage_and_cost_add_up_over_turns():
    price = Price(input=1.0, output=10.0)
    usage = TokenUsage(input=100, output=10)
    replies = [_with(r, usage=usage) for r in (call("probe"), say("Done."))]
    agent, seen = make(ScriptedProvider(replies, price=price), tools=[Probe()])
    result = await agent.chat("Do it")
    assert result.usage == TokenUsage(input=200, output=20)
    assert result.cost == pytest.approx(0.0004)
    assert agent.usage.by_model == {"scripted/inline": TokenUsage(input=200, output=20)}
    assert agent.usage.cost == pytest.approx(0.0004)
    assert agent.usage.context_tokens == 110
    assert seen.of(TurnFinished)[0].cost == pytest.approx(0.0002)


async def test_unknown_usage_stays_unknown_and_is_never_zero():
    agent, seen = make([say("Hi.")])
    result = await agent.chat("Hi")
    assert result.usage.input is None
    assert result.cost is None
    assert agent.usage.cost is None
    assert seen.of(RunFinished)[0].usage.output is None


async def test_a_run_whose_usage_is_partly_unknown_says_so():
    known = _with(call("probe"), usage=TokenUsage(input=100, output=10))
    agent, _ = make([known, say("Done.")], tools=[Probe()])
    result = await agent.chat("Do it")
    assert (result.usage.input, result.usage.partial) == (100, True)


async def test_the_text_of_a_failed_run_is_its_own_and_not_the_one_before():
    agent, _ = make([say("First answer."), fail("auth")])
    await agent.chat("One")
    assert (await agent.chat("Two")).text == ""


async def test_every_turn_that_starts_finishes():
    agent, seen = make([call("probe"), fail("auth")], tools=[Probe()])
    await agent.chat("Do it")
    assert len(seen.of(TurnStarted)) == len(seen.of(TurnFinished)) == 2
    assert seen.of(TurnFinished)[1].incomplete == "auth"


async def test_envelopes_count_turns_from_one_and_stand_outside_them_at_zero():
    agent, seen = make([call("probe"), say("Done.")], tools=[Probe()])
    await agent.chat("Do it")
    turns = {type(e.event).__name__: e.turn for e in seen.envelopes}
    assert turns["RunStarted"] == turns["RunFinished"] == 0
    assert turns["ToolFinished"] == 1
    assert turns["TextDelta"] == 2
    assert [e.seq for e in seen.envelopes] == list(range(1, len(seen.envelopes) + 1))


async def test_a_prompt_may_hold_an_image():
    provider = ScriptedProvider([say("A cat.")])
    agent, _ = make(provider)
    await agent.chat([ImageBlock("image/png", b"png"), TextBlock("What is it?")])
    assert provider.requests[0].messages[0].blocks[0] == ImageBlock("image/png", b"png")


async def test_a_prompt_may_be_an_image_alone():
    agent, _ = make([say("A cat.")])
    assert (await agent.chat([ImageBlock("image/png", b"png")])).ok


async def test_an_empty_message_is_refused():
    agent, _ = make([])
    with pytest.raises(AgentError, match="empty"):
        agent.send_message("  ")


async def test_an_answer_without_words_completes_and_leaves_a_valid_conversation():
    agent, _ = make([say("", thinking="Hm."), say("Second.")])
    result = await agent.chat("Hi")
    assert (result.status, result.text) == ("completed", "")
    valid(agent.messages)
    assert (await agent.chat("Again")).text == "Second."


async def test_the_request_is_the_same_prefix_from_turn_to_turn():
    provider = ScriptedProvider([call("probe"), call("probe"), say("Done.")])
    agent, _ = make(provider, tools=[Probe()], system_prompt=None)
    await agent.chat("Do it")
    first, second, third = provider.requests
    assert first.system == second.system == third.system
    assert first.tools == second.tools
    assert second.messages[: len(first.messages)] == first.messages
    assert third.messages[: len(second.messages)] == second.messages
    assert first.conversation == third.conversation


async def test_run_asks_once_and_gives_everything_back():
    result = await run("Hi", model=ScriptedProvider([say("Hello.")]), tools=())
    assert result.text == "Hello."


def test_run_sync_needs_no_event_loop():
    assert run_sync("Hi", model=ScriptedProvider([say("Hello.")]), tools=()).text == "Hello."


async def test_run_sync_inside_a_loop_says_what_to_do():
    with pytest.raises(AgentError, match="inside an event loop"):
        run_sync("Hi", model=ScriptedProvider([say("Hello.")]))


async def test_run_gives_back_what_it_made(tmp_path):
    script = tmp_path / "s.json"
    script.write_text('{"replies": [{"text": "From the file."}]}')
    assert (await run("Hi", f"scripted/{script}")).text == "From the file."


def test_the_engine_loads_neither_a_screen_nor_http():
    code = "import sys, alloy_tui.agent.oneshot; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(out.stdout.split())
    assert "alloy_tui.agent.agent" in loaded
    assert not loaded & {"textual", "rich", "httpx", "pygments", "opentelemetry"}


@pytest.mark.parametrize(
    "options", [{"max_turns": 0}, {"max_pending": -1}, {"approval_mode": "maybe"}]
)
async def test_an_impossible_option_is_refused_at_once(options):
    with pytest.raises(ConfigError):
        make([], **options)


async def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError):
        make([], colour="red")


def _with(reply, **fields):
    return msgspec.structs.replace(reply, **fields)
