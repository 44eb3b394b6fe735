"""Thousands of random steps, on every store, compared with a plain tree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.sqlite import SqliteStore
from tests.sessions.walking import Walk


@pytest.mark.parametrize("seed", range(2))
def test_a_store_on_disk_agrees_with_a_plain_tree_however_often_it_is_reopened(
    tmp_path: Path, seed: int
) -> None:
    """400 steps, reopened every 50; `benchmarks/sessions.py --walk` takes 10,000."""
    store = SqliteStore(tmp_path / "s")
    try:
        walk = Walk(random.Random(seed), store)
        for number in range(400):
            walk.step()
            if number % 50 == 49:
                store.close()
                store = SqliteStore(tmp_path / "s")
                walk.reopen(store)
                walk.check()
    finally:
        store.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_store_in_memory_agrees_with_a_plain_tree(seed: int) -> None:
    walk = Walk(random.Random(seed), MemoryStore())
    for _ in range(40):
        for _ in range(10):
            walk.step()
        walk.check()


def test_what_a_walk_kept_is_what_the_tree_says_without_a_store() -> None:
    """The tree that grew entry by entry equals the one that was loaded."""
    walk = Walk(random.Random(7), MemoryStore())
    for _ in range(300):
        walk.step()
    loaded = walk.store.tree(walk.session)
    assert (loaded.ids(), loaded.leaf, loaded.undone) == (
        walk.tree.ids(),
        walk.tree.leaf,
        walk.tree.undone,
    )
