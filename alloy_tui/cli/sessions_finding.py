"""From what a person wrote to the session and the message that are meant.

Owns the reading of ids: whole, cut to what is unique, “latest”, or a label.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.team_sessions import held_by_people
from alloy_tui.sessions.store import SessionInfo, SessionStore
from alloy_tui.sessions.tree import SessionTree

LATEST = "latest"
_EVERY = 1_000_000


class Place(msgspec.Struct, frozen=True):
    """A point in a session; `node` is None before the first message."""

    session: str
    node: str | None


def session(store: SessionStore, given: str, *, deleted: bool = False) -> SessionInfo:
    """The session that `given` names. Raises ConfigError, StoreError."""
    found = _sessions(store, given, deleted=deleted)
    if len(found) == 1:
        return found[0]
    where = " in the bin" if deleted else ""
    if found:
        raise ConfigError(
            f"“{given}” begins the ids of {len(found)} sessions{where}.",
            hint=f"Write more of it: {_some([i.id for i in found])}.",
        )
    if given == LATEST:
        raise ConfigError(f"There is no session{where} yet.")
    elsewhere = _sessions(store, given, deleted=not deleted)
    if elsewhere and not deleted:
        raise ConfigError(
            f"The session {elsewhere[0].id} is in the bin.",
            hint=f"`alloy sessions delete --undo {elsewhere[0].id}` takes it out.",
        )
    raise ConfigError(
        f"There is no session {given}{where}.", hint="`alloy sessions list` shows those there are."
    )


def node(tree: SessionTree, given: str) -> str:
    """The message that `given` names: an id, its beginning, or a label. Raises ConfigError."""
    found = _nodes(tree, given)
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"“{given}” begins the ids of {len(found)} messages.",
            hint=f"Write more of it: {_some(found)}.",
        )
    raise ConfigError(
        f"The session has no message {given}.", hint="`alloy sessions tree` shows them."
    )


def place(store: SessionStore, given: str, *, beside: str | None = None) -> Place:
    """A session, SESSION:MESSAGE, or a message; one alone is sought in `beside` first.

    A session alone means where its conversation stands. Raises ConfigError, StoreError.
    """
    name, colon, rest = given.partition(":")
    if colon:
        info_id = beside if not name and beside else session(store, name).id
        return Place(info_id, node(store.tree(info_id), rest))
    if beside is not None and (here := _nodes(store.tree(beside), given)):
        return Place(beside, node(store.tree(beside), given) if len(here) > 1 else here[0])
    if _sessions(store, given, deleted=False):
        info_id = session(store, given).id
        return Place(info_id, store.tree(info_id).leaf)
    found = [
        Place(info.id, each)
        for info in store.sessions(limit=_EVERY)
        for each in _nodes(store.tree(info.id), given)
    ]
    # A fork repeats the path it began with: any copy shows the same.
    if len({p.node for p in found}) == 1:
        return found[-1]
    if found:
        raise ConfigError(
            f"“{given}” means {len(found)} messages.",
            hint=f"Write SESSION:MESSAGE: {_some([f'{p.session}:{p.node}' for p in found])}.",
        )
    raise ConfigError(f"Neither a session nor a message is called {given}.")


def _sessions(store: SessionStore, given: str, *, deleted: bool) -> Sequence[SessionInfo]:
    if given == LATEST:
        return held_by_people(lambda most: store.sessions(deleted=deleted, limit=most), 1)
    found = [i for i in store.sessions(deleted=deleted, limit=_EVERY) if i.id.startswith(given)]
    return [i for i in found if i.id == given] or (found if given else [])


def _nodes(tree: SessionTree, given: str) -> list[str]:
    if not given:
        return []
    if given in tree:
        return [] if tree.is_mark(given) else [given]
    labelled = [n for n, label in tree.labels.items() if label == given]
    if labelled:
        return labelled
    return [n for n in tree.ids() if n.startswith(given) and not tree.is_mark(n)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
