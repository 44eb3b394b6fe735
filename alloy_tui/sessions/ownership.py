"""Who may write to a session: claims as rows, taken over from programs that died.

Owns the statements on `owners`, each within the caller's transaction, and what
a new owner finds half done. How a process is recognised is `owners`'.
"""

from __future__ import annotations

import secrets
import sqlite3

import msgspec

from alloy_tui.sessions.contents import lay_down
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.nodes import Answer, Entry
from alloy_tui.sessions.owners import Process, myself
from alloy_tui.sessions.reading import partials
from alloy_tui.sessions.rows import add_entries, key_of, packed
from alloy_tui.sessions.store import Claim, Owner


def claim(connection: sqlite3.Connection, session: str) -> Claim:
    """Become the owner, unless another one lives. Raises StoreError "unknown"."""
    key = key_of(connection, session)
    row = connection.execute(
        "SELECT pid, boot, started, space, since_ms FROM owners WHERE session = ?", (key,)
    ).fetchone()
    if row is not None and Process(*row[:4]).alive():
        return Claim(None, Owner(row[0], row[4]))
    token = take(connection, key)
    _settle(connection, key, session)
    return Claim(token)


def living(connection: sqlite3.Connection) -> dict[str, Owner]:
    """Who writes now, by session; rows of programs that died are left out."""
    rows = connection.execute(
        "SELECT o.pid, o.boot, o.started, o.space, o.since_ms, s.id FROM owners o"
        " JOIN sessions s ON s.key = o.session"
    ).fetchall()
    return {row[5]: Owner(row[0], row[4]) for row in rows if Process(*row[:4]).alive()}


def take(connection: sqlite3.Connection, key: int) -> str:
    """Make this process the owner, whoever was before; returns the token."""
    token, me = secrets.token_hex(16), myself()
    connection.execute(
        "INSERT OR REPLACE INTO owners (session, token, pid, boot, started, space, since_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, token, me.pid, me.boot, me.started, me.space, wall_clock_ms()),
    )
    return token


def release(connection: sqlite3.Connection, token: str) -> None:
    """Give up what `token` holds, if anything."""
    connection.execute("DELETE FROM owners WHERE token = ?", (token,))


def interrupted(entry: Entry) -> Entry:
    """A growing node as it stays when its program died."""
    node = entry.node
    if isinstance(node, Answer) and node.message.incomplete is None:
        message = msgspec.structs.replace(node.message, incomplete="interrupted")
        node = msgspec.structs.replace(node, message=message)
    return msgspec.structs.replace(entry, node=node)


def _settle(connection: sqlite3.Connection, key: int, session: str) -> None:
    """Make nodes of what was growing when the last owner died."""
    left = [packed(lay_down(interrupted(entry))) for entry in partials(connection, key)]
    add_entries(connection, key, session, left)
    connection.execute("DELETE FROM partials WHERE session = ?", (key,))
