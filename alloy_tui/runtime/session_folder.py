"""Where this user's sessions lie, and the store over them.

Owns the one answer to that, for the running program and for the command line
alike. Must not know what a session holds.
"""

from __future__ import annotations

from pathlib import Path

from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.store import SessionStore
from alloy_tui.settings.paths import Paths


def store_folder(paths: Paths) -> Path:
    """The folder of the store; it need not exist."""
    return paths.data / "sessions"


def store_file(paths: Paths) -> Path:
    """The store's main file; it need not exist."""
    return store_folder(paths) / FILE


def open_store(paths: Paths) -> SessionStore:
    """The store, made if there is none. Raises StoreError; must be closed."""
    return SqliteStore(store_folder(paths))
