"""The tree of supervisors that a team's specification describes.

Owns its building: agents first, then groups, each in the order of the
specification. Must not know what an agent is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from alloy_tui.agent.clock import Clock
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import EngineEvent, Notice
from alloy_tui.domain.team_events import SupervisorGaveUp
from alloy_tui.team.restarts import Exit, RestartKind
from alloy_tui.team.spec import GroupSpec, TeamSpec
from alloy_tui.team.supervisor import Begin, ChildSpec, Publish, Supervisor


def supervisor_of(
    spec: TeamSpec | GroupSpec,
    publish: Publish,
    gone: Callable[[str], object],
    down: Callable[[str, TeamError], object],
    clock: Clock,
) -> Supervisor:
    """The supervisor of a team or group, not started; see `Supervisor` for `gone` and `down`."""
    return Supervisor(
        spec.name,
        strategy=spec.strategy,
        max_restarts=spec.max_restarts,
        period_s=spec.period_s,
        publish=publish,
        gone=gone,
        down=down,
        monotonic_s=clock.monotonic_s,
    )


def owners(groups: Sequence[GroupSpec]) -> dict[str, str]:
    """In which group an agent or group is; those of the team itself are not in it."""
    return {name: group.name for group in groups for name in group.members}


def agents_below(name: str, groups: Sequence[GroupSpec]) -> list[str]:
    """`name`, or if it is a group all agents in it and in the groups inside."""
    inside = {group.name: group.members for group in groups}
    reach, found = [name], list[str]()
    while reach:
        each = reach.pop()
        if each in inside:
            reach += reversed(inside[each])
        else:
            found.append(each)
    return found


def nested(
    agents: Sequence[ChildSpec], groups: Sequence[GroupSpec], supervisors: Mapping[str, Supervisor]
) -> list[ChildSpec]:
    """The children of the team's own supervisor."""
    owner = owners(groups)
    below: dict[str, list[ChildSpec]] = {"": [], **{group.name: [] for group in groups}}
    for agent in agents:
        below[owner.get(agent.name, "")].append(agent)
    for group in groups:
        child = _child(group.name, group.restart, supervisors[group.name], below[group.name])
        below[owner.get(group.name, "")].append(child)
    return below[""]


class _Alone(Supervisor):
    """A supervisor of one agent: when it gives up the agent stays down, and nothing else does."""

    async def wait(self) -> Exit:
        """See `Child.wait`; its giving up concerns nobody else."""
        ended = await super().wait()
        return Exit("normal", ended.cause)

    def leave(self, name: str) -> None:
        """The agent left for good, and with it whoever watches it alone."""
        if self._over is not None and not self._over.done():
            self._over.set_result(Exit("normal", f"{name} left."))


def alone(
    agent: ChildSpec,
    spec: TeamSpec,
    publish: Publish,
    down: Callable[[str, TeamError], object],
    clock: Clock,
) -> ChildSpec:
    """An agent that joined at run time as a child of the team, under limits of its own.

    When it crashes too often it stays down, in its place, and `down` is told why:
    who was not in the specification does not bring down who is.
    """

    def told(by: str, event: EngineEvent) -> None:
        if isinstance(event, SupervisorGaveUp):
            often = f"{event.restarts} restarts within {spec.period_s:g} s"
            words = f"{agent.name} stays down after {often}: {event.cause}"
            down(agent.name, TeamError(words, kind="crashed", agent=agent.name))
            publish(by, Notice("error", words))
        else:
            publish(by, event)

    def left(name: str) -> None:
        supervisor.leave(name)

    supervisor = _Alone(
        agent.name,
        max_restarts=spec.max_restarts,
        period_s=spec.period_s,
        publish=told,
        gone=left,
        down=down,
        monotonic_s=clock.monotonic_s,
    )
    return _child(agent.name, "transient", supervisor, (agent,))


def _child(
    name: str, restart: RestartKind, supervisor: Supervisor, inner: Sequence[ChildSpec]
) -> ChildSpec:
    """A supervisor as a child; when it starts anew it has its places already."""
    first = True

    async def start(begin: Begin) -> Supervisor:
        nonlocal first
        children, first = (inner if first else ()), False
        await supervisor.start(children, cause=begin.cause)
        return supervisor

    return ChildSpec(name, start, restart, _limit_s(inner))


def _limit_s(inner: Sequence[ChildSpec]) -> float:
    return sum(child.shutdown_s for child in inner) + 10.0
