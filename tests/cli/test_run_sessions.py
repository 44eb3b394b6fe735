"""`alloy run` and sessions: kept, gone on with, branched, and safe from a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.runtime.session_folder import open_store, store_file
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Answer
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.words import words_of
from alloy_tui.settings import locate
from tests.cli.support import alloy, start


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"replies": [{"text": "Yes."}]}))
    return f"scripted/{path}"


@pytest.fixture
def store() -> Iterator[SessionStore]:
    opened = open_store(locate())
    yield opened
    opened.close()


def said(store: SessionStore) -> list[str]:
    """What the latest session holds on its path."""
    info = store.sessions()[0]
    tree = store.tree(info.id)
    entries = store.read(info.id, tree.path(tree.leaf))
    return [words_of(e.node) for e in entries if e.node.kind in {"user", "answer"}]


def run(prompt: str, model: str, *flags: str, code: int = 0) -> Any:
    done = alloy("run", "-p", prompt, "--model", model, *flags)
    assert done.returncode == code, done.stderr
    return done


def test_a_session_is_gone_on_with_or_begun_anew(script: str, store: SessionStore) -> None:
    run("one", script)
    run("two", script, "--session", "latest")
    assert said(store) == ["one", "Yes.", "two", "Yes."]
    run("three", script, "--new")
    assert said(store) == ["three", "Yes."]
    assert len(store.sessions()) == 2
    first = store.sessions()[1].id
    run("four", script, "--session", first[:14])
    assert said(store) == ["one", "Yes.", "two", "Yes.", "four", "Yes."]


def test_a_branch_begins_at_a_message(script: str, store: SessionStore) -> None:
    run("one", script)
    info = store.sessions()[0]
    answer = store.tree(info.id).leaf
    run("two", script, "--session", info.id)
    run("other", script, "--session", info.id, "--branch-from", str(answer))
    assert said(store) == ["one", "Yes.", "other", "Yes."]
    run("third", script, "--branch-from", f"{info.id}:{answer}")
    assert said(store) == ["one", "Yes.", "third", "Yes."]


def test_what_is_not_there_is_a_mistake_in_words(script: str) -> None:
    assert "no session nope" in run("x", script, "--session", "nope", code=2).stderr
    assert "no session of" in run("x", script, "--session", "latest", code=2).stderr
    assert "in which session" in run("x", script, "--branch-from", "abc", code=2).stderr
    run("x", script, "--no-session")
    both = run("x", script, "--no-session", "--session", "latest", code=2)
    assert "keeps nothing" in both.stderr
    assert not store_file(locate()).exists() or not open_and_count()


def open_and_count() -> int:
    store = open_store(locate())
    try:
        return len(store.sessions())
    finally:
        store.close()


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    """Nodes named on standard output are there; the cut answer is shown as interrupted."""
    path = tmp_path / "slow.json"
    words = " ".join(str(n) for n in range(2000))
    path.write_text(json.dumps({"replies": [{"text": words, "chunk": 4, "chunk_delay_ms": 10}]}))
    child = start("run", "-p", "count", "--json", "--model", f"scripted/{path}")
    acknowledged: list[str] = []
    session, grown = "", 0
    store = open_store(locate())
    assert child.stdout is not None
    with child:
        for line in child.stdout:
            event = json.loads(line)["event"]
            if event["type"] == "session_saved":
                session = event["session_id"]
                acknowledged += event["node_ids"]
            if session and (partial := store.partials(session)):
                grown = len(words_of(partial[0].node))
                break
        child.kill()
    live = LiveSession.open(store, session)
    assert live.writable
    assert set(acknowledged) <= set(live.tree.ids())
    prompt, answer = live.read(live.tree.path(live.tree.leaf))
    assert words_of(prompt.node) == "count"
    assert isinstance(answer.node, Answer)
    assert answer.node.message.incomplete == "interrupted"
    assert words.startswith(answer.node.message.text)
    assert len(answer.node.message.text) >= grown > 0
    store.close()
