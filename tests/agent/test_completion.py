"""Retries before visible output, fallbacks to other models, and their events."""

from __future__ import annotations

import pytest

from alloy_tui.agent.clock import Clock
from alloy_tui.domain.errors import RETRYABLE_KINDS
from alloy_tui.domain.events import (
    FallbackUsed,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    ToolCallStarted,
    ToolFinished,
    TurnFinished,
)
from alloy_tui.domain.models import ModelRef
from alloy_tui.providers.retry import RetryPolicy
from alloy_tui.providers.script import Reply, ScriptedError
from alloy_tui.providers.scripted import ScriptedProvider, call, cut, fail, say
from tests.agent.desk import Naps, Probe, make, valid

pytestmark = pytest.mark.anyio


def named(name: str, *replies: Reply) -> ScriptedProvider:
    return ScriptedProvider(replies, ref=ModelRef("scripted", name))


@pytest.mark.parametrize("kind", sorted(RETRYABLE_KINDS))
async def test_a_passing_failure_is_tried_again(kind):
    provider = ScriptedProvider([fail(kind), say("There.")])
    agent, _ = make(provider)
    assert (await agent.chat("Hi")).text == "There."
    provider.assert_consumed()


@pytest.mark.parametrize(
    "kind",
    ["auth", "quota", "not_found", "invalid_request", "context_overflow", "refused", "unknown"],
)
async def test_a_lasting_failure_is_told_at_once(kind):
    provider = ScriptedProvider([fail(kind), say("Never.")])
    agent, seen = make(provider)
    assert (await agent.chat("Hi")).error.kind == kind
    assert len(provider.requests) == 1
    assert not seen.of(RetryScheduled)


async def test_retries_stop_after_the_policys_attempts():
    provider = ScriptedProvider([fail("overloaded")] * 5)
    agent, seen = make(provider, retry=RetryPolicy(max_attempts=3))
    assert (await agent.chat("Hi")).error.kind == "overloaded"
    assert len(provider.requests) == 3
    assert [(e.attempt, e.max_attempts) for e in seen.of(RetryScheduled)] == [(1, 3), (2, 3)]


async def test_one_attempt_means_no_retry():
    provider = ScriptedProvider([fail("overloaded"), say("Never.")])
    agent, _ = make(provider, retry=RetryPolicy(max_attempts=1))
    assert not (await agent.chat("Hi")).ok


async def test_waits_grow_and_what_the_service_asks_for_is_kept():
    naps = Naps()
    replies = [fail("overloaded"), fail("overloaded"), fail("rate_limited", retry_after_s=7)]
    agent, seen = make([*replies, say("There.")], clock=Clock(sleep=naps, draw=lambda: 0.0))
    assert (await agent.chat("Hi")).ok
    assert naps.taken == [0.5, 1.0, 7]
    assert [e.delay_s for e in seen.of(RetryScheduled)] == naps.taken
    assert seen.of(RetryScheduled)[2].error.kind == "rate_limited"


async def test_a_wait_longer_than_the_time_that_is_left_is_not_begun():
    naps = Naps()
    agent, _ = make(
        [fail("rate_limited", retry_after_s=60), say("Never.")],
        clock=Clock(sleep=naps),
        timeout_s=30,
    )
    result = await agent.chat("Hi")
    assert (result.status, result.error.kind) == ("error", "rate_limited")
    assert naps.taken == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fail("overloaded", after="Visible"), TextDelta),
        (Reply(thinking="Hm", error=ScriptedError("overloaded")), ThinkingDelta),
        (
            Reply(tool_calls=call("probe").tool_calls, error=ScriptedError("overloaded")),
            ToolCallStarted,
        ),
    ],
)
async def test_what_breaks_off_in_sight_is_asked_for_once_more_in_a_turn_of_its_own(reply, kind):
    provider = ScriptedProvider([reply, say("All of it.")])
    agent, seen = make(provider, tools=[Probe()])
    result = await agent.chat("Hi")
    assert (result.status, result.text, result.turns) == ("completed", "All of it.", 2)
    assert len(seen.of(kind)) == (2 if kind is TextDelta else 1)
    assert [e.incomplete for e in seen.of(TurnFinished)] == ["overloaded", None]
    again = seen.of(RetryScheduled)[0]
    assert again.discarded is not None
    # The model is not shown the part, and the conversation does not hold it.
    assert provider.requests[1].messages == provider.requests[0].messages
    assert [m.text for m in agent.messages] == ["Hi", "All of it."]
    valid(agent.messages)


