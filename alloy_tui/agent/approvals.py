"""Asking a person whether a tool call may run, by id, from any thread.

Owns what waits and what was remembered. Must not know who shows the question:
it goes out as an event, the answer comes in through `answer`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

import msgspec

from alloy_tui.agent.clock import Clock
from alloy_tui.agent.permissions import ModePolicy, PermissionPolicy, Proposal, Ruling
from alloy_tui.domain.events import (
    ApprovalAnswered,
    ApprovalRequested,
    Decision,
    EngineEvent,
    Notice,
)

_log = logging.getLogger(__name__)

Emit: TypeAlias = Callable[[EngineEvent], None]
Answerer: TypeAlias = Literal["user", "policy", "shutdown"]

UNATTENDED = "Nobody is here to approve it. Do without, or say what you would have done."


class Verdict(msgspec.Struct, frozen=True):
    """Whether the call runs; on a denial `words` tells the model why, `by` who denied."""

    allowed: bool
    words: str = ""
    by: Answerer = "policy"


class _Answer(msgspec.Struct, frozen=True):
    decision: Decision
    by: Answerer
    feedback: str | None = None


class _Waiting:
    """One question; its future lives on the loop that asked."""

    def __init__(self, request: ApprovalRequested) -> None:
        self.request = request
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[_Answer] = self.loop.create_future()

    def settle(self, answer: _Answer) -> None:
        """Deliver `answer` from any thread; a loop that is gone needs none."""
        try:
            self.loop.call_soon_threadsafe(self._set, answer)
        except RuntimeError:
            _log.debug("The loop that asked %s is closed", self.request.id)

    def _set(self, answer: _Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class Approvals:
    """The approvals of one process; share one between agents so that rules are shared.

    `always` are the (tool, rule) pairs remembered from earlier sessions;
    `remember` is called, on the engine's loop, with each new one.
    `interactive` false means that nobody can answer: what would ask is denied,
    with words for the model.
    """

    def __init__(
        self,
        *,
        policy: PermissionPolicy | None = None,
        always: Iterable[tuple[str, str]] = (),
        remember: Callable[[str, str], None] | None = None,
        interactive: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self.policy: PermissionPolicy = policy or ModePolicy()
        self.interactive = interactive
        self._remember = remember
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._granted: set[tuple[str, str]] = set(always)
        self._waiting: dict[str, _Waiting] = {}

    async def review(self, proposal: Proposal, emit: Emit) -> Verdict:
        """Decide on `proposal`, asking if need be.

        Every `approval_requested` it emits is followed by exactly one
        `approval_answered`, also when the wait is cancelled.
        """
        ruling = self._ruling(proposal)
        if ruling.action == "deny":
            return Verdict(allowed=False, words=f"Denied: {ruling.reason}.")
        if ruling.action == "allow" or (proposal.tool, proposal.rule) in self._granted:
            return Verdict(allowed=True)
        request = ApprovalRequested(
            id=self._clock.new_id(),
            call_id=proposal.call_id,
            tool=proposal.tool,
            arguments=proposal.arguments,
            reason=ruling.reason,
            headline=proposal.headline,
            rule=proposal.rule,
        )
        answer = await self._ask(request, emit)
        self._keep(request, answer, emit)
        return _verdict(answer)

    async def question(
        self,
        *,
        call_id: str,
        tool: str,
        arguments: dict[str, Any],
        headline: str,
        reason: str,
        emit: Emit,
    ) -> tuple[Decision, str]:
        """Ask a person something that is no tool call; whatever the mode says, it is asked.

        Returns the decision and their words. Nothing is remembered: what
        "session" and "always" mean is the asker's affair. "deny" where nobody
        can answer.
        """
        request = ApprovalRequested(
            id=self._clock.new_id(),
            call_id=call_id,
            tool=tool,
            arguments=arguments,
            reason=reason,
            headline=headline,
        )
        answer = await self._ask(request, emit)
        return answer.decision, answer.feedback or ""

    def answer(self, approval_id: str, decision: Decision, feedback: str | None = None) -> bool:
        """Answer a waiting question, from any thread.

        False, and nothing happens, when the id is unknown or was answered.
        """
        with self._lock:
            waiting = self._waiting.pop(approval_id, None)
        if waiting is None:
            return False
        waiting.settle(_Answer(decision, "user", feedback))
        return True

    def pending(self) -> tuple[ApprovalRequested, ...]:
        """What waits for an answer, oldest first."""
        with self._lock:
            return tuple(w.request for w in self._waiting.values())

    def granted(self) -> frozenset[tuple[str, str]]:
        """The (tool, rule) pairs that no longer ask."""
        return frozenset(self._granted)

    def forget(self) -> None:
        """Ask again for everything, from now on."""
        self._granted.clear()

    def _ruling(self, proposal: Proposal) -> Ruling:
        try:
            return self.policy.decide(proposal)
        except Exception:  # noqa: BLE001  # a broken policy must deny, not crash
            _log.exception("The permission policy failed on %s", proposal.tool)
            return Ruling("deny", "the permission policy failed")

    async def _ask(self, request: ApprovalRequested, emit: Emit) -> _Answer:
        if not self.interactive:
            answer = _Answer("deny", "policy", UNATTENDED)
            emit(request)
            emit(ApprovalAnswered(request.id, answer.decision, answer.by, answer.feedback))
            return answer
        waiting = _Waiting(request)
        with self._lock:
            self._waiting[request.id] = waiting
        answer = _Answer("deny", "shutdown")
        # Registered before it is published: a subscriber may answer at once.
        emit(request)
        try:
            answer = await waiting.answer
        finally:
            with self._lock:
                self._waiting.pop(request.id, None)
            emit(ApprovalAnswered(request.id, answer.decision, answer.by, answer.feedback))
        return answer

    def _keep(self, request: ApprovalRequested, answer: _Answer, emit: Emit) -> None:
        if answer.decision not in {"session", "always"} or answer.by != "user":
            return
        rule = (request.tool, request.rule)
        self._granted.add(rule)
        with self._lock:
            alike = [w for w in self._waiting.values() if (w.request.tool, w.request.rule) == rule]
            for waiting in alike:
                del self._waiting[waiting.request.id]
        for waiting in alike:
            waiting.settle(_Answer("once", "policy"))
        if answer.decision == "always" and self._remember is not None:
            try:
                self._remember(*rule)
            except Exception as error:  # noqa: BLE001  # the call itself was allowed
                _log.exception("Could not remember the approval of %s", rule)
                emit(
                    Notice(
                        "warning",
                        f"“Always allow” holds for this session only: it could not be saved "
                        f"({error}).",
                    )
                )


def _verdict(answer: _Answer) -> Verdict:
    if answer.decision != "deny":
        return Verdict(allowed=True)
    if answer.by == "policy":
        return Verdict(allowed=False, words=f"Denied: {answer.feedback}", by="policy")
    words = "The user denied this call."
    if answer.feedback:
        words = f"The user denied this call and says: {answer.feedback}"
    return Verdict(allowed=False, words=words, by=answer.by)
