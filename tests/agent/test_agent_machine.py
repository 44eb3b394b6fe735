"""Random lives of an agent: whatever happens in whatever order, the promises hold."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alloy_tui.domain import transcript
from alloy_tui.domain.errors import ProviderError, QueueFullError, UnknownRequestError
from alloy_tui.domain.events import (
    ApprovalAnswered,
    ApprovalRequested,
    Dequeued,
    Queued,
    RunFinished,
    RunStarted,
    Steered,
    ToolCallReady,
    ToolCallStarted,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolCallBlock, user
from alloy_tui.domain.provider import ArgumentsPart, CallPart, Completion, TextPart
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage
from tests.agent.desk import Probe, make
from tests.agent.puppet import Puppet


class Model(Puppet):
    """A provider that does what it is told, part by part."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: asyncio.Queue = asyncio.Queue()
        self.listening = False

    async def stream(self, request):
        transcript.check(request.messages)
        text, calls = "", []
        self.listening = True
        try:
            while True:
                order, value = await self.orders.get()
                if order == "say":
                    text += "word "
                    yield TextPart("word ")
                elif order == "call":
                    calls.append(ToolCallBlock(f"c{len(calls)}", value, {}))
                    yield CallPart(calls[-1].id, value)
                    yield ArgumentsPart(calls[-1].id, "{}")
                elif order == "fail":
                    raise value
                else:
                    said = (TextBlock(text),) if text else ()
                    yield Completion(
                        ChatMessage("assistant", (*said, *calls)), Stop(value), TokenUsage()
                    )
                    return
        finally:
            self.listening = False
            while not self.orders.empty():
                self.orders.get_nowait()


