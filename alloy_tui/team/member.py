"""An agent under supervision: its specification, its lives, and how it is seen that one ended.

Owns what is heard of one agent: a crash, no sign of life, a task that died. Must
not know of other members. An agent is made by whoever owns the team.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.ledger import UsageTotals
from alloy_tui.agent.requests import Waiting
from alloy_tui.domain import events as ev
from alloy_tui.domain import transcript
from alloy_tui.domain.errors import TeamError, TeamErrorKind
from alloy_tui.domain.events import EngineEvent, Envelope
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.team.plans import AgentPlan, Maker
from alloy_tui.team.restarts import Exit
from alloy_tui.team.spec import MemberSpec
from alloy_tui.team.supervisor import Begin

_SETTLING_S = 2.0
"""How long a run that broke may take to put its things away."""


class Life:
    """One agent from its start to its end; a supervisor's child."""

    def __init__(self, member: Member, agent: Agent) -> None:
        self.agent = agent
        self.run: str | None = None
        self.stopping = False
        self.dying: Exit | None = None
        self.fate: tuple[TeamErrorKind, str] | None = None
        self._member = member
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[Exit] = self._loop.create_future()
        self._laid_down: asyncio.Future[None] = self._loop.create_future()
        self._heard_s = 0.0
        self._asking = 0
        self._cancelled: set[str | None] = set()
        self._saying: list[str] = []
        self._said = ""
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self) -> Exit:
        """See `Child.wait`."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace_s: float, cause: str = "") -> None:
        """See `Child.stop`."""
        self.stopping = True
        if self._timer is not None:
            self._timer.cancel()
        if self.fate is None:
            self.fate = ("crashed", cause) if cause else ("stopped", "It was stopped.")
        if self.dying is not None and self.dying.abnormal:
            self._member.carry(self.agent.pending())
        since_s, busy = self._loop.time(), self.run is not None
        await self.agent.stop(grace_s, cause=cause)
        if busy and self._loop.time() - since_s >= grace_s > 0:
            words = f"It did not stop within {grace_s:g} s; what it was at is left to itself."
            self._member.publish(ev.Notice("warning", words))
        if not self._ended.done():
            self._ended.set_result(Exit("normal", cause))
        self._member.laid_down(self)
        if not self._laid_down.done():
            self._laid_down.set_result(None)

    async def gone(self, limit_s: float) -> None:
        """Wait until it was stopped and its conversation kept, `limit_s` at most."""
        await asyncio.wait({self._laid_down}, timeout=limit_s)

    def end(self, ended: Exit) -> None:
        """Say that it has ended; the supervisor does what follows."""
        if self.dying is None:
            self.dying = ended
        if self.fate is None:
            self.fate = ("crashed", ended.cause)
        if not self._ended.done():
            self._ended.set_result(ended)

    def heard(self, envelope: Envelope) -> None:
        """Take note of one of the agent's envelopes; cheap, for there are many."""
        self._heard_s = self._loop.time()
        step = _STEPS.get(type(envelope.event))
        if step is not None:
            step(self, envelope.event, envelope)

    def brought(self, request_id: str) -> str:
        """What it has said in that run until now: the answer that grows, else the last one."""
        if self.run != request_id:
            return ""
        growing = "".join(self._saying)
        return growing if growing.strip() else self._said

    def says(self, event: ev.TextDelta, envelope: Envelope) -> None:
        """A piece of an answer."""
        del envelope
        self._saying.append(event.text)

    def turned(self, event: ev.TurnStarted, envelope: Envelope) -> None:
        """Another answer begins."""
        del event
        self._said = self.brought(envelope.request_id or "")
        self._saying.clear()

    def started(self, event: ev.RunStarted, envelope: Envelope) -> None:
        """A run begins: from now on there must be signs of life."""
        del event
        self.run = envelope.request_id
        self._said = ""
        self._saying.clear()
        self._asking = 0
        if self._timer is None:
            self._timer = self._loop.call_later(self._member.spec.run_timeout_s, self._look)

    def asked(self, event: ev.ApprovalRequested, envelope: Envelope) -> None:
        """A person is asked, who may take their time."""
        del event, envelope
        self._asking += 1

    def answered(self, event: ev.ApprovalAnswered, envelope: Envelope) -> None:
        """The person answered."""
        del event, envelope
        self._asking -= 1

    def delayed(self, event: ev.RetryScheduled, envelope: Envelope) -> None:
        """A service asked for a pause."""
        del envelope
        self._heard_s += event.delay_s

    def cancelled(self, event: ev.Cancelled, envelope: Envelope) -> None:
        """Somebody wanted the request's end."""
        del event
        self._cancelled.add(envelope.request_id)

    def crashed(self, event: ev.AgentCrashed, envelope: Envelope) -> None:
        """The machinery broke; the run puts its things away and finishes."""
        del envelope
        if self.dying is None:
            self.dying = Exit("crashed", event.cause)
            self.agent.hold()  # nothing more begins here
            self._loop.call_later(_SETTLING_S, self.end, self.dying)

    def finished(self, event: ev.RunFinished, envelope: Envelope) -> None:
        """A request is over."""
        if envelope.request_id != self.run:
            self._cancelled.discard(envelope.request_id)
            return
        self.run = None
        wanted = envelope.request_id in self._cancelled
        self._cancelled.discard(envelope.request_id)
        if self.dying is not None:
            if self.dying.kind == "hung":
                self._member.publish(ev.AgentCrashed(self.dying.cause))
            self.end(self.dying)
        elif event.status == "cancelled" and not wanted and not self.stopping:
            died = Exit("crashed", "The task in which it worked died.")
            self.end(died)
            self._member.publish(ev.AgentCrashed(died.cause))

    def stopped(self, event: ev.AgentStopped, envelope: Envelope) -> None:
        """The agent is over; if nobody here wanted that, it was somebody else."""
        del envelope
        if not self.stopping:
            self.end(Exit("normal", event.cause or "It was stopped."))

    def _look(self) -> None:
        """Whether there was a sign of life since a while ago."""
        self._timer = None
        if self.run is None or self.stopping:
            return
        limit_s = self._member.spec.run_timeout_s
        if self._asking > 0 or self._member.waits():
            self._heard_s = self._loop.time()
        left_s = self._heard_s + limit_s - self._loop.time()
        if left_s <= 0:
            self.end(Exit("hung", f"No sign of life for {limit_s:g} s."))
        else:
            self._timer = self._loop.call_later(left_s, self._look)


