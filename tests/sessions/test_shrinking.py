"""Disk space that erased sessions took is given back, and what is left is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.shrinking import shrink
from alloy_tui.sessions.sqlite import FILE, INDEX, SqliteStore
from tests.sessions.conftest import Talk


def _filled(folder: Path) -> tuple[Talk, int]:
    """A small session, and one of 2 MB of random words that was erased; the files' size."""
    store = SqliteStore(folder)
    kept, gone = Talk.begin(store), Talk.begin(store)
    kept.ask("pears and apples")
    for _ in range(10):
        gone.ask(os.urandom(100_000).hex(" ", 4))
    assert len(store.search("pears")) == 1
    store.purge(gone.session).result()
    store.close()
    return kept, _size(folder)


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.iterdir())


def test_the_files_shrink_and_what_is_left_is_found(folder: Path) -> None:
    kept, before = _filled(folder)
    given = shrink(folder / FILE, folder / INDEX)
    assert given > before * 0.8
    assert _size(folder) < before * 0.2
    store = SqliteStore(folder)
    assert store.kept is None
    assert [hit.session for hit in store.search("apples")] == [kept.session]
    assert len(store.tree(kept.session)) == 2
    store.close()


def test_a_store_that_is_open_is_left_alone(folder: Path) -> None:
    _filled(folder)
    store = SqliteStore(folder)
    with pytest.raises(StoreError) as refused:
        shrink(folder / FILE, folder / INDEX)
    assert refused.value.kind == "busy"
    store.close()


def test_a_little_empty_space_is_not_worth_it(folder: Path) -> None:
    store = SqliteStore(folder)
    gone = Talk.begin(store)
    gone.ask("a few words")
    store.purge(gone.session).result()
    store.close()
    assert shrink(folder / FILE, folder / INDEX) == 0
