"""From what a person wrote to the session, or the message in it, that is meant.

Owns the reading of ids: whole, cut to what is unique, or "latest". Reads from
disk, so it belongs in a worker thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.team_sessions import held_by_people
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.tree import SessionTree

LATEST = "latest"
_EVERY = 1_000_000


def find_session(store: SessionStore, given: str, *, folder: str) -> str:
    """The id of the session that `given` names; the latest is that a person held in `folder`.

    Raises ConfigError, StoreError.
    """
    if given == LATEST:
        latest = held_by_people(lambda most: store.sessions(cwd=folder, limit=most), 1)
        if not latest:
            raise ConfigError(f"There is no session of {folder or 'the demo'} to go on with yet.")
        return latest[0].id
    found = [i.id for i in store.sessions(limit=_EVERY) if given and i.id.startswith(given)]
    return _only(found, given, "session", "`alloy sessions list` shows those there are.")


def find_node(tree: SessionTree, given: str) -> str:
    """The message that `given` names: an id, its beginning, or a label. Raises ConfigError."""
    labelled = [node for node, label in tree.labels.items() if label == given]
    if labelled:
        return labelled[-1]
    found = [n for n in tree.ids() if given and n.startswith(given) and not tree.is_mark(n)]
    return _only(found, given, "message", "`alloy sessions tree` shows them.")


def _only(found: Sequence[str], given: str, what: str, hint: str) -> str:
    if given in found:
        return given
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
        raise ConfigError(
            f"“{given}” begins the ids of {len(found)} {what}s.", hint=f"Write more of it: {some}."
        )
    raise ConfigError(f"There is no {what} {given}.", hint=hint)
