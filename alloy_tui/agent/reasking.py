"""An answer that broke off in the middle is left out and asked for once more.

Owns when that is right, and what becomes of what had arrived: it stays where it
was seen, marked as cut, and the model is never shown it. Must not know of the
loop; `turn` asks again.
"""

from __future__ import annotations

from typing import Final

from alloy_tui.agent.completion import Retrying, error_info
from alloy_tui.agent.run_state import Run
from alloy_tui.agent.tool_task import finished
from alloy_tui.domain.errors import ErrorKind, ProviderError
from alloy_tui.domain.events import RetryScheduled
from alloy_tui.domain.tool import ToolReply

CUT_OFF: Final[frozenset[ErrorKind]] = frozenset(
    {"stream_cut", "network", "malformed", "server_error", "overloaded"}
)
"""Failures in the middle of an answer that a second request is likely to be spared.
Silence is not among them: it has cost all our patience already."""

_CALL_WORDS: Final = "Not run: the answer broke off here and was asked for again."


def again_after_s(run: Run, retry: Retrying, error: ProviderError) -> float | None:
    """Seconds to wait before the answer is asked for again, None = the error stands."""
    if not run.partial or error.kind not in CUT_OFF or error.should_retry is False:
        return None
    cut = ProviderError(error.message, kind="network", retry_after_s=error.retry_after_s)
    delay_s = retry.delay_s(1, cut, run.world.clock.draw)
    if delay_s is None:
        return None
    if run.deadline_s is not None and delay_s >= run.deadline_s - run.world.clock.monotonic_s():
        return None
    return delay_s


def leave_out(run: Run, error: ProviderError, delay_s: float) -> None:
    """End the turn whose answer broke off; nothing of it enters the conversation."""
    partial, run.partial = run.partial, None
    message = partial.message(error.kind) if partial is not None else None
    if message is None:
        return
    for call in message.tool_calls:
        reply = ToolReply.of(_CALL_WORDS, is_error=True, skipped="cut")
        run.emit(finished(call, reply, started=False), kept=False)
    run.world.conversation.reserve(call.id for call in message.tool_calls)
    run.discard_turn(message)
    run.emit(RetryScheduled(1, 2, delay_s, error_info(error), discarded=len(message.text)))
