"""All tool calls of one answer: in model order, reading ones in parallel, others alone.

Owns the order, hooks and approvals of calls, and that each gets exactly one
result. Must not know of providers or turns. Results land in `answers` as they
come, so that an interruption loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import msgspec

from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.hooks import Hooks
from alloy_tui.agent.middleware import Block
from alloy_tui.agent.permissions import ApprovalMode, Proposal
from alloy_tui.agent.planning import Plan, Refused, by_name, plan, refuse, vet
from alloy_tui.agent.tool_task import Emit, Limits, Locks, ToolTask, finished
from alloy_tui.domain.messages import ToolCallBlock, ToolResultBlock
from alloy_tui.domain.tool import Tool, ToolContext, ToolReply


class Bench(msgspec.Struct, frozen=True):
    """What the calls of an answer run with; `context` makes a call's context from its id."""

    tools: tuple[Tool, ...]
    hooks: Hooks
    approvals: Approvals
    mode: ApprovalMode
    locks: Locks
    limits: Limits
    clock: Clock
    emit: Emit
    context: Callable[[str], ToolContext]


class ToolRunner:
    """Runs the calls of one answer; use it once."""

    def __init__(self, bench: Bench, answers: dict[str, ToolResultBlock]) -> None:
        self._bench = bench
        self._answers = answers
        self._slots = anyio.Semaphore(max(1, bench.limits.parallel))

    async def run(self, calls: Sequence[ToolCallBlock]) -> None:
        """Answer every call.

        All calls are checked, middleware included, before the first one runs: a
        halt there means that none has run. Raises Halted and MiddlewareError.
        """
        steps = [await self._consider(call) for call in calls]
        reading: list[Plan | Refused] = []
        for step in steps:
            reading.append(step)
            if isinstance(step, Plan) and step.access != "read":
                await self._segment(reading)
                reading = []
        await self._segment(reading)

    async def _consider(self, call: ToolCallBlock) -> Plan | Refused:
        tools = by_name(self._bench.tools)
        refused = vet(call, tools)
        if refused is not None:
            return refused
        wanted = await self._bench.hooks.before_tool_call(call)
        if isinstance(wanted, Block):
            return refuse(call, f"Blocked: {wanted.reason}", denied="middleware")
        return plan(wanted, tools, self._bench.context(call.id))

    async def _segment(self, steps: Sequence[Plan | Refused]) -> None:
        """Reading calls side by side, then at most one that must be alone.

        Its approval is asked for while the reading calls still run.
        """
        alone: Plan | None = None
        async with anyio.create_task_group() as group:
            for step in steps:
                if isinstance(step, Refused):
                    self._refuse(step)
                elif await self._allowed(step):
                    if step.access == "read":
                        group.start_soon(self._reading, step)
                    else:
                        alone = step
        if alone is not None:
            await self._execute(alone)

    async def _reading(self, step: Plan) -> None:
        async with self._slots:
            await self._execute(step)

    async def _execute(self, step: Plan) -> None:
        bench = self._bench
        await ToolTask(
            step,
            locks=bench.locks,
            limits=bench.limits,
            clock=bench.clock,
            emit=bench.emit,
            keep=self._keep,
        ).run()

    async def _allowed(self, step: Plan) -> bool:
        bench = self._bench
        proposal = Proposal(
            agent=step.context.agent,
            call_id=step.call.id,
            tool=step.call.name,
            arguments=step.call.arguments,
            access=step.access,
            headline=step.headline,
            rule=step.rule,
            cwd=step.context.cwd,
            mode=bench.mode,
        )
        verdict = await bench.approvals.review(proposal, bench.emit)
        if not verdict.allowed:
            self._refuse(refuse(step.call, verdict.words, denied=verdict.by))
        return verdict.allowed

    def _refuse(self, refused: Refused) -> None:
        self._keep(refused.call, refused.reply)
        self._bench.emit(finished(refused.call, refused.reply))

    def _keep(self, call: ToolCallBlock, reply: ToolReply) -> None:
        self._answers[call.id] = ToolResultBlock(call.id, reply.content, reply.is_error)
