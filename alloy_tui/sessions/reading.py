"""How rows become entries and trees again, quickly while all is well.

Owns the statements that read a sound store, within a transaction of the caller
(`connecting.Readers`). What cannot be read so is raised as sqlite3.Error or
`Unsound`, and `recovery` reads it another way.
"""

from __future__ import annotations

import operator
import sqlite3
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.contents import address, put_together, sound_body, unpack
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.rows import blob_of
from alloy_tui.sessions.store import SessionInfo, Spent
from alloy_tui.sessions.tree import Heads, SessionTree

_CHUNK = 500
_integers = msgspec.json.Decoder(list[int])
_strings = msgspec.json.Decoder(list[str])
_BODY = "e.crc, e.packed, e.refs, e.body"


class Unsound(Exception):  # noqa: N818 -- never leaves the package
    """Rows were read, and cannot be true: the store is damaged."""


def text_of(data: bytes) -> str:
    """A string as `rows.blob_of` wrote it."""
    return data.decode("utf-8", "surrogatepass")


def entry_from(connection: sqlite3.Connection, row: Sequence[Any]) -> Entry:
    """An entry from `crc, packed, refs, body`. Raises StoreError "damaged", "newer"."""
    body, refs = sound_body(*row)
    return put_together(body, refs, lambda name: blob(connection, name))


def held_blobs(connection: sqlite3.Connection) -> frozenset[str]:
    """The addresses of blobs that are kept for their own sake."""
    return frozenset(name for (name,) in connection.execute("SELECT address FROM blobs WHERE held"))


def blob(connection: sqlite3.Connection, name: str) -> bytes | None:
    """The blob at that address, None when it is lost or damaged."""
    try:
        row = connection.execute(
            "SELECT packed, data FROM blobs WHERE address = ?", (name,)
        ).fetchone()
        data = None if row is None else unpack(row[1], bool(row[0]))
    except (sqlite3.Error, StoreError, TypeError):
        return None
    return data if data is not None and address(data) == name else None


def tree(connection: sqlite3.Connection, key: int) -> SessionTree:
    """The session's tree: its shape from a scan, and the content of its marks alone."""
    heads = _heads(connection, key)
    found = connection.execute(
        f"SELECT {_BODY} FROM nodes n JOIN entries e ON e.key = n.entry"  # noqa: S608 -- constants
        " WHERE n.session = ? AND n.flags & 2 ORDER BY n.seq",
        (key,),
    )
    return SessionTree(heads, [entry_from(connection, row) for row in found])


def _heads(connection: sqlite3.Connection, key: int) -> Heads:
    """The shape in columns. Raises Unsound when it cannot be true.

    Each column comes as one JSON array: a hundred thousand rows as Python
    tuples would take three times as long, and set the garbage collector off.
    They come in the order of the table's key, and `seq` proves it.
    """
    row = connection.execute(
        "SELECT json_group_array(seq), json_group_array(id), json_group_array(parent),"
        " json_group_array(kind), json_group_array(flags) FROM nodes WHERE session = ?",
        (key,),
    ).fetchone()
    try:
        seqs, parents, flags = (_integers.decode(row[n]) for n in (0, 2, 4))
        ids, kinds = (_strings.decode(row[n]) for n in (1, 3))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unsound from error
    return heads_from(seqs, ids, parents, kinds, flags)


def heads_from(
    seqs: list[int], ids: list[str], parents: list[int], kinds: list[str], flags: list[int]
) -> Heads:
    """The shape from its columns. Raises Unsound when it cannot be true."""
    sound = (
        len(seqs) > 0
        and seqs == list(range(len(seqs)))
        and all(map(operator.lt, parents, seqs))
        and len(set(ids)) == len(ids)
    )
    if not sound:
        raise Unsound
    return Heads(ids, parents, list(map(sys.intern, kinds)), flags)


def entries(connection: sqlite3.Connection, key: int, nodes: Sequence[str]) -> dict[str, Entry]:
    """Those entries by their ids."""
    found: dict[str, Entry] = {}
    for start in range(0, len(nodes), _CHUNK):
        part = nodes[start : start + _CHUNK]
        holes = ",".join("?" * len(part))
        rows = connection.execute(
            # Named, for SQLite would rather look at all nodes of the session for each part.
            f"SELECT {_BODY} FROM nodes n INDEXED BY nodes_by_id"  # noqa: S608 -- only question marks are put in
            f" JOIN entries e ON e.key = n.entry WHERE n.session = ? AND n.id IN ({holes})",
            (key, *part),
        )
        for row in rows:
            entry = entry_from(connection, row)
            found[entry.id] = entry
    return found


