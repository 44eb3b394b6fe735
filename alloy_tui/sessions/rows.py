"""How entries become rows: everything that is written to a store.

Owns the statements that write; each function works within the transaction of
its caller (`writer`) and may be done again after that failed. Must not know of
threads. Reading is `reading`'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.contents import Laid, pack
from alloy_tui.sessions.nodes import Billed, Entry, Opened, Renamed, UserMessage
from alloy_tui.sessions.store import SessionInfo
from alloy_tui.sessions.tree import ASIDE, MARK
from alloy_tui.sessions.words import words_of

_PREVIEW = 200


class Packed(msgspec.Struct, frozen=True):
    """A laid-down entry, compressed where that helps."""

    laid: Laid
    body: bytes
    packed: bool
    blobs: tuple[tuple[str, bool, bytes], ...]


def packed(laid: Laid) -> Packed:
    """Compress; takes a moment for large parts, so it happens outside transactions."""
    body, small = pack(laid.body)
    blobs: list[tuple[str, bool, bytes]] = []
    for name, data in laid.blobs.items():
        kept, less = pack(data)
        blobs.append((name, less, kept))
    return Packed(laid, body, small, tuple(blobs))


def blob_of(text: str) -> bytes:
    """Any string as bytes, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def unknown(session: str) -> StoreError:
    """The error for a session that is not there."""
    return StoreError(f"There is no session {session}.", kind="unknown")


def owned(session: str) -> StoreError:
    """The error for a session that another program writes to."""
    return StoreError(
        f"Another program writes to the session {session} now.",
        kind="owned",
        hint="Fork the session to go on from here.",
    )


def key_of(connection: sqlite3.Connection, session: str) -> int:
    """The session's number within this store. Raises StoreError "unknown"."""
    row = connection.execute("SELECT key FROM sessions WHERE id = ?", (session,)).fetchone()
    if row is None:
        raise unknown(session)
    return int(row[0])


def writable_key(connection: sqlite3.Connection, session: str, token: str) -> int:
    """The same, if `token` still allows to write. Raises StoreError "owned"."""
    key = key_of(connection, session)
    row = connection.execute("SELECT token FROM owners WHERE session = ?", (key,)).fetchone()
    if row is None or row[0] != token:
        raise owned(session)
    return key


def add_session(connection: sqlite3.Connection, session: str, entries: Sequence[Packed]) -> int:
    """A new session; returns its number. Raises StoreError "conflict"."""
    if connection.execute("SELECT 1 FROM sessions WHERE id = ?", (session,)).fetchone():
        raise StoreError(f"There is a session {session} already.", kind="conflict")
    opened = entries[0].laid.entry if entries else None
    if opened is None or not isinstance(node := opened.node, Opened):
        raise StoreError("A session begins with what it is.", kind="conflict")
    info = SessionInfo(
        session,
        opened.at_ms,
        opened.at_ms,
        node.title,
        "",
        node.cwd,
        node.agent,
        0,
        node.from_session,
        node.from_node,
    )
    key = add_info(connection, info)
    add_entries(connection, key, session, entries)
    return key


