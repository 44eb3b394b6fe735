"""Who may run what: modes, exceptions, answers by id, memory, denials with words."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.agent.approvals import UNATTENDED, Approvals
from alloy_tui.agent.permissions import ModePolicy, Ruling
from alloy_tui.domain.events import (
    ApprovalAnswered,
    ApprovalRequested,
    Notice,
    ToolFinished,
    ToolStarted,
)
from alloy_tui.providers.scripted import call, say
from tests.agent.desk import Probe, make, valid

pytestmark = pytest.mark.anyio


def answering(agent, *answers):
    """Answer the n-th question with the n-th of `answers` (decision, feedback)."""
    left = list(answers)

    def answer(envelope):
        if isinstance(envelope.event, ApprovalRequested):
            decision, feedback = left.pop(0)
            assert agent.approvals.answer(envelope.event.id, decision, feedback)

    agent.hub.subscribe(answer)


def tools():
    return [Probe("look"), Probe("change", access="edit"), Probe("run", access="execute")]


@pytest.mark.parametrize(
    ("mode", "asked", "denied"),
    [
        ("ask", ["change", "run"], []),
        ("edits", ["run"], []),
        ("all", [], []),
        ("none", [], ["change", "run"]),
    ],
)
async def test_each_mode_asks_for_what_it_says(mode, asked, denied):
    calls = [call("look"), call("change"), call("run")]
    agent, seen = make([say("", calls=calls), say("Done.")], tools=tools(), approval_mode=mode)
    answering(agent, *[("once", None)] * len(asked))
    assert (await agent.chat("Do it")).ok
    assert [e.tool for e in seen.of(ApprovalRequested)] == asked
    assert [e.name for e in seen.of(ToolFinished) if e.is_error] == denied
    assert [e.name for e in seen.of(ToolStarted)] == [
        n for n in ("look", "change", "run") if n not in denied
    ]


@pytest.mark.parametrize(
    ("action", "mode", "asked", "ran"),
    [
        ("allow", "none", False, True),
        ("deny", "all", False, False),
        ("ask", "all", True, True),
        ("ask", "none", False, False),
    ],
)
async def test_a_tools_own_setting_goes_before_the_mode(action, mode, asked, ran):
    tool = Probe("run", access="execute")
    agent, seen = make(
        [call("run"), say("Done.")],
        tools=[tool],
        approval_mode=mode,
        approvals=Approvals(policy=ModePolicy({"run": action})),
    )
    answering(agent, ("once", None))
    assert (await agent.chat("Do it")).ok
    assert bool(seen.of(ApprovalRequested)) == asked
    assert bool(tool.calls) == ran


async def test_a_denial_carries_feedback_to_the_model():
    tool = Probe("run", access="execute")
    agent, seen = make([call("run"), say("I see.")], tools=[tool], approval_mode="ask")
    answering(agent, ("deny", "Use make test instead."))
    assert (await agent.chat("Do it")).text == "I see."
    result = agent.messages[2].tool_results[0]
    assert result.is_error
    assert "Use make test instead." in result.text
    answered = seen.of(ApprovalAnswered)[0]
    assert (answered.decision, answered.by, answered.feedback) == (
        "deny",
        "user",
        "Use make test instead.",
    )
    finished = seen.of(ToolFinished)[0]
    assert (finished.started, finished.details) == (False, {"denied": "user"})
    assert tool.calls == []


async def test_the_question_shows_the_call_and_its_rule():
    agent, seen = make(
        [call("run", rule="git *"), say("Done.")], tools=tools(), approval_mode="ask"
    )
    answering(agent, ("once", None))
    await agent.chat("Do it")
    asked = seen.of(ApprovalRequested)[0]
    assert (asked.tool, asked.arguments, asked.rule) == ("run", {"rule": "git *"}, "git *")
    assert asked.headline.startswith("run")
    assert asked.call_id == agent.messages[1].tool_calls[0].id
    assert "run" in asked.reason


async def test_once_asks_again_and_session_does_not():
    replies = [call("run"), call("run"), call("run"), say("Done.")]
    agent, seen = make(replies, tools=tools(), approval_mode="ask")
    answering(agent, ("once", None), ("session", None))
    assert (await agent.chat("Do it")).ok
    assert len(seen.of(ApprovalRequested)) == 2


async def test_what_is_allowed_is_the_rule_of_that_tool_alone():
    replies = [call("run", rule="a"), call("run", rule="b"), call("change", rule="a")]
    agent, seen = make([*replies, say("Done.")], tools=tools(), approval_mode="ask")
    answering(agent, ("session", None), ("once", None), ("once", None))
    assert (await agent.chat("Do it")).ok
    assert len(seen.of(ApprovalRequested)) == 3


async def test_always_is_remembered_outside_and_known_at_the_next_start():
    kept = []
    approvals = Approvals(remember=lambda tool, rule: kept.append((tool, rule)))
    agent, _ = make(
        [call("run", rule="a"), say("Done.")],
        tools=tools(),
        approval_mode="ask",
        approvals=approvals,
    )
    answering(agent, ("always", None))
    await agent.chat("Do it")
    assert kept == [("run", "a")]
    later, seen = make(
        [call("run", rule="a"), say("Done.")],
        tools=tools(),
        approval_mode="ask",
        approvals=Approvals(always=kept),
    )
    assert (await later.chat("Do it")).ok
    assert not seen.of(ApprovalRequested)


async def test_memory_that_cannot_be_saved_holds_for_the_session_and_is_told():
    def explode(tool, rule):
        raise OSError("disk full")

    agent, seen = make(
        [call("run"), call("run"), say("Done.")],
        tools=tools(),
        approval_mode="ask",
        approvals=Approvals(remember=explode),
    )
    answering(agent, ("always", None))
    assert (await agent.chat("Do it")).ok
    assert "disk full" in seen.of(Notice)[0].text
    assert len(seen.of(ApprovalRequested)) == 1


async def test_nobody_to_ask_means_denied_with_words():
    agent, seen = make(
        [call("run"), say("I see.")],
        tools=tools(),
        approval_mode="ask",
        approvals=Approvals(interactive=False),
    )
    assert (await agent.chat("Do it")).ok
    assert UNATTENDED in agent.messages[2].tool_results[0].text
    answered = seen.of(ApprovalAnswered)[0]
    assert (answered.decision, answered.by) == ("deny", "policy")
    assert seen.of(ToolFinished)[0].details == {"denied": "policy"}


async def test_a_stale_answer_changes_nothing():
    approvals = Approvals()
    assert not approvals.answer("nothing", "once")
    agent, seen = make(
        [call("run"), say("Done.")], tools=tools(), approval_mode="ask", approvals=approvals
    )
    answering(agent, ("deny", None))
    await agent.chat("Do it")
    assert not approvals.answer(seen.of(ApprovalRequested)[0].id, "once")
    assert approvals.granted() == frozenset()


async def test_cancelling_while_a_question_waits_takes_it_back():
    agent, seen = make([call("run"), say("Fine.")], tools=tools(), approval_mode="ask")
    asked = asyncio.Event()
    agent.hub.subscribe(lambda e: asked.set() if isinstance(e.event, ApprovalRequested) else None)
    made = agent.send_message("Do it")
    await asked.wait()
    assert [q.tool for q in agent.approvals.pending()] == ["run"]
    agent.cancel_request()
    assert (await agent.result(made)).status == "cancelled"
    assert agent.approvals.pending() == ()
    assert [(e.decision, e.by) for e in seen.of(ApprovalAnswered)] == [("deny", "shutdown")]
    assert [e.started for e in seen.of(ToolFinished)] == [False]
    valid(agent.messages)
    assert (await agent.chat("Go on")).ok


async def test_questions_come_in_model_order_while_earlier_reading_calls_run():
    reading, free = asyncio.Event(), asyncio.Event()

    async def wait(arguments, context):
        reading.set()
        await free.wait()
        return "ok"

    look = Probe("look", wait)
    calls = [call("look"), call("run", rule="1"), call("change", rule="2")]
    agent, seen = make(
        [say("", calls=calls), say("Done.")],
        tools=[look, Probe("run", access="execute"), Probe("change", access="edit")],
        approval_mode="ask",
    )
    asked = asyncio.Queue()
    agent.hub.subscribe(
        lambda e: asked.put_nowait(e.event) if isinstance(e.event, ApprovalRequested) else None
    )
    made = agent.send_message("Do it")
    first = await asked.get()
    await reading.wait()
    assert first.tool == "run"
    agent.approvals.answer(first.id, "once")
    free.set()
    second = await asked.get()
    assert second.tool == "change"
    agent.approvals.answer(second.id, "once")
    assert (await agent.result(made)).ok
    finished = [e.name for e in seen.of(ToolFinished)]
    assert finished == ["look", "run", "change"]


async def test_an_answer_for_the_session_settles_the_same_question_of_another_agent():
    approvals = Approvals()
    both = [
        make([call("run"), say("Done.")], tools=tools(), approval_mode="ask", approvals=approvals)
        for _ in range(2)
    ]
    asked = asyncio.Queue()
    for agent, _ in both:
        agent.hub.subscribe(
            lambda e: asked.put_nowait(e.event) if isinstance(e.event, ApprovalRequested) else None
        )
    made = [agent.send_message("Do it") for agent, _ in both]
    first, _second = await asked.get(), await asked.get()
    approvals.answer(first.id, "session")
    results = [await agent.result(i) for (agent, _), i in zip(both, made, strict=True)]
    assert all(r.ok for r in results)
    by = sorted(e.by for _, seen in both for e in seen.of(ApprovalAnswered))
    assert by == ["policy", "user"]


async def test_answers_may_come_from_another_thread():
    agent, _ = make([call("run"), say("Done.")], tools=tools(), approval_mode="ask")
    asked = asyncio.Queue()
    agent.hub.subscribe(
        lambda e: asked.put_nowait(e.event) if isinstance(e.event, ApprovalRequested) else None
    )
    made = agent.send_message("Do it")
    question = await asked.get()
    assert await asyncio.to_thread(agent.approvals.answer, question.id, "once")
    assert (await agent.result(made)).ok


async def test_a_policy_of_ones_own_decides_and_a_broken_one_denies():
    class Mine:
        def decide(self, proposal):
            if proposal.tool == "run":
                raise ZeroDivisionError
            return Ruling("deny", f"{proposal.cwd.name} is off limits")

    calls = [call("look"), call("run")]
    agent, _ = make(
        [say("", calls=calls), say("Done.")],
        tools=tools(),
        approvals=Approvals(policy=Mine()),
    )
    assert (await agent.chat("Do it")).ok
    first, second = agent.messages[2].tool_results
    assert "off limits" in first.text
    assert "policy failed" in second.text
    assert first.is_error
    assert second.is_error


async def test_a_deny_is_not_lifted_by_what_was_allowed_before():
    tool = Probe("run", access="execute")
    agent, _ = make(
        [call("run"), say("Done.")],
        tools=[tool],
        approvals=Approvals(policy=ModePolicy({"run": "deny"}), always=[("run", "*")]),
    )
    assert (await agent.chat("Do it")).ok
    assert tool.calls == []


async def test_what_was_allowed_can_be_forgotten():
    approvals = Approvals(always=[("run", "*")])
    approvals.forget()
    assert approvals.granted() == frozenset()