async def test_an_answer_that_breaks_off_twice_is_an_error_and_the_last_part_is_kept():
    provider = ScriptedProvider([cut("One"), cut("Other"), say("Never.")])
    agent, _ = make(provider, fallbacks=[named("second", say("Never."))])
    result = await agent.chat("Hi")
    assert (result.error.kind, result.text, len(provider.requests)) == ("stream_cut", "Other", 2)
    assert [m.text for m in agent.messages][:2] == ["Hi", "Other"]


async def test_a_part_is_kept_after_all_when_nothing_better_comes():
    provider = ScriptedProvider([cut("Half"), fail("auth")])
    agent, _ = make(provider)
    result = await agent.chat("Hi")
    assert (result.error.kind, result.text) == ("auth", "Half")
    assert agent.messages[1].incomplete == "stream_cut"
    valid(agent.messages)


async def test_a_call_of_a_part_that_was_left_out_never_runs_and_its_id_is_not_given_again():
    provider = ScriptedProvider(
        [
            Reply(tool_calls=call("probe").tool_calls, error=ScriptedError("network")),
            call("probe"),
            say("Done."),
        ]
    )
    probe = Probe()
    agent, seen = make(provider, tools=[probe])
    assert (await agent.chat("Hi")).text == "Done."
    assert len(probe.calls) == 1
    ids = [e.id for e in seen.of(ToolCallStarted)]
    assert len(set(ids)) == 2
    assert [(e.id, e.started) for e in seen.of(ToolFinished)] == [(ids[0], False), (ids[1], True)]
    valid(agent.messages)


async def test_a_stream_that_fails_before_any_output_is_retried_and_then_whole():
    agent, seen = make([fail("network"), say("All of this answer, in pieces.", chunk=3)])
    await agent.chat("Hi")
    assert "".join(e.text for e in seen.of(TextDelta)) == "All of this answer, in pieces."


async def test_a_fallback_answers_when_the_model_fails_for_good():
    first = named("first", fail("overloaded"), fail("overloaded"))
    second = named("second", say("From the second."))
    agent, seen = make(first, fallbacks=[second], retry=RetryPolicy(max_attempts=2))
    result = await agent.chat("Hi")
    assert result.text == "From the second."
    used = seen.of(FallbackUsed)[0]
    assert (used.from_model, used.to_model) == ("scripted/first", "scripted/second")
    assert used.error.kind == "overloaded"
    assert agent.messages[-1].origin == "scripted/second"
    assert list(agent.usage.by_model) == ["scripted/second"]


async def test_a_fallback_has_retries_of_its_own():
    second = named("second", fail("overloaded"), say("There."))
    agent, _ = make(named("first", fail("quota")), fallbacks=[second])
    assert (await agent.chat("Hi")).text == "There."


async def test_a_fallback_stays_for_the_run_and_not_for_the_next():
    first = named("first", fail("quota"), say("First again."))
    second = named("second", call("probe"), say("Done."))
    agent, _ = make(first, fallbacks=[second], tools=[Probe()])
    assert (await agent.chat("Hi")).text == "Done."
    assert (await agent.chat("Hi")).text == "First again."


async def test_a_new_model_ends_the_rule_of_a_fallback():
    async def switch(arguments, context):
        await agent.set_model(named("third", say("Third.")))
        return "ok"

    agent, _ = make(
        named("first", fail("quota")),
        fallbacks=[named("second", call("probe"))],
        tools=[Probe(work=switch)],
    )
    assert (await agent.chat("Hi")).text == "Third."


@pytest.mark.parametrize("kind", ["auth", "invalid_request", "context_overflow", "refused"])
async def test_a_failure_of_ours_is_not_hidden_by_a_fallback(kind):
    second = named("second", say("Never."))
    agent, _ = make(named("first", fail(kind)), fallbacks=[second])
    assert (await agent.chat("Hi")).error.kind == kind
    assert second.requests == []


async def test_when_all_fail_the_last_error_is_told():
    agent, _ = make(
        named("first", fail("quota")),
        fallbacks=[named("second", fail("quota")), named("third", fail("auth"))],
    )
    assert (await agent.chat("Hi")).error.kind == "auth"


async def test_a_model_that_answers_leaves_the_fallbacks_alone():
    second = named("second", say("Never."))
    agent, _ = make(named("first", say("First.")), fallbacks=[second])
    await agent.chat("Hi")
    assert second.requests == []


async def test_a_cut_answer_is_no_reason_for_a_fallback_once_it_was_seen():
    second = named("second", say("Never."))
    agent, _ = make(named("first", cut("Half"), cut("Half")), fallbacks=[second])
    assert (await agent.chat("Hi")).text == "Half"
    assert second.requests == []
