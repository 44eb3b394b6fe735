"""Calls that never ran: their finish says so, and why, in words that views can rely on."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.middleware import Block, Halt
from alloy_tui.agent.tool_task import Limits
from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.events import ApprovalRequested, ToolFinished, ToolStarted
from alloy_tui.providers.script import Reply, ScriptedCall
from alloy_tui.providers.scripted import call, say
from alloy_tui.tools.locks import PathLocks
from tests.agent.desk import Probe, make, valid
from tests.agent.spies import hooking

pytestmark = pytest.mark.anyio


class Refuser(Probe):
    """A tool that raises `error` in the question named `where`."""

    def __init__(self, where, error):
        super().__init__("run", access="execute")

        def broken(*_):
            raise error

        setattr(self, where, broken)


def raw(text):
    return Reply(tool_calls=(ScriptedCall("run", raw=text),))


def cut_call(**end):
    return Reply(tool_calls=(ScriptedCall("run", {"a": 1}),), **end)


def middleware(answer):
    return {"middleware": [hooking({"before_tool_call": answer})]}


CASES = {
    "the mode": (call("run"), {"approval_mode": "none"}, {"denied": "policy"}),
    "nobody there": (
        call("run"),
        {"approval_mode": "ask", "approvals": Approvals(interactive=False)},
        {"denied": "policy"},
    ),
    "a middleware": (call("run"), middleware(Block("no")), {"denied": "middleware"}),
    "a halt": (call("run"), middleware(Halt("enough")), {"skipped": "halted"}),
    "an unknown tool": (call("walk"), {}, {"skipped": "unknown_tool"}),
    "no JSON": (raw("{oops"), {}, {"skipped": "invalid"}),
    "arguments": (
        call("run"),
        {"tools": [Refuser("prepare", ToolError("No."))]},
        {"skipped": "invalid"},
    ),
    "a defect in prepare": (
        call("run"),
        {"tools": [Refuser("prepare", ZeroDivisionError())]},
        {"skipped": "crashed"},
    ),
    "a defect in lock_keys": (
        call("run"),
        {"tools": [Refuser("lock_keys", ZeroDivisionError())]},
        {"skipped": "crashed"},
    ),
    "a cut": (cut_call(cut=True), {}, {"skipped": "cut"}),
    "the output limit": (cut_call(stop="max_tokens"), {}, {"skipped": "output_limit"}),
    "a refusal": (cut_call(stop="refusal"), {}, {"skipped": "refused"}),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_call_that_never_ran_says_why(case):
    reply, options, why = CASES[case]
    tool = Probe("run", access="execute")
    agent, seen = make([reply, say("Well.")], **{"tools": [tool], **options})
    await agent.chat("Do it")
    (finished,) = seen.of(ToolFinished)
    assert (finished.started, finished.is_error, finished.details) == (False, True, why)
    assert seen.of(ToolStarted) == []
    assert tool.calls == []
    valid(agent.messages)


@pytest.mark.parametrize(
    ("timeout_s", "why"), [(None, "cancelled"), (0.05, "timed_out")], ids=["cancel", "deadline"]
)
async def test_a_call_whose_question_is_still_open_says_why(timeout_s, why):
    agent, seen = make(
        [call("run"), say("Never.")],
        tools=[Probe("run", access="execute")],
        approval_mode="ask",
        timeout_s=timeout_s,
    )
    if timeout_s is None:
        agent.hub.subscribe(
            lambda e: agent.cancel_request() if isinstance(e.event, ApprovalRequested) else None
        )
    await agent.chat("Do it")
    (finished,) = seen.of(ToolFinished)
    assert (finished.started, finished.details) == (False, {"skipped": why})


@pytest.mark.parametrize("why", ["cancelled", "timed_out"])
async def test_a_call_that_waits_for_its_lock_says_why(why):
    locks, wanted = PathLocks(), asyncio.Event()

    class Wanting(Probe):
        def lock_keys(self, prepared, context):
            wanted.set()
            return ("/a",)

    tool = Wanting("run", access="execute")
    limits = Limits(timeout_s=0.05 if why == "timed_out" else 60)
    agent, seen = make([call("run"), say("Well.")], tools=[tool], locks=locks, limits=limits)
    async with locks.hold(("/a",)):
        running = asyncio.create_task(agent.chat("Do it"))
        await wanted.wait()
        if why == "cancelled":
            agent.cancel_request()
        await running
    (finished,) = seen.of(ToolFinished)
    assert (finished.started, finished.details) == (False, {"skipped": why})
    assert tool.calls == []
