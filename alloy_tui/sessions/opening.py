"""Which store a user's sessions are in: a folder of this machine, or a server.

Owns the choice, so that a server's library is loaded only where one was chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions.collecting import collect
from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.store import Collected, Needed, SessionStore


def collect_at(
    folder: Path, server: Secret | None, needed: Needed, *, enough: Callable[[], bool] = bool
) -> Collected:
    """Erase what nobody needs of the store on `server`, or in `folder`; see `KeptBlobs`.

    The folder's is not opened for it: that would bring an older one up to date.
    """
    if server is None:
        return collect(folder / FILE, needed, enough=enough)
    return open_at(folder, server).kept_blobs.collect(needed, enough)


def open_at(folder: Path, server: Secret | None) -> SessionStore:
    """The store on `server`, or in `folder`. Raises StoreError; must be closed."""
    if server is None:
        return SqliteStore(folder)
    try:
        from alloy_tui.sessions.postgres import PostgresStore
    except ImportError as error:
        raise StoreError(
            "The settings keep the sessions on a PostgreSQL server, but psycopg cannot be loaded"
            f" here: {error}.",
            kind="access",
            hint='Install it: pip install "alloy-tui[postgres]".',
        ) from error
    return PostgresStore(server)
