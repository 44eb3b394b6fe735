"""One piece of work, from who gives it to an agent's answer.

Owns the wait for the answer, its time, and what of it is kept when there is none.
Must not know of several agents at once. Every failure is a TeamError.
"""

from __future__ import annotations

import asyncio

from alloy_tui.domain.errors import AgentError, QueueFullError, TeamError
from alloy_tui.domain.events import ErrorInfo
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.team.controls import Controls
from alloy_tui.team.delegations import Step, Work
from alloy_tui.team.member import Life, Member
from alloy_tui.team.outcomes import STATUS, failure
from alloy_tui.team.recording import PERSON

TIMEOUT_S = 120.0


class Asking(Controls):
    """A team whose agents can be given work by name."""

    async def delegate(
        self,
        name: str,
        text: str,
        *,
        timeout_s: float | None = TIMEOUT_S,
        by: str = PERSON,
        within: Work | None = None,
        kind: DelegationKind = "delegate",
    ) -> RunResult:
        """Have an agent do something and wait for its answer, `timeout_s` seconds at most.

        0 expires at once, None never; the agent keeps working after a timeout, and
        not after a cancel. `within` is the work that this is a part of. Raises
        TeamError; `partial` has what the agent had said.
        """
        return await self._give(
            name, text, timeout_s=timeout_s, by=by, within=within, kind=kind, step=None
        )

    async def _give(
        self,
        name: str,
        text: str,
        *,
        timeout_s: float | None,
        by: str,
        within: Work | None,
        kind: DelegationKind,
        step: Step | None,
    ) -> RunResult:
        """The same; `step` is where in a pipeline it stands."""
        self._running()
        member = self.member(name)
        work = self.delegations.begin(
            name, text, kind=kind, by=by, timeout_s=timeout_s, within=within, step=step
        )
        try:
            result = await self._perform(work, member)
        except TeamError as error:
            about = ErrorInfo(error.kind, error.message, error.hint)
            brought = error.partial.get(name, "")
            self.delegations.finish(work, STATUS[error.kind], brought, about)
            raise
        except BaseException:
            self.delegations.finish(work, "cancelled", _brought(member.life, work))
            raise
        self.delegations.finish(work, "completed", result.text)
        return result

    def work_of(self, name: str) -> Work | None:
        """What an agent was given and is at, None when it is at nothing or was asked directly."""
        member = self._members.get(name)
        life = member.life if member is not None else None
        return self.delegations.work(life.run) if life is not None else None

    async def _perform(self, work: Work, member: Member) -> RunResult:
        """From the agent's queue to its answer. Raises TeamError."""
        name, left_s = work.to, self.delegations.left_s(work)
        life: Life | None = None
        try:
            with self.delegations.waiting(work):
                # Sent before the clock runs: a time of 0 is long enough to be asked.
                if member.up is not None:
                    life = await member.ready()
                    _send(life, work)
                async with asyncio.timeout(left_s):
                    if life is None:
                        life = await member.ready()
                        _send(life, work)
                    result = await life.agent.result(work.id)
        except TimeoutError:
            raise self._late(work, member, life) from None
        except asyncio.CancelledError:
            _withdraw(life, work)
            raise
        except QueueFullError as error:
            self.delegations.forget(work.id)
            raise TeamError(error.message, kind="limit", agent=name, hint=error.hint) from None
        except TeamError:
            self.delegations.forget(work.id)
            raise
        except AgentError as error:
            self.delegations.forget(work.id)
            raise TeamError(error.message, kind="crashed", agent=name, hint=error.hint) from None
        refused = work.id in self.allowances.refused
        self.allowances.refused.discard(work.id)
        problem = failure(name, result, life.fate, refused=refused)
        if problem is not None:
            raise problem
        return result

    def _late(self, work: Work, member: Member, life: Life | None) -> TeamError:
        if life is None:
            self.delegations.forget(work.id)
            meanwhile = "; it is being started anew"
        elif member.paused and life.run != work.id:
            meanwhile = "; it is paused, and has the task in its queue"
        else:
            meanwhile = "" if work.kind == "spawn" else "; it keeps working"
        return TeamError(
            f"{work.to} has not answered in time{meanwhile}.",
            kind="timed_out",
            agent=work.to,
            partial={work.to: said} if (said := _brought(life, work)) else {},
        )

    def _now_s(self) -> float:
        return self._clock.monotonic_s()


def _send(life: Life, work: Work) -> None:
    life.agent.send_message(work.text, request_id=work.id)


def _brought(life: Life | None, work: Work) -> str:
    """What was said of it until now."""
    return life.brought(work.id) if life is not None else ""


def _withdraw(life: Life | None, work: Work) -> None:
    """Nobody waits for it any more."""
    if life is None:
        return
    try:
        life.agent.cancel_request(work.id)
    except AgentError:
        return  # it is over