def since(connection: sqlite3.Connection, key: int, count: int) -> tuple[Entry, ...]:
    """The entries from place `count` on."""
    rows = connection.execute(
        f"SELECT {_BODY} FROM nodes n JOIN entries e ON e.key = n.entry"  # noqa: S608 -- constants
        " WHERE n.session = ? AND n.seq >= ? ORDER BY n.seq",
        (key, count),
    ).fetchall()
    return tuple(entry_from(connection, row) for row in rows)


def partials(connection: sqlite3.Connection, key: int) -> tuple[Entry, ...]:
    """The growing nodes; one that cannot be read is left out, it was to be replaced anyway."""
    found: list[Entry] = []
    rows = connection.execute(
        "SELECT NULL, packed, refs, body FROM partials WHERE session = ? ORDER BY id", (key,)
    ).fetchall()
    for row in rows:
        try:
            found.append(entry_from(connection, row))
        except StoreError:
            continue
    return tuple(found)


def infos(
    connection: sqlite3.Connection,
    *,
    session: str | None = None,
    cwd: str | None = None,
    from_session: str | None = None,
    deleted: bool | None = None,
    limit: int = -1,
) -> tuple[SessionInfo, ...]:
    """Sessions at a glance, the latest used first; None leaves a condition out."""
    folder = None if cwd is None else blob_of(cwd)
    rows = connection.execute(
        "SELECT s.id, s.created_ms, l.at_ms, s.title, s.preview, s.cwd, s.agent, l.seq + 1,"
        " s.from_session, s.from_node, s.deleted_ms, (SELECT count(*) FROM nodes WHERE"
        " session = s.key AND kind IN ('user', 'answer')) FROM sessions s LEFT JOIN nodes l"
        " ON l.session = s.key AND l.seq = (SELECT max(seq) FROM nodes WHERE session = s.key)"
        " WHERE (?1 IS NULL OR s.id = ?1) AND (?2 IS NULL OR s.cwd = ?2)"
        " AND (?3 IS NULL OR (s.deleted_ms IS NOT NULL) = ?3)"
        " AND (?5 IS NULL OR s.from_session = ?5) ORDER BY l.at_ms DESC LIMIT ?4",
        (session, folder, deleted, limit, from_session),
    )
    return tuple(info_from(row) for row in rows)


def info_from(row: Sequence[Any]) -> SessionInfo:
    """A session at a glance from the columns of `infos`."""
    id_, created, updated, title, preview, cwd, agent, count, *rest = row
    session, node, deleted, messages = rest
    return SessionInfo(
        id_,
        created,
        created if updated is None else updated,
        text_of(title),
        text_of(preview),
        text_of(cwd),
        text_of(agent),
        count or 0,
        session,
        node,
        deleted,
        messages,
    )


_SPENT = (
    "SELECT s.id, l.node, l.at_ms, l.agent, l.model, l.usage, l.cost FROM ledger l"
    " JOIN sessions s ON s.key = l.session WHERE l.at_ms >= ? ORDER BY l.entry"
)
_SPENT_IN = (  # apart: with "all, or those of one" as a condition no index would be used
    "SELECT s.id, l.node, l.at_ms, l.agent, l.model, l.usage, l.cost FROM ledger l"
    " JOIN sessions s ON s.key = l.session WHERE l.at_ms >= ? AND s.id = ? ORDER BY l.entry"
)


def spent(connection: sqlite3.Connection, session: str | None, since_ms: int) -> tuple[Spent, ...]:
    """The ledger, oldest first."""
    if session is None:
        rows = connection.execute(_SPENT, (since_ms,))
    else:
        rows = connection.execute(_SPENT_IN, (since_ms, session))
    decode: Callable[[str], TokenUsage] = msgspec.json.Decoder(TokenUsage).decode
    return tuple(
        Spent(id_, node, at_ms, text_of(agent), text_of(model), decode(usage), cost)
        for id_, node, at_ms, agent, model, usage, cost in rows
    )
