"""Where this user's sessions lie, and the store over them.

Owns the one answer to that, for the running program and for the command line
alike. Must not know what a session holds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alloy_tui.domain.secret import Secret
from alloy_tui.sessions.opening import collect_at, open_at
from alloy_tui.sessions.sqlite import FILE, INDEX
from alloy_tui.sessions.store import Collected, Needed, SessionStore
from alloy_tui.settings.loader import read_user_file
from alloy_tui.settings.paths import Paths


def store_folder(paths: Paths) -> Path:
    """The folder of the store; it need not exist."""
    return paths.data / "sessions"


def store_file(paths: Paths) -> Path:
    """The store's main file; it need not exist, and does not when a server keeps the sessions."""
    return store_folder(paths) / FILE


def index_file(paths: Paths) -> Path:
    """The store's search index; likewise."""
    return store_folder(paths) / INDEX


def keeping_folder(paths: Paths) -> Path:
    """Where what is under way with files of projects lies; it need not exist."""
    return paths.data / "workspace"


def has_store(paths: Paths) -> bool:
    """Whether sessions were ever kept, so that looking makes no store. Raises ConfigError."""
    return _server(paths) is not None or store_file(paths).exists()


def collect_in_store(
    paths: Paths, needed: Needed, *, enough: Callable[[], bool] = bool
) -> Collected:
    """Erase what nobody needs of the store the settings name; see `KeptBlobs`."""
    return collect_at(store_folder(paths), _server(paths), needed, enough=enough)


def on_server(paths: Paths) -> bool:
    """Whether the settings keep the sessions on a server. Raises ConfigError."""
    return _server(paths) is not None


def open_store(paths: Paths) -> SessionStore:
    """The store the settings name, made if there is none; must be closed.

    Raises StoreError, and ConfigError for settings that cannot be read.
    """
    return open_at(store_folder(paths), _server(paths))


def _server(paths: Paths) -> Secret | None:
    return read_user_file(paths.config_file).sessions.store
