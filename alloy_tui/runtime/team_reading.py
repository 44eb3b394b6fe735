"""What teams have done, read from where it is kept: for who looks from outside.

Owns the sums. Reads from disk, so it belongs in a worker thread where there is a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.team_values import TeamTask
from alloy_tui.runtime.former_lives import Past, past_of
from alloy_tui.runtime.team_log import read_log
from alloy_tui.runtime.team_sessions import TEAM_AGENT, is_of_a_file, log_of
from alloy_tui.sessions.store import SessionInfo, SessionStore, Spent
from alloy_tui.team.log import Restored
from alloy_tui.team.spec import MemberSpec

_EVERY = 1_000_000
_TITLE = 60


class KeptMember(msgspec.Struct, frozen=True):
    """An agent that is in a team; `cost` is in US dollars, None = unknown."""

    name: str
    role: str = ""
    model: str = ""
    session: str = ""
    paused: bool = False
    requests: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    unread: int = 0
    last_ms: int | None = None


class OpenWork(msgspec.Struct, frozen=True):
    """Work that was under way when the log ends; `place` is its step of a pipeline, as `2 of 3`."""

    by: str
    to: str
    text: str
    place: str = ""


class KeptTeam(msgspec.Struct, frozen=True):
    """A team as its log tells it; figures count agents that are gone, too.

    `open_in` is the process that has it open, None = no program has.
    """

    name: str
    session: str
    cwd: str
    last_ms: int
    open_in: int | None = None
    members: tuple[KeptMember, ...] = ()
    tasks: tuple[TeamTask, ...] = ()
    mail: int = 0
    shared: int = 0
    work: tuple[OpenWork, ...] = ()
    requests: int = 0
    tokens: int = 0
    cost: float | None = 0.0


def kept_teams(store: SessionStore, cwd: str, name: str | None = None) -> tuple[KeptTeam, ...]:
    """The teams of the folder `cwd`, the latest used first, or that `name`.

    A session's own is called "session" and the session's title; one whose session
    was deleted is left out. Raises StoreError.
    """
    owners = store.owners()
    teams: list[KeptTeam] = []
    seen: set[str] = set()
    infos = {info.id: info for info in store.sessions(cwd=cwd, limit=_EVERY)}
    for info in infos.values():
        called = _called(info, infos)
        if not called or called in seen or name not in {None, called}:
            continue
        if is_of_a_file(info):
            seen.add(called)  # an older one of the same name is out of use
        owner = owners.get(info.id)
        made = _team(store, info.id)
        last_ms = max([info.updated_ms, *(m.last_ms or 0 for m in made.members)])
        teams.append(
            msgspec.structs.replace(
                made,
                name=called,
                cwd=info.cwd,
                last_ms=last_ms,
                open_in=None if owner is None else owner.pid,
            )
        )
    return tuple(teams)


def own_team_sessions(store: SessionStore, session: str) -> tuple[str, ...]:
    """Where the agents of that session's own team talk, of those that left, too; () without one.

    Raises StoreError.
    """
    try:
        records = read_log(store, log_of(session))
    except StoreError as error:
        if error.kind == "unknown":
            return ()
        raise
    joined = [r.event for r in records if isinstance(r.event, te.MemberAdded)]
    return tuple(dict.fromkeys(event.session for event in joined if event.session))


def own_team_took(store: SessionStore, sessions: Sequence[str]) -> tuple[Past, ...]:
    """What the agents that talk in `sessions` took. Raises StoreError."""
    pasts = (past_of(store.spent(session=each)) for each in sessions)
    return tuple(past for past in pasts if past.spent is not None)


def _called(info: SessionInfo, infos: Mapping[str, SessionInfo]) -> str:
    """What the team is called whose log it is, "" for any other session."""
    if info.agent != TEAM_AGENT or is_of_a_file(info):
        return info.title if info.agent == TEAM_AGENT else ""
    of = infos.get(info.from_session or "")
    if of is None:
        return ""
    return f"session {' '.join((of.title or of.preview).split())[:_TITLE] or of.id}"


def _team(store: SessionStore, session: str) -> KeptTeam:
    records = read_log(store, session)
    state = Restored().fold(records)
    joined = [r.event for r in records if isinstance(r.event, te.MemberAdded)]
    sessions = {event.session: event.name for event in joined if event.session}
    spent = {each: store.spent(session=each) for each in sessions}
    every = [one for each in spent.values() for one in each]
    members = tuple(
        _member(state, event, spent.get(event.session, ())) for event in state.roster.values()
    )
    return KeptTeam(
        name="",
        session=session,
        cwd="",
        last_ms=0,
        members=members,
        tasks=state.board.tasks,
        mail=len(state.mail.timeline),
        shared=len(state.shared.entries),
        work=tuple(_open(by, work) for by, work in state.broken_off.values()),
        requests=len(every),
        tokens=sum(one.usage.total or 0 for one in every),
        cost=_cost(every),
    )


def _open(by: str, work: te.DelegationStarted) -> OpenWork:
    place = f"{work.step} of {work.steps}" if work.steps else ""
    return OpenWork(by, work.to, work.text, place)


def _member(state: Restored, event: te.MemberAdded, spent: Sequence[Spent]) -> KeptMember:
    spec = msgspec.convert(event.member, MemberSpec)
    return KeptMember(
        name=event.name,
        role=spec.role,
        model=spec.model or (spent[-1].model if spent else ""),
        session=event.session,
        paused=event.name in state.paused,
        requests=len(spent),
        tokens=sum(one.usage.total or 0 for one in spent),
        cost=_cost(spent),
        unread=len(state.mail.unread(event.name)),
        last_ms=max((one.at_ms for one in spent), default=None),
    )


def _cost(spent: Sequence[Spent]) -> float | None:
    known = [one.cost for one in spent if one.cost is not None]
    return sum(known) if known or not spent else None
