"""The bin: sessions go into it, come out of it and are erased with what belongs to them.

Owns what that is: the log of a session's own team and the conversations of its
agents, and for a team's log those of its agents. What a person forked from
one is that person's and stays. Blocks; belongs in a worker thread.
"""

from __future__ import annotations

from alloy_tui.runtime.team_sessions import is_of_a_team, log_of
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.store import SessionInfo, SessionStore

_EVERY = 1_000_000


def belongings(store: SessionStore, session: str) -> tuple[SessionInfo, ...]:
    """What is there only because of the session, in the bin or not. Raises StoreError."""
    found: dict[str, SessionInfo] = {}
    above = [session, log_of(session)]
    while above:
        parent = above.pop()
        for deleted in (False, True):
            for info in store.sessions(from_session=parent, deleted=deleted, limit=_EVERY):
                if is_of_a_team(info) and info.id not in found:
                    found[info.id] = info
                    above.append(info.id)
    return tuple(found.values())


def put_away(store: SessionStore, session: str) -> tuple[SessionInfo, ...]:
    """Into the bin; returns what went along. Raises StoreError."""
    along = tuple(i for i in belongings(store, session) if i.deleted_ms is None)
    store.delete(session, *(i.id for i in along), at_ms=wall_clock_ms()).result()
    return along


def take_back(store: SessionStore, session: str) -> tuple[SessionInfo, ...]:
    """Out of the bin, with what went into it at the same time. Raises StoreError."""
    since_ms = store.session(session).deleted_ms
    if since_ms is None:
        return ()
    along = tuple(i for i in belongings(store, session) if i.deleted_ms == since_ms)
    store.delete(session, *(i.id for i in along), at_ms=None).result()
    return along


def erase(store: SessionStore, session: str) -> tuple[SessionInfo, ...]:
    """For good, whatever belongs to it included; returns that. Raises StoreError."""
    along = belongings(store, session)
    store.purge(session, *(i.id for i in along)).result()
    return along