class Life(RuleBasedStateMachine):
    """One agent, driven from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.accepted: list[str] = []
        self.waiting_tools: list[asyncio.Future] = []
        self.model = Model()
        self.do(self.begin())

    async def begin(self) -> None:
        async def work(arguments, context):
            gate = asyncio.get_running_loop().create_future()
            self.waiting_tools.append(gate)
            return await gate

        self.agent, self.seen = make(
            [],
            tools=[Probe("look", work), Probe("run", work, access="execute"), Probe("free", work)],
            approval_mode="ask",
            max_pending=3,
            max_turns=4,
        )
        await self.agent.set_model(self.model)

    def do(self, coroutine) -> None:
        self.loop.run_until_complete(coroutine)
        self.settle()

    def call(self, function, *arguments):
        async def inside():
            return function(*arguments)

        result = self.loop.run_until_complete(inside())
        self.settle()
        return result

    def settle(self) -> None:
        async def turns():
            for _ in range(60):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())
        self.waiting_tools = [g for g in self.waiting_tools if not g.done()]

    @rule(lane=st.sampled_from(["prompt", "prompt", "steer", "follow_up"]))
    def send(self, lane):
        with contextlib.suppress(QueueFullError):
            self.accepted.append(self.call(lambda: self.agent.send_message("Please.", lane=lane)))

    @precondition(lambda self: self.agent.busy)
    @rule(pick=st.integers(0, 9))
    def cancel(self, pick):
        known = [None, *self.accepted[-4:]]
        with contextlib.suppress(UnknownRequestError):
            self.call(self.agent.cancel_request, known[pick % len(known)])

    @precondition(lambda self: self.agent.pending())
    @rule(pick=st.integers(0, 9))
    def withdraw(self, pick):
        waiting = self.agent.pending()
        assert self.call(self.agent.withdraw, waiting[pick % len(waiting)].request_id)

    @precondition(lambda self: self.model.listening)
    @rule(
        order=st.sampled_from(
            [
                ("say", None),
                ("call", "look"),
                ("call", "run"),
                ("call", "free"),
                ("call", "nowhere"),
                ("end", "end_turn"),
                ("end", "tool_use"),
                ("end", "max_tokens"),
                ("end", "refusal"),
                ("end", "pause"),
                ("fail", ProviderError("busy", kind="overloaded")),
                ("fail", ProviderError("cut", kind="stream_cut")),
                ("fail", ZeroDivisionError("defect")),
            ]
        )
    )
    def model_does(self, order):
        self.call(self.model.orders.put_nowait, order)

    @precondition(lambda self: self.model.listening)
    @rule(names=st.lists(st.sampled_from(["look", "free", "run", "nowhere"]), max_size=4))
    def model_answers(self, names):
        """A whole answer at once, so that lives reach tools and approvals often."""
        for name in names:
            self.call(self.model.orders.put_nowait, ("call", name))
        self.call(self.model.orders.put_nowait, ("end", "end_turn"))

    @precondition(lambda self: self.waiting_tools)
    @rule(pick=st.integers(0, 9), fails=st.booleans())
    def tool_ends(self, pick, fails):
        gate = self.waiting_tools[pick % len(self.waiting_tools)]
        if fails:
            self.call(gate.set_exception, RuntimeError("broken"))
        else:
            self.call(gate.set_result, "ok")

    @precondition(lambda self: self.agent.approvals.pending())
    @rule(decision=st.sampled_from(["once", "deny", "session"]))
    def answer(self, decision):
        asked = self.agent.approvals.pending()[0]
        assert self.call(self.agent.approvals.answer, asked.id, decision)

    @precondition(lambda self: self.agent.messages and not self.agent.busy)
    @rule()
    def reset(self):
        self.call(self.agent.reset)

    @invariant()
    def numbers_rise_by_one(self):
        assert [e.seq for e in self.seen.envelopes] == list(range(1, len(self.seen.envelopes) + 1))

    @invariant()
    def the_conversation_could_be_sent(self):
        transcript.check(transcript.repair((*self.agent.messages, user("next"))))

    @invariant()
    def an_idle_agents_conversation_needs_no_mending(self):
        if not self.agent.busy:
            history = (*self.agent.messages, user("next"))
            answered = Counter(r.call_id for m in history for r in m.tool_results)
            called = Counter(c.id for m in history for c in m.tool_calls)
            assert answered == called
            assert set(called.values()) <= {1}

    @invariant()
    def nothing_finishes_twice_or_without_a_start(self):
        started = Counter(e.id for e in self.seen.of(ToolCallStarted))
        finished = Counter(e.id for e in self.seen.of(ToolFinished))
        assert set(started.values()) <= {1}
        assert finished <= started
        assert Counter(e.id for e in self.seen.of(ToolCallReady)) <= started
        assert Counter(e.id for e in self.seen.of(ToolStarted)) <= started
        for end in self.seen.of(ToolFinished):
            assert end.started or {"denied", "skipped"} & set(end.details)
        ends = self.ends()
        assert set(ends.values()) <= {1}
        assert set(ends) <= set(self.accepted)

    def ends(self) -> Counter:
        return Counter(
            e.request_id for e in self.seen.envelopes if isinstance(e.event, RunFinished | Steered)
        )

    def teardown(self):
        try:
            self.do(self.agent.stop())
            assert self.ends() == Counter(self.accepted)
            finished = Counter(e.id for e in self.seen.of(ToolFinished))
            assert finished == Counter(e.id for e in self.seen.of(ToolCallStarted))
            assert len(self.seen.of(TurnStarted)) == len(self.seen.of(TurnFinished))
            asked = Counter(e.id for e in self.seen.of(ApprovalRequested))
            assert asked == Counter(e.id for e in self.seen.of(ApprovalAnswered))
            self.an_idle_agents_conversation_needs_no_mending()
            self.runs_do_not_overlap()
            self.what_waited_left()
            assert not asyncio.all_tasks(self.loop)
        finally:
            self.loop.close()

    def runs_do_not_overlap(self):
        running = None
        for envelope in self.seen.envelopes:
            if isinstance(envelope.event, RunStarted):
                assert running is None
                running = envelope.request_id
            elif isinstance(envelope.event, RunFinished) and envelope.request_id == running:
                running = None
        assert running is None

    def what_waited_left(self):
        queued = {e.request_id for e in self.seen.envelopes if isinstance(e.event, Queued)}
        left = Counter(
            e.request_id
            for e in self.seen.envelopes
            if isinstance(e.event, Dequeued | Steered) and e.request_id in queued
        )
        assert set(left.values()) <= {1}


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