def add_info(connection: sqlite3.Connection, info: SessionInfo) -> int:
    """The session's own row, without any entry; returns its number."""
    values = (
        info.id,
        info.created_ms,
        blob_of(info.title),
        blob_of(info.preview),
        blob_of(info.cwd),
        blob_of(info.agent),
        info.from_session,
        info.from_node,
    )
    key = connection.execute(
        "INSERT INTO sessions (id, created_ms, title, preview, cwd, agent, from_session, from_node)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    ).lastrowid
    assert key is not None
    return key


def add_entries(
    connection: sqlite3.Connection, key: int, session: str, entries: Sequence[Packed]
) -> None:
    """Add at the end of the log; those that are there already are left. Raises "conflict"."""
    row = connection.execute(
        "SELECT seq FROM nodes WHERE session = ? ORDER BY seq DESC LIMIT 1", (key,)
    ).fetchone()
    seq = 0 if row is None else row[0] + 1
    for entry in entries:
        if not _there_already(connection, key, entry.laid):
            _add_entry(connection, key, session, seq, entry)
            seq += 1


def put_partial(connection: sqlite3.Connection, key: int, entry: Packed) -> None:
    """Keep a growing node in place of its former state."""
    laid = entry.laid
    found = connection.execute(
        "SELECT 1 FROM nodes WHERE session = ? AND id = ?", (key, laid.entry.id)
    ).fetchone()
    if found:
        return
    add_blobs(connection, entry.blobs)
    connection.execute(
        "INSERT OR REPLACE INTO partials (session, id, packed, refs, body) VALUES (?, ?, ?, ?, ?)",
        (key, laid.entry.id, entry.packed, laid.refs, entry.body),
    )


def drop_partial(connection: sqlite3.Connection, key: int, node: str) -> None:
    """Forget a growing node."""
    connection.execute("DELETE FROM partials WHERE session = ? AND id = ?", (key, node))


def add_blobs(connection: sqlite3.Connection, blobs: Sequence[tuple[str, bool, bytes]]) -> None:
    """Keep the blobs (address, whether compressed, data) that are not there yet."""
    connection.executemany(
        "INSERT OR IGNORE INTO blobs (address, packed, data) VALUES (?, ?, ?)", blobs
    )


def hold_blob(connection: sqlite3.Connection, blob: tuple[str, bool, bytes]) -> None:
    """Keep a blob even when no entry refers to it."""
    connection.execute(
        "INSERT INTO blobs (address, packed, data, held) VALUES (?, ?, ?, 1)"
        " ON CONFLICT (address) DO UPDATE SET held = 1",
        blob,
    )


def drop_held_blobs(connection: sqlite3.Connection, addresses: Collection[str]) -> None:
    """Let go of blobs; those that entries refer to stay for these."""
    named = [(name,) for name in addresses]
    connection.executemany("UPDATE blobs SET held = 0 WHERE address = ?", named)
    needed = referred(connection)
    connection.executemany(
        "DELETE FROM blobs WHERE address = ? AND NOT held",
        [(name,) for name in addresses if name not in needed],
    )


def set_deleted(
    connection: sqlite3.Connection, sessions: tuple[str, ...], at_ms: int | None
) -> None:
    """Put sessions in the bin, or take them out."""
    for key in [key_of(connection, session) for session in sessions]:
        connection.execute("UPDATE sessions SET deleted_ms = ? WHERE key = ?", (at_ms, key))


def purge(connection: sqlite3.Connection, sessions: tuple[str, ...]) -> None:
    """Erase all rows of the sessions, and blobs that no entry needs any more."""
    wanted = set[str]()
    for session in sessions:
        wanted |= _addresses(connection, session)
        _erase(connection, key_of(connection, session), session)
    if wanted:
        wanted -= referred(connection)
        connection.executemany(
            "DELETE FROM blobs WHERE address = ? AND NOT held", [(a,) for a in wanted]
        )


def _erase(connection: sqlite3.Connection, key: int, session: str) -> None:
    for table in ("owners", "partials", "ledger", "nodes"):
        connection.execute(f"DELETE FROM {table} WHERE session = ?", (key,))  # noqa: S608 -- our names
    connection.execute("DELETE FROM entries WHERE session = ?", (session,))
    connection.execute("DELETE FROM sessions WHERE key = ?", (key,))
    # So that no repair brings it back from a page that was not written over yet.
    connection.execute("INSERT OR IGNORE INTO purged VALUES (?)", (session,))


def referred(connection: sqlite3.Connection) -> set[str]:
    """The blobs that any entry refers to; reads all of them."""
    return _addresses(connection, None)


def _addresses(connection: sqlite3.Connection, session: str | None) -> set[str]:
    """The blobs that entries of a session, or of all, refer to; growing nodes included."""
    asked = (
        "SELECT refs FROM entries WHERE refs != '' AND (?1 IS NULL OR session = ?1)",
        "SELECT refs FROM partials WHERE refs != '' AND ?1 IS NULL",
    )
    found: set[str] = set()
    for question in asked:
        for (refs,) in connection.execute(question, (session,)):
            found.update(name for _, name in msgspec.json.decode(refs, type=list[tuple[int, str]]))
    return found


def _there_already(connection: sqlite3.Connection, key: int, laid: Laid) -> bool:
    row = connection.execute(
        "SELECT e.crc FROM nodes n LEFT JOIN entries e ON e.key = n.entry"
        " WHERE n.session = ? AND n.id = ?",
        (key, laid.entry.id),
    ).fetchone()
    if row is None:
        return False
    if row[0] != laid.crc:
        raise StoreError(f"There is another node {laid.entry.id} in the session.", kind="conflict")
    return True


def _add_entry(
    connection: sqlite3.Connection, key: int, session: str, seq: int, packed_: Packed
) -> None:
    laid, entry = packed_.laid, packed_.laid.entry
    parent = _parent(connection, key, entry)
    add_blobs(connection, packed_.blobs)
    flags = (ASIDE if entry.aside else 0) | (MARK if entry.mark else 0)
    written = (session, laid.crc, packed_.packed, laid.refs, packed_.body)
    add_row(connection, key, entry, (seq, parent, flags), written)
    connection.execute("DELETE FROM partials WHERE session = ? AND id = ?", (key, entry.id))


def add_row(
    connection: sqlite3.Connection,
    key: int,
    entry: Entry,
    shape: tuple[int, int, int],
    written: tuple[str, int, bool, str, bytes],
) -> None:
    """One entry as it stands in all tables.

    `shape` is its place, its parent's and its flags; `written` the columns of `entries`.
    """
    row = connection.execute(
        "INSERT INTO entries (session, crc, packed, refs, body) VALUES (?, ?, ?, ?, ?)", written
    ).lastrowid
    seq, parent, flags = shape
    connection.execute(
        "INSERT INTO nodes (session, seq, id, parent, kind, flags, at_ms, entry)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (key, seq, entry.id, parent, entry.node.kind, flags, entry.at_ms, row),
    )
    _derive(connection, key, entry, row)


def _parent(connection: sqlite3.Connection, key: int, entry: Entry) -> int:
    if entry.parent is None:
        return -1
    row = connection.execute(
        "SELECT seq, flags FROM nodes WHERE session = ? AND id = ?", (key, entry.parent)
    ).fetchone()
    if row is None or row[1] & MARK:
        raise StoreError(
            f"The node {entry.id} cannot be stored: what it follows, {entry.parent}, is not there.",
            kind="conflict",
        )
    return int(row[0])


def _derive(connection: sqlite3.Connection, key: int, entry: Entry, row: int | None) -> None:
    """Keep what other tables repeat of an entry."""
    node = entry.node
    if isinstance(node, Renamed):
        connection.execute(
            "UPDATE sessions SET title = ? WHERE key = ?", (blob_of(node.title), key)
        )
    elif isinstance(node, UserMessage) and not node.message.synthetic:
        text = blob_of(words_of(node)[:_PREVIEW])
        connection.execute(
            "UPDATE sessions SET preview = ? WHERE key = ? AND preview = x''", (text, key)
        )
    elif isinstance(node, Billed) and node.model and node.usage is not None:
        usage = msgspec.json.encode(node.usage).decode()
        connection.execute(
            "INSERT INTO ledger (entry, session, node, at_ms, agent, model, usage, cost)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row,
                key,
                entry.id,
                entry.at_ms,
                blob_of(entry.agent),
                blob_of(node.model),
                usage,
                node.cost,
            ),
        )
