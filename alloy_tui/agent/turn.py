"""The loop: asks the model, runs the tools it wants, until it wants none.

Owns the order of a turn and the meaning of an answer. Must not know of queues,
threads or the agent round it; `run_state.Run` is all it sees. It raises
ProviderError, Halted and cancellation as they come, and leaves what had
arrived in the run's state for `ending.settle`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alloy_tui.agent.compaction import ContextLoad
from alloy_tui.agent.completion import Answer, Asking, complete
from alloy_tui.agent.hooks import Hooks
from alloy_tui.agent.partial import Partial
from alloy_tui.agent.planning import by_name
from alloy_tui.agent.reasking import again_after_s, leave_out
from alloy_tui.agent.reports import request_of
from alloy_tui.agent.run_state import Ending, Run, Setup
from alloy_tui.agent.tool_runner import Bench, ToolRunner
from alloy_tui.domain import transcript
from alloy_tui.domain.errors import ErrorKind, ProviderError
from alloy_tui.domain.events import (
    CompactionFinished,
    CompactionStarted,
    EngineEvent,
    ErrorInfo,
    FallbackUsed,
    Notice,
    ToolCallReady,
    TurnStarted,
)
from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.domain.stops import Stop, StopReason

CUT: dict[StopReason, tuple[ErrorKind, str, str | None]] = {
    "max_tokens": (
        "output_limit",
        "The answer hit the output limit and is not whole.",
        "Raise the output limit, or ask for a shorter answer.",
    ),
    "refusal": ("refused", "The model declined to answer.", "Put the request another way."),
    "content_filter": (
        "refused",
        "A content filter of the service stopped the answer.",
        "Put the request another way.",
    ),
    "context_overflow": (
        "context_overflow",
        "The conversation no longer fits into the model's window.",
        "Start a new conversation, or switch to a model with a larger window.",
    ),
    "malformed": (
        "malformed",
        "The service says that the model wrote something unusable.",
        "Try again, or switch models.",
    ),
}
"""Stop reasons that make an answer an error: kind, words, what to do."""

GO_ON = "Continue."


async def run_turns(run: Run) -> Ending:
    """Turn after turn until the run has an ending."""
    while True:
        setup = run.live()
        if run.turns >= setup.max_turns:
            return Ending("max_turns", "max_turns")
        hooks = Hooks(setup.middleware, run.hook_context, run.emit)
        await _compact(run, setup, hooks)
        for message in run.steers():
            run.world.conversation.append(message)
        answer, offered = await _ask(run, setup, hooks)
        ending = await _take(run, answer, hooks)
        if ending is None and answer.message.tool_calls:
            await _use_tools(run, setup, hooks, answer.message, offered)
        if ending is not None:
            return ending


async def _compact(run: Run, setup: Setup, hooks: Hooks) -> None:
    compactor = setup.compactor
    if compactor is None:
        return
    provider = run.providers(setup)[0]
    load = ContextLoad(
        setup.system_prompt,
        run.world.conversation.view(),
        tuple(tool.spec for tool in by_name(setup.tools).values()),
        provider.info,
        run.world.ledger.totals().context_tokens,
    )
    before = compactor.due(load)
    if before is None:
        return
    await hooks.before_compaction()
    run.emit(CompactionStarted(before))
    after = before
    try:
        shorter = await compactor.compact(load, provider)
        run.world.conversation.shorten(shorter.messages)
        run.world.journal.compacted(shorter, before)
        after = shorter.tokens
    except Exception as error:  # noqa: BLE001  # the conversation may fit all the same
        run.emit(Notice("warning", f"The conversation could not be shortened: {error}"))
    run.emit(CompactionFinished(before, after))
    await hooks.after_compaction(run.world.conversation.view())


async def _ask(run: Run, setup: Setup, hooks: Hooks) -> tuple[Answer, frozenset[str]]:
    """The model's whole answer, and the names of the tools it was offered.

    An answer that broke off is asked for once more, in a turn of its own: what
    had come of it was seen and is left out of the conversation.
    """
    try:
        return await _ask_once(run, setup, hooks)
    except ProviderError as error:
        delay_s = again_after_s(run, setup.retry, error)
        if delay_s is None:
            raise
        leave_out(run, error, delay_s)
    await run.world.clock.sleep(delay_s)
    return await _ask_once(run, setup, hooks)


async def _ask_once(run: Run, setup: Setup, hooks: Hooks) -> tuple[Answer, frozenset[str]]:
    world = run.world
    providers = run.providers(setup)
    run.turn += 1
    request = await hooks.before_completion(request_of(world, setup))
    request = msgspec.structs.replace(request, messages=transcript.repair(request.messages))
    transcript.check(request.messages)
    await world.journal.durable()
    run.partial = partial = Partial(world.conversation.call_ids(), str(providers[0].ref))
    run.answers = {}
    run.turn_since_s = world.clock.monotonic_s()
    run.emit(TurnStarted(str(providers[0].ref)))
    asking = Asking(
        providers=providers,
        retry=setup.retry,
        clock=world.clock,
        partial=partial,
        emit=_watching_fallbacks(run),
        on_part=hooks.on_stream_chunk if hooks.wants_parts else None,
        deadline_s=run.deadline_s,
    )
    with world.journal.answering(str(providers[0].ref), lambda: partial.message("interrupted")):
        answer = await complete(request, asking)
    return answer, frozenset(spec.name for spec in request.tools)


def _watching_fallbacks(run: Run) -> Callable[[EngineEvent], None]:
    def emit(event: EngineEvent) -> None:
        if isinstance(event, FallbackUsed):
            run.fallback += 1
        run.emit(event)

    return emit


async def _take(run: Run, answer: Answer, hooks: Hooks) -> Ending | None:
    """Put the answer into the conversation; the run's ending if this is one."""
    stop, message = answer.completion.stop, answer.message
    cut = CUT.get(stop.reason)
    if cut is not None:
        message = msgspec.structs.replace(message, incomplete=cut[0])
    else:
        for call in message.tool_calls:
            run.emit(ToolCallReady(call.id, call.name, call.arguments, call.invalid))
    _book(run, answer, message)
    if cut is not None:
        return Ending("error", cut[0], _cut_error(stop, cut), stop.reason)
    if message.tool_calls:
        await hooks.after_tool_request(message)
        return None
    await hooks.after_completion(message)
    if stop.reason == "pause":
        run.world.conversation.append(ChatMessage("user", (TextBlock(GO_ON),), synthetic=True))
        return None
    if stop.reason == "unknown":
        word = stop.raw or "no reason"
        run.emit(Notice("warning", f"The service ended the answer for a reason unknown: {word}."))
    return Ending("completed", "empty", stop_reason=_word(stop))


