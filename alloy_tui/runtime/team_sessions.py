"""Which sessions are a team's own: its log, and the conversations of its agents.

Owns how they are told from those that a person holds. Light.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alloy_tui.sessions.store import SessionInfo

TEAM_AGENT = "team"
"""The `agent` of a team's own session; a member's is `TEAM/NAME`."""


def is_of_a_team(info: SessionInfo) -> bool:
    """Whether nobody began it but a team: lists show it where it is asked for.

    What a person forked from a member's conversation is that person's.
    """
    return info.agent == TEAM_AGENT or ("/" in info.agent and info.from_node is None)


def log_of(session: str) -> str:
    """The id of the log of a session's own team; it begins like no session's id."""
    return f"team-{session}"


def is_of_a_file(info: SessionInfo) -> bool:
    """Whether it is the log of a team that has a file: a session's own team has none."""
    return info.agent == TEAM_AGENT and info.from_session is None


def whose(info: SessionInfo) -> str:
    """Whose it is, in words: "reviewer of team crew"; "" for a person's."""
    if info.agent == TEAM_AGENT:
        of_it = f"team {info.title}" if is_of_a_file(info) else "a session's own team"
        return f"the log of {of_it}"
    team, slash, name = info.agent.partition("/")
    return f"{name} of team {team}" if slash else ""


def held_by_people(
    fetch: Callable[[int], Sequence[SessionInfo]], limit: int
) -> Sequence[SessionInfo]:
    """The first `limit` that are no team's, of those that `fetch` brings, given how many."""
    asked = limit
    while True:
        infos = fetch(asked)
        found = [info for info in infos if not is_of_a_team(info)]
        if len(found) >= limit or len(infos) < asked:
            return found[:limit]
        asked *= 8