_STEPS: dict[type, Callable[[Life, Any, Envelope], None]] = {
    ev.TextDelta: Life.says,
    ev.TurnStarted: Life.turned,
    ev.RunStarted: Life.started,
    ev.RunFinished: Life.finished,
    ev.ApprovalRequested: Life.asked,
    ev.ApprovalAnswered: Life.answered,
    ev.RetryScheduled: Life.delayed,
    ev.Cancelled: Life.cancelled,
    ev.AgentCrashed: Life.crashed,
    ev.AgentStopped: Life.stopped,
}


class Member:
    """A named place in a team and the agent that fills it.

    `plan` completes what an agent is made of; `publish` tells events in the agent's
    name; `begun` is called with each new agent before it starts; `waits` says
    whether it rightly waits for somebody else, `delegated` whether a request is
    somebody's delegation; `by` is who let it join.
    """

    def __init__(
        self,
        spec: MemberSpec,
        *,
        make: Maker,
        plan: Callable[[Member], AgentPlan],
        publish: Callable[[str, EngineEvent], object],
        begun: Callable[[Member, Agent], object],
        waits: Callable[[str], bool],
        delegated: Callable[[str], object],
        by: str = "",
        parent: str = "",
        depth: int = 0,
    ) -> None:
        self.spec = spec
        self.by = by
        self.parent = parent
        self.depth = depth
        self.life: Life | None = None
        self.restarts = 0
        self.messages: tuple[ChatMessage, ...] = ()
        self.spent: UsageTotals | None = None
        self.over: TeamError | None = None
        self._make = make
        self._plan = plan
        self._publish = publish
        self._begun = begun
        self._waits = waits
        self._delegated = delegated
        self._carried: tuple[Waiting, ...] = ()
        self._paused = False
        self._release: Callable[[], None] | None = None
        self._changed: asyncio.Future[None] | None = None

    @property
    def name(self) -> str:
        """Its name in the team."""
        return self.spec.name

    @property
    def paused(self) -> bool:
        """Whether it begins no request until it is resumed."""
        return self._paused

    @property
    def up(self) -> Life | None:
        """The agent that can be asked now."""
        life = self.life
        return None if life is None or life.dying is not None or life.stopping else life

    def publish(self, event: EngineEvent) -> None:
        """Tell an event in the agent's name."""
        self._publish(self.name, event)

    def waits(self) -> bool:
        """Whether it rightly waits for somebody else."""
        return self._waits(self.name)

    async def start(self, begin: Begin) -> Life:
        """Fill the place with a new agent that goes on from the conversation of the last."""
        if begin.restarts:
            self.publish(ev.AgentRestarted(begin.cause, begin.restarts))
        self.restarts, self.over = begin.restarts, None
        agent = await self._make(self._plan(self))
        if agent.name != self.name:
            raise TeamError(f"The agent made for {self.name} is named {agent.name}.", kind="failed")
        life = self.life = Life(self, agent)
        self._release = agent.hold() if self._paused else None
        try:
            self._begun(self, agent)
            await agent.start()
        except BaseException:
            await life.stop(0.1)
            raise
        self._wake()
        carried, self._carried = self._carried, ()
        for waiting in carried:
            agent.send_message(waiting.text, lane=waiting.lane)
        return life

    async def ready(self) -> Life:
        """The agent as soon as there is one. Raises TeamError when there will be none."""
        while (life := self.up) is None:
            if self.over is not None:
                raise self.over
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._changed)
        return life

    def laid_down(self, life: Life) -> None:
        """`life` is over: keep its conversation."""
        if self.life is not life:
            return
        self.messages, self.life = transcript.repair(life.agent.messages), None
        self.spent = life.agent.usage
        ended = life.dying
        if ended is not None and not ended.abnormal and self.spec.restart != "permanent":
            self.close(TeamError(f"{self.name} has ended.", kind="stopped", agent=self.name))

    def carry(self, waiting: Sequence[Waiting]) -> None:
        """Give the next agent what a person had asked of one that crashed and not begun.

        Who delegated something is told of the crash instead.
        """
        self._carried = tuple(w for w in waiting if not self._delegated(w.request_id))

    def close(self, why: TeamError) -> None:
        """There will be no more agent, unless it is started again; who waits for one is told."""
        self.over = why
        self._wake()

    def pause(self) -> None:
        """Begin no request until `resume`."""
        if not self._paused:
            self._paused = True
            self._release = self.life.agent.hold() if self.life is not None else None

    def resume(self) -> None:
        """Begin requests again."""
        self._paused = False
        release, self._release = self._release, None
        if release is not None:
            release()

    def _wake(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None and not changed.done():
            changed.set_result(None)
