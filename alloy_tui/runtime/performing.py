"""Work that a team is opened for, from its beginning to its end: for who has no screen.

Owns what of it is handed over, also when it ends early: by its time, by a person, by a
limit. What was brought until then is kept, and told from what is whole. Belongs to
the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import structs
from msgspec.structs import replace

from alloy_tui.agent.hub import Hub
from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import AlloyError, ConfigError, TeamError
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.runtime.team_port import Brought, Performed, Problem
from alloy_tui.runtime.teams import Teams
from alloy_tui.runtime.troubles import in_words
from alloy_tui.team.delegations import Work
from alloy_tui.team.recording import PERSON
from alloy_tui.team.team import Team


class Performing:
    """One piece of work at a time, for the team that it opens."""

    def __init__(self, teams: Teams, hub: Hub) -> None:
        self._teams = teams
        self._hub = hub
        self._work: asyncio.Task[list[Problem]] | None = None
        self._given_up = False

    async def perform(
        self,
        file: str,
        kind: DelegationKind,
        to: Sequence[str],
        text: str,
        timeout_s: float | None,
    ) -> Performed:
        """Open a team and give it work: to those named, else to the first, or all of a broadcast.

        `timeout_s` is for all of it, and for all that is passed on within it. Raises
        nothing: see `Performed.problems`.
        """
        self._teams.watching.all_in_sight = True
        passed_on = _PassedOn()
        leave = self._hub.subscribe(passed_on.take)
        self._work = asyncio.create_task(self._carry_out(file, kind, to, text, timeout_s))
        try:
            if self._given_up:
                self._work.cancel()
            problems = await self._work
        except asyncio.CancelledError:
            if not self._given_up:
                raise
            words = "The team was interrupted; what it brought until then is kept."
            problems = [Problem("", "cancelled", words)]
        finally:
            self._work.cancel()
            leave()
        answers = passed_on.answers()
        if kind == "handoff":
            # One that broke has no answer: its steps are parts of one.
            answers = () if problems else answers[-1:]
        return Performed(answers, tuple(problems), passed_on.brought() if problems else ())

    def give_up(self) -> None:
        """End it; what was brought until then is handed over."""
        self._given_up = True
        if self._work is not None:
            self._work.cancel()

    async def _carry_out(
        self,
        file: str,
        kind: DelegationKind,
        to: Sequence[str],
        text: str,
        timeout_s: float | None,
    ) -> list[Problem]:
        by_s = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(by_s):
                await self._teams.open(file)
                team = await self._teams.team()
            names = list(to) or list(() if kind == "broadcast" else team.agents[:1])
            _awake(team, names)
            # A deadline and nothing else: all that is passed on inherits it.
            within = Work("", "", PERSON, text, kind, 0, by_s)
            problems = await _give(team, kind, names, within)
        except TimeoutError:
            problems = [Problem("", "timed_out", "")]
        except AlloyError as error:
            problems = [_problem(error)]
        late = by_s is not None and asyncio.get_running_loop().time() >= by_s
        if late and any(problem.kind == "timed_out" for problem in problems):
            words = f"The team was not done within {timeout_s:g} s; what it brought is kept."
            return [Problem("", "timed_out", words)]
        return problems


def _awake(team: Team, names: Sequence[str]) -> None:
    """Nobody is there to resume who was paused. Raises TeamError."""
    paused = [name for name in names or team.agents if team.member(name).paused]
    if paused:
        raise TeamError(
            f"{', '.join(paused)} {'is' if len(paused) == 1 else 'are'} paused.",
            kind="conflict",
            agent=paused[0],
            hint="Resume it on the dashboard: start `alloy` and open the team there.",
        )


async def _give(
    team: Team, kind: DelegationKind, names: Sequence[str], within: Work
) -> list[Problem]:
    """Give the work and wait for its end. Raises TeamError."""
    text = within.text
    if kind == "broadcast":
        outcomes = await team.broadcast(text, to=names or None, timeout_s=None, within=within)
        return [_problem(o, name) for name, o in outcomes.items() if isinstance(o, TeamError)]
    if kind == "handoff":
        await team.handoff(names, text, timeout_s=None, within=within)
    else:
        for name in names[:1]:
            await team.delegate(name, text, timeout_s=None, within=within)
    return []


class _Passed(te.DelegationStarted, frozen=True):
    """Work that was given; `above` is the id of what it is a part of."""

    by: str = PERSON
    above: str = ""
    status: te.DelegationStatus | None = None
    said: str = ""


class _PassedOn:
    """What was given to whom, and how it ended."""

    def __init__(self) -> None:
        self._works: dict[str, _Passed] = {}

    def take(self, envelope: Envelope) -> None:
        """A subscriber of the hub."""
        event, by = envelope.event, envelope.agent
        if isinstance(event, te.DelegationStarted):
            at = [w.id for w in self._works.values() if w.to == by and w.status is None]
            self._works[event.id] = _Passed(
                **structs.asdict(event), by=by, above=at[-1] if at else ""
            )
        elif isinstance(event, te.DelegationFinished) and event.id in self._works:
            work = self._works[event.id]
            self._works[event.id] = replace(work, status=event.status, said=event.text)

    def answers(self) -> tuple[tuple[str, str], ...]:
        """What those brought that were asked and came to their end."""
        return tuple(
            (w.to, w.said)
            for w in self._works.values()
            if w.by == PERSON and w.status == "completed"
        )

    def brought(self) -> tuple[Brought, ...]:
        """What there is beside the answers, of work whose own end nobody got to see."""
        return tuple(
            Brought(
                w.to,
                w.said,
                w.by if w.by != PERSON else "",
                w.status == "completed",
                f"{w.step} of {w.steps}" if w.steps else "",
            )
            for w in self._works.values()
            if w.said.strip() and self._open(w)
        )

    def _open(self, work: _Passed) -> bool:
        """Whether nothing that it was for came to its end; a person's own work must not have.

        What a step of a pipeline is for is the whole of it.
        """
        if work.by == PERSON:
            return bool(work.steps) or work.status != "completed"
        above = self._works.get(work.above)
        return above is not None and above.status != "completed" and self._open(above)


def _problem(error: AlloyError, agent: str = "") -> Problem:
    if isinstance(error, TeamError):
        agent, kind = agent or error.agent or "", str(error.kind)
    else:
        kind = "config" if isinstance(error, ConfigError) else "failed"
    return Problem(agent, kind, in_words(error))
