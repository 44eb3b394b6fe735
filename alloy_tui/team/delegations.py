"""Work that is passed on: who gave what to whom, how deep, until when, who waits for whom.

Owns ids, depth, inherited deadlines and the refusal of circles. Must not know how
an agent is asked. A delegation's id is the id of the request that it becomes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec

from alloy_tui.agent.clock import Clock
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import ErrorInfo
from alloy_tui.domain.team_events import (
    DelegationFinished,
    DelegationKind,
    DelegationStarted,
    DelegationStatus,
    TeamEvent,
)
from alloy_tui.team.recording import PERSON


class Step(msgspec.Struct, frozen=True):
    """Where in a pipeline work stands: step `number`, from 1, of `of`; `handoff` names it."""

    handoff: str
    number: int
    of: int


class Work(msgspec.Struct, frozen=True):
    """One delegation. `by_s` is monotonic seconds, None = it has all the time there is."""

    id: str
    to: str
    by: str
    text: str
    kind: DelegationKind
    depth: int
    by_s: float | None = None


class Delegations:
    """The delegations of one team that are under way; `publish` tells by whom and what."""

    def __init__(
        self, max_depth: int, *, clock: Clock, publish: Callable[[str, TeamEvent], object]
    ) -> None:
        self.max_depth = max_depth
        self._clock = clock
        self._publish = publish
        self._under_way: dict[str, Work] = {}
        self._waits: dict[str, Counter[str]] = {}

    def work(self, request_id: str | None) -> Work | None:
        """The delegation that a request stands for, None = somebody asked the agent directly."""
        return self._under_way.get(request_id or "")

    def waits(self, agent: str) -> bool:
        """Whether `agent` waits for another's answer."""
        return bool(self._waits.get(agent))

    def left_s(self, work: Work) -> float | None:
        """Seconds until its deadline, 0 at least; None = there is none."""
        return None if work.by_s is None else max(0.0, work.by_s - self._clock.monotonic_s())

    def begin(
        self,
        to: str,
        text: str,
        *,
        kind: DelegationKind = "delegate",
        by: str = PERSON,
        timeout_s: float | None = None,
        within: Work | None = None,
        step: Step | None = None,
    ) -> Work:
        """Take work down and tell of it; `within` is what its giver is at.

        Raises TeamError: "invalid" for an empty text, a bad time or a circle,
        "limit" when it would be too deep.
        """
        if not text.strip():
            raise TeamError(f"There is nothing in what {to} was to do.", kind="invalid", agent=to)
        depth = 1 if within is None else within.depth + 1
        if depth > self.max_depth:
            raise TeamError(
                f"Work was passed on {self.max_depth} times; no further.",
                kind="limit",
                agent=to,
                hint="Do it yourself.",
            )
        if self.circle(by, to):
            raise TeamError(
                f"{to} waits for {by}: neither would ever answer.",
                kind="invalid",
                agent=to,
                hint="Do it yourself, or finish without it.",
            )
        ends = [within.by_s] if within is not None and within.by_s is not None else []
        if timeout_s is not None:
            ends.append(self._clock.monotonic_s() + checked_timeout(timeout_s))
        by_s = min(ends) if ends else None
        work = Work(self._clock.new_id(), to, by, text, kind, depth, by_s)
        self._under_way[work.id] = work
        self._publish(by, _started(work, step))
        return work

    def finish(
        self, work: Work, status: DelegationStatus, text: str = "", error: ErrorInfo | None = None
    ) -> None:
        """Tell how it ended for who gave it."""
        self._publish(work.by, DelegationFinished(work.id, work.to, status, text, error))

    def forget(self, request_id: str | None) -> None:
        """The request is over, and with it all that is passed on within it."""
        self._under_way.pop(request_id or "", None)

    @contextmanager
    def waiting(self, work: Work) -> Generator[None]:
        """Within it, who gave the work waits for who has it."""
        waits = self._waits.setdefault(work.by, Counter())
        waits[work.to] += 1
        try:
            yield
        finally:
            waits[work.to] -= 1
            if not waits[work.to]:
                del waits[work.to]
            if not waits and self._waits.get(work.by) is waits:
                del self._waits[work.by]

    def circle(self, by: str, to: str) -> bool:
        """Whether `to` is `by`, or waits for it, be it by way of others. A person waits freely."""
        if by == PERSON:
            return False
        seen: set[str] = set()
        reach = [to]
        while reach:
            name = reach.pop()
            if name == by:
                return True
            if name not in seen:
                seen.add(name)
                reach += self._waits.get(name, ())
        return False


def _started(work: Work, step: Step | None) -> DelegationStarted:
    where = (step.handoff, step.number, step.of) if step is not None else ("", 0, 0)
    return DelegationStarted(work.id, work.to, work.text, work.kind, work.depth, *where)


def checked_timeout(timeout_s: float) -> float:
    """`timeout_s` itself. Raises TeamError "invalid" when it is no length of time."""
    if not (timeout_s >= 0 and math.isfinite(timeout_s)):
        raise TeamError(f"{timeout_s} s is no time limit.", kind="invalid", hint="0 or more.")
    return timeout_s
