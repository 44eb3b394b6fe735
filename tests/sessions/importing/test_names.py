"""Names in a file of ours that somebody wrote: shown, typed and made part of file names."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from alloy_tui.sessions.importing.loading import bring_in
from alloy_tui.sessions.importing.report import Imported
from alloy_tui.sessions.memory import MemoryStore

NAMES = ("\x1b]0;P\x07x", "\x9b2J", "../../x", "a/b", "", "a" * 65, "a b", "é")


def brought(store: MemoryStore, session: str, *nodes: str, exported_ms: int = 5) -> Imported:
    """A session of those nodes, one below the other."""
    entries: list[dict[str, Any]] = [
        {"v": 1, "id": "a", "parent": None, "at_ms": 1, "mark": True,
         "node": {"type": "opened", "cwd": "/c", "agent": "x"}},
    ]  # fmt: skip
    above = None
    for name in nodes:
        message = {"role": "user", "blocks": [{"type": "text", "text": f"said {name}"}]}
        node = {"type": "user", "message": message}
        entries.append({"v": 1, "id": name, "parent": above, "at_ms": 2, "node": node})
        above = name
    whole = {"format": "alloy-session", "version": 1, "session": session, "title": "t"}
    more = {"exported_ms": exported_ms, "entries": entries, "blobs": {}}
    return bring_in(store, io.BytesIO(json.dumps(whole | more).encode()))


@pytest.mark.parametrize("name", NAMES)
def test_a_session_with_a_name_that_is_none_gets_one(name: str) -> None:
    store = MemoryStore()
    done = brought(store, name, "n")
    assert len(done.session) == 16
    assert done.session.isalnum()
    assert [info.id for info in store.sessions()] == [done.session]


def test_such_a_session_is_known_again() -> None:
    store = MemoryStore()
    first, second = brought(store, "../x", "n"), brought(store, "../x", "n")
    assert first.session == second.session
    assert first.new
    assert not second.new


@pytest.mark.parametrize("name", NAMES)
def test_a_node_with_such_a_name_is_left_out_and_what_stood_below_it_stays(name: str) -> None:
    store = MemoryStore()
    done = brought(store, "s", "one", name, "two")
    assert done.skipped == 1
    tree = store.tree(done.session)
    assert tree.path(tree.leaf) == ("one", "two")