def _book(run: Run, answer: Answer, message: ChatMessage) -> None:
    """Record the answer: conversation, usage, money, events."""
    completion = answer.completion
    run.partial = None
    run.close_turn(
        message,
        model=str(answer.provider.ref),
        usage=completion.usage,
        cost=answer.cost,
        context_window=answer.provider.info.context_window,
        stop_reason=_word(completion.stop),
    )


async def _use_tools(
    run: Run, setup: Setup, hooks: Hooks, message: ChatMessage, offered: frozenset[str]
) -> None:
    world = run.world
    bench = Bench(
        tools=tuple(tool for tool in setup.tools if tool.spec.name in offered),
        hooks=hooks,
        approvals=world.approvals,
        mode=setup.approval_mode,
        locks=world.locks,
        limits=setup.limits,
        clock=world.clock,
        emit=run.emit,
        context=run.tool_context,
    )
    await ToolRunner(bench, run.answers).run(message.tool_calls)
    await hooks.after_tool_execution(world.conversation.answer(run.answers))


def _word(stop: Stop) -> str:
    return stop.raw or stop.reason if stop.reason == "unknown" else stop.reason


def _cut_error(stop: Stop, cut: tuple[ErrorKind, str, str | None]) -> ErrorInfo:
    kind, words, hint = cut
    return ErrorInfo(kind, f"{words} {stop.detail}" if stop.detail else words, hint, code=stop.raw)
