"""Giving disk space back that erased sessions took, while no program has the store open.

Owns when that is worth rewriting a file: where a quarter of it lies empty, a
smaller part being filled again soon; and that words which were taken out of the
search index really leave it. What is to be erased is others' business.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.collecting import undisturbed
from alloy_tui.sessions.faults import explain
from alloy_tui.sessions.search import drop_traces

_LEAST = 1_000_000
_SHARE = 4


def shrink(path: Path, index: Path) -> int:
    """Make the store at `path` and its search index smaller; returns by how many bytes.

    Raises StoreError: "busy" when a program has the store open, "full" where the
    disk has no room for the smaller copy; nothing is lost then.
    """
    before = _size(path) + _size(index)
    try:
        with undisturbed(path) as connection:
            _rewrite(connection)
            if index.exists():
                # Whoever opens the index has the store open too: there is nobody.
                with closing(sqlite3.connect(index, timeout=0, isolation_level=None)) as words:
                    drop_traces(words)
                    _rewrite(words)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}.", kind="io") from error
    return max(0, before - _size(path) - _size(index))


def _rewrite(connection: sqlite3.Connection) -> None:
    pragmas = ("freelist_count", "page_count", "page_size")
    free, pages, size = (connection.execute(f"PRAGMA {each}").fetchone()[0] for each in pragmas)
    if free * size >= _LEAST and free * _SHARE >= pages:
        connection.execute("VACUUM")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
