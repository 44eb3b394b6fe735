"""How a run ends: whatever happens, the conversation stays valid and nothing is lost.

Owns the run's edge: every failure becomes an `Ending` here, what had arrived
is kept and marked, and calls without a result get one. Must not know of queues.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import cast

import anyio
import anyio.lowlevel

from alloy_tui.agent.completion import error_info
from alloy_tui.agent.hooks import Halted, Hooks
from alloy_tui.agent.run_state import Ending, Run
from alloy_tui.agent.tool_task import STOPPED, finished
from alloy_tui.agent.turn import run_turns
from alloy_tui.domain.errors import AlloyError, MiddlewareError, ProviderError, StoreError
from alloy_tui.domain.events import AgentCrashed, ErrorInfo, TurnFinished
from alloy_tui.domain.messages import ToolCallBlock, ToolResultBlock
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.tool import ToolReply
from alloy_tui.domain.usage import TokenUsage

_log = logging.getLogger(__name__)

CANCELLED = Ending("cancelled", "cancelled")
NOT_KEPT = "not_stored"
"""The error kind of a run that ended because what was said could not be stored."""

_CALL_WORDS = {
    "cancelled": "Not run: the user cancelled the request.",
    "timed_out": "Not run: the request ran out of time.",
    "halted": "Not run: the request was stopped by the program.",
    "output_limit": "Not run: the answer hit the output limit, so its arguments may be cut.",
    "refused": "Not run: the answer was stopped.",
}
_CUT_CALL = "Not run: the answer broke off, so its arguments may be cut."

_CLOSING_WORDS = {
    "cancelled": "The user cancelled this request before it was answered.",
    "timed_out": "This request ran out of time before it was answered.",
    "halted": "The program stopped this request before it was answered.",
    "max_turns": "Stopped here: the limit of turns was reached.",
    "empty": "The model gave an empty answer.",
}


async def execute(
    run: Run,
    scope: anyio.CancelScope,
    timeout_s: float | None,
    *,
    before: Callable[[], Awaitable[None]],
) -> RunResult:
    """Run one request to its end, within `timeout_s` seconds and until `scope` is cancelled.

    `before` is awaited first; a Halted from it halts the run.

    Never raises for what a model, tool or middleware does. Cancelled from
    outside of `scope`, it leaves the conversation valid and raises on.
    """
    since_s = run.world.clock.monotonic_s()
    ending: Ending | None = None
    timed_out = False
    try:
        with scope, anyio.move_on_after(timeout_s) as deadline:
            ending = await _conclude(run, before)
        timed_out = deadline.cancelled_caught
    finally:
        if ending is None:
            ending = _out_of_time(timeout_s) if timed_out else CANCELLED
            settle(run, ending)
    return result_of(run, ending, run.world.clock.elapsed_ms(since_s))


def result_of(run: Run, ending: Ending, duration_ms: int = 0) -> RunResult:
    """The outcome of `run` as a value."""
    return RunResult(
        request_id=run.request_id,
        status=ending.status,
        text=run.text(),
        messages=run.messages(),
        usage=run.usage,
        turns=run.turns,
        stop_reason=ending.stop_reason,
        cost=run.spending.cost,
        error=ending.error,
        duration_ms=duration_ms,
    )


def settle(run: Run, ending: Ending) -> None:
    """Keep what had arrived, answer what is unanswered, mark what has no answer.

    Only the first call does anything.
    """
    if run.settled:
        return
    run.settled = True
    conversation = run.world.conversation
    message = run.partial.message(ending.incomplete) if run.partial else None
    if run.partial and message is not None:
        run.close_turn(
            message,
            model=run.partial.origin or "",
            usage=TokenUsage(),
            cost=None,
            context_window=None,
            stop_reason=None,
        )
    run.take_back_in()
    run.partial = None
    run.end_turn(TurnFinished(None, TokenUsage(), ending.incomplete))
    for call in conversation.unanswered():
        if call.id not in run.answers:
            _answer_for(run, call, ending)
    conversation.answer(run.answers)
    run.answers = {}
    if ending.incomplete == NOT_KEPT and run.world.journal.take_back(run.prompt):
        conversation.take_back(run.prompt)  # its words go back to whoever typed them
    else:
        conversation.close_with(_closing_words(ending))


def _answer_for(run: Run, call: ToolCallBlock, ending: Ending) -> None:
    started = call.id in run.begun
    if started:
        reply = ToolReply.of(STOPPED, is_error=True)
    else:
        why = ending.incomplete if ending.incomplete in _CALL_WORDS else "cut"
        reply = ToolReply.of(_CALL_WORDS.get(why, _CUT_CALL), is_error=True, skipped=why)
    run.answers[call.id] = ToolResultBlock(call.id, reply.content, is_error=True)
    run.emit(finished(call, reply, started=started))


def _closing_words(ending: Ending) -> str:
    words = _CLOSING_WORDS.get(ending.incomplete)
    return words or f"This request failed before it was answered ({ending.incomplete})."


async def _conclude(run: Run, before: Callable[[], Awaitable[None]]) -> Ending:
    try:
        await anyio.lowlevel.checkpoint()  # a request cancelled before it began does nothing
        await before()
        ending = await run_turns(run)
    except asyncio.CancelledError as error:
        if _being_cancelled():
            raise
        ending = _defect(run, error)
    except ProviderError as error:
        ending = Ending("error", error.kind, error_info(error))
    except StoreError as error:
        hint = error.hint or "Nothing was sent. Try again when that is mended."
        ending = Ending(
            "error", NOT_KEPT, ErrorInfo(NOT_KEPT, error.message, hint, None, error.kind)
        )
    except Halted as halt:
        ending = _halted(halt)
    except MiddlewareError as error:
        ending = Ending("error", "internal", ErrorInfo("internal", error.message, error.hint))
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a defect ends the run alone
        ending = _defect(run, error)
    settle(run, ending)
    if ending.error is None or ending.status != "error":
        return ending
    try:
        await Hooks(run.live().middleware, run.hook_context, run.emit).on_error(ending.error)
    except Halted as halt:
        return _halted(halt)
    except MiddlewareError as error:
        _log.error("%s", error.message)
    return ending


def _being_cancelled() -> bool:
    """Whether somebody really cancels this task; foreign code raises CancelledError too."""
    return cast("asyncio.Task[None]", asyncio.current_task()).cancelling() > 0


def _halted(halt: Halted) -> Ending:
    return Ending("halted", "halted", ErrorInfo("halted", halt.reason, halt.hint))


def _defect(run: Run, error: BaseException) -> Ending:
    while isinstance(error, BaseExceptionGroup):  # a task group wraps what broke in it
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    _log.error("A run of %s died of a defect", run.world.agent, exc_info=error)
    said = error.message if isinstance(error, AlloyError) else str(error)
    cause = f"{type(error).__name__}: {said}" if said else type(error).__name__
    run.emit(AgentCrashed(cause))
    words = f"Something inside Alloy broke: {cause}"
    hint = "The conversation is kept; the log has the details. Try again or switch models."
    return Ending("error", "internal", ErrorInfo("internal", words, hint))


def _out_of_time(timeout_s: float | None) -> Ending:
    words = f"The request did not finish within {timeout_s:g} s."
    hint = "Raise the time limit, or ask for less at once."
    return Ending("timed_out", "timed_out", ErrorInfo("timeout", words, hint))
