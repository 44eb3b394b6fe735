"""How rows on a PostgreSQL server become entries, trees and hits again.

Owns the statements that read, within a transaction of the caller. An entry
whose content is lost comes as a `Lost` node, so that it hides no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions import finding, lexemes, rows
from alloy_tui.sessions.contents import address, put_together, sound_body, unpack
from alloy_tui.sessions.nodes import Entry, Lost
from alloy_tui.sessions.postgres_schema import Connection
from alloy_tui.sessions.reading import Unsound, heads_from, info_from, text_of
from alloy_tui.sessions.rows import blob_of
from alloy_tui.sessions.search import Candidates
from alloy_tui.sessions.snippets import Term
from alloy_tui.sessions.store import Hit, SessionInfo, Spent
from alloy_tui.sessions.tree import ASIDE, MARK, SessionTree
from alloy_tui.sessions.words import words_of

_BODY = "e.crc, e.packed, e.refs, e.body"
# What is known of an entry besides its body, should that be lost.
_PLACE = (
    "e.id, (SELECT p.id FROM entries p WHERE p.session = e.session AND p.seq = e.parent),"
    " e.at_ms, e.kind, e.flags"
)
# With this many matches or fewer all of them are ranked; more would be felt, and then
# the newest matches are the candidates.
_RANKED = 4_000
_CANDIDATES = 300


def key_of(connection: Connection, session: str) -> int:
    """The session's number within this store. Raises StoreError "unknown"."""
    row = connection.execute("SELECT key FROM sessions WHERE id = %s", (session,)).fetchone()
    if row is None:
        raise rows.unknown(session)
    return int(row[0])


def held_blobs(connection: Connection) -> frozenset[str]:
    """The addresses of blobs that are kept for their own sake."""
    rows = connection.execute("SELECT address FROM blobs WHERE held").fetchall()
    return frozenset(name for (name,) in rows)


def blob(connection: Connection, name: str) -> bytes | None:
    """The blob at that address, None when it is lost or damaged."""
    row = connection.execute(
        "SELECT packed, data FROM blobs WHERE address = %s", (name,)
    ).fetchone()
    try:
        data = None if row is None else unpack(row[1], bool(row[0]))
    except StoreError:
        return None
    return data if data is not None and address(data) == name else None


def tree(connection: Connection, key: int) -> SessionTree:
    """The session's tree: its shape from a scan, and the content of its marks alone."""
    # Each column as one JSON array, which is decoded much faster than rows or arrays are.
    row = connection.execute(
        "SELECT json_agg(seq)::text, json_agg(id)::text, json_agg(parent)::text,"
        " json_agg(kind)::text, json_agg(flags)::text FROM (SELECT seq, id, parent, kind, flags"
        " FROM entries WHERE session = %s ORDER BY seq) AS shape",
        (key,),
    ).fetchone()
    numbers, names = msgspec.json.Decoder(list[int]).decode, msgspec.json.Decoder(list[str]).decode
    seqs, ids, parents, kinds, flags = [column or "[]" for column in row or [""] * 5]
    try:
        heads = heads_from(
            numbers(seqs), names(ids), numbers(parents), names(kinds), numbers(flags)
        )
    except Unsound as error:
        raise StoreError(
            "The shape of the session on the server makes no sense.", kind="damaged"
        ) from error
    return SessionTree(heads, _entries(connection, "AND e.flags & 2 <> 0 ORDER BY e.seq", key))


def entries(connection: Connection, key: int, nodes: Sequence[str]) -> dict[str, Entry]:
    """Those entries by their ids."""
    found = _entries(connection, "AND e.id = ANY(%s)", key, list(nodes))
    return {entry.id: entry for entry in found}


def since(connection: Connection, key: int, count: int) -> tuple[Entry, ...]:
    """The entries from place `count` on."""
    return tuple(_entries(connection, "AND e.seq >= %s ORDER BY e.seq", key, count))


def marks(connection: Connection) -> Iterator[Entry]:
    """All marks of all sessions, the bin included; in a transaction. Raises StoreError.

    They come as they are asked for, so that all need not be in memory at once.
    """
    with connection.cursor("marks") as cursor:
        cursor.execute(f"SELECT {_BODY} FROM entries e WHERE e.flags & 2 <> 0".encode())  # noqa: S608 -- constants
        for row in cursor:
            yield _entry(connection, row)


def partials(connection: Connection, key: int) -> tuple[Entry, ...]:
    """The growing nodes; one that cannot be read is left out, it was to be replaced anyway."""
    found: list[Entry] = []
    written = connection.execute(
        "SELECT NULL, packed, refs, body FROM partials WHERE session = %s ORDER BY id", (key,)
    ).fetchall()
    for row in written:
        try:
            found.append(_entry(connection, row))
        except StoreError:
            continue
    return tuple(found)


def infos(
    connection: Connection,
    *,
    session: str | None = None,
    cwd: str | None = None,
    from_session: str | None = None,
    deleted: bool | None = None,
    limit: int | None = None,
) -> tuple[SessionInfo, ...]:
    """Sessions at a glance, the latest used first; None leaves a condition out."""
    written = connection.execute(
        "SELECT s.id, s.created_ms, l.at_ms, s.title, s.preview, s.cwd, s.agent, l.seq + 1,"
        " s.from_session, s.from_node, s.deleted_ms, (SELECT count(*) FROM entries WHERE"
        " session = s.key AND kind IN ('user', 'answer')) FROM sessions s LEFT JOIN LATERAL"
        " (SELECT at_ms, seq FROM entries WHERE session = s.key ORDER BY seq DESC LIMIT 1) l"
        " ON TRUE WHERE (%(id)s::text IS NULL OR s.id = %(id)s)"
        " AND (%(cwd)s::bytea IS NULL OR s.cwd = %(cwd)s)"
        " AND (%(begun)s::text IS NULL OR s.from_session = %(begun)s)"
        " AND (%(deleted)s::bool IS NULL OR (s.deleted_ms IS NOT NULL) = %(deleted)s)"
        " ORDER BY l.at_ms DESC NULLS LAST LIMIT %(limit)s",
        {
            "id": session,
            "cwd": None if cwd is None else blob_of(cwd),
            "begun": from_session,
            "deleted": deleted,
            "limit": limit,
        },
    )
    return tuple(info_from(row) for row in written)


def spent(connection: Connection, session: str | None, since_ms: int) -> tuple[Spent, ...]:
    """The ledger, oldest first."""
    written = connection.execute(
        "SELECT s.id, l.node, l.at_ms, l.agent, l.model, l.usage, l.cost FROM ledger l"
        " JOIN sessions s ON s.key = l.session WHERE l.at_ms >= %s"
        " AND (%s::text IS NULL OR s.id = %s) ORDER BY l.entry",
        (since_ms, session, session),
    )
    decode: Callable[[str], TokenUsage] = msgspec.json.Decoder(TokenUsage).decode
    return tuple(
        Spent(id_, node, at_ms, text_of(agent), text_of(model), decode(usage), cost)
        for id_, node, at_ms, agent, model, usage, cost in written
    )


def search(
    connection: Connection, wanted: Sequence[Term], session: str | None, limit: int
) -> tuple[Hit, ...]:
    """Messages that hold all of `wanted`, the best first."""
    asked = lexemes.query(wanted)
    if not asked:
        return ()
    # Only phrases need places; for single words a vector that has lost some is as good.
    certain = lexemes.WITHOUT_PLACES if not lexemes.has_phrase(wanted) else lexemes.EXACT
    within = {
        "asked": asked,
        "apart": lexemes.query(wanted, side_by_side=False),
        "session": session,
        "certain": certain,
        "ranked": _RANKED,
        "limit": _CANDIDATES,
    }
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 {_MATCHES} LIMIT %(ranked)s + 1) AS few",  # noqa: S608 -- constants
        within,
    ).fetchone() or (0,)
    best = "ts_rank(w.vector, %(asked)s::tsquery, 1) DESC, " if count <= _RANKED else ""
    keys = connection.execute(
        f"SELECT w.entry {_MATCHES} ORDER BY {best}w.entry DESC LIMIT %(limit)s".encode(),
        within,
    ).fetchall()
    held = _held(connection, [key for (key,) in keys])
    held |= _uncertain(connection, within, wanted, limit)
    found = Candidates(tuple(sorted(held, reverse=True)), ranked=False)
    return finding.hits(held.get, found, wanted, limit)


_OF_SESSIONS = (
    " JOIN sessions s ON s.key = w.session WHERE s.deleted_ms IS NULL"
    " AND (%(session)s::text IS NULL OR s.id = %(session)s)"
)
_MATCHES = (
    f"FROM words w{_OF_SESSIONS} AND w.loose <= %(certain)s AND w.vector @@ %(asked)s::tsquery"
)


def _uncertain(
    connection: Connection, within: dict[str, Any], wanted: Sequence[Term], limit: int
) -> dict[int, tuple[str, Entry]]:
    """At most `limit` of the newest matches among texts that the index does not know wholly."""
    found: dict[int, tuple[str, Entry]] = {}
    before = 1 << 62
    while len(found) < limit:
        keys = connection.execute(
            f"SELECT w.entry FROM words w{_OF_SESSIONS} AND w.entry < %(before)s"  # noqa: S608 -- constants
            " AND (w.loose = 2 OR (w.loose > %(certain)s AND w.vector @@ %(apart)s::tsquery))"
            " ORDER BY w.entry DESC LIMIT 20",
            {**within, "before": before},
        ).fetchall()
        if not keys:
            break
        before = keys[-1][0]
        held = _held(connection, [key for (key,) in keys])
        found |= {k: v for k, v in held.items() if lexemes.holds(words_of(v[1].node), wanted)}
    return found


def _held(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[str, Entry]]:
    """Entries with their session by their numbers, but for unreadable ones."""
    written = connection.execute(
        f"SELECT e.key, s.id, {_BODY} FROM entries e JOIN sessions s ON s.key = e.session"  # noqa: S608 -- constants
        " WHERE e.key = ANY(%s)",
        (list(keys),),
    ).fetchall()
    found: dict[int, tuple[str, Entry]] = {}
    for key, session, *row in written:
        try:
            found[key] = (session, _entry(connection, row))
        except StoreError:
            continue
    return found


def _entries(connection: Connection, condition: str, *values: Any) -> list[Entry]:
    """Entries of the session that is the first of `values`, lost ones included."""
    written = connection.execute(
        f"SELECT {_BODY}, {_PLACE} FROM entries e WHERE e.session = %s {condition}".encode(),  # noqa: S608 -- constants of this module
        values,
    ).fetchall()
    found: list[Entry] = []
    for row in written:
        try:
            found.append(_entry(connection, row[:4]))
        except StoreError as error:
            if error.kind == "newer":
                raise
            id_, parent, at_ms, kind, flags = row[4:]
            aside, mark = bool(flags & ASIDE), bool(flags & MARK)
            found.append(Entry(id_, parent, at_ms, Lost(kind), "", aside, mark))
    return found


def _entry(connection: Connection, row: Sequence[Any]) -> Entry:
    """An entry from `crc, packed, refs, body`. Raises StoreError "damaged", "newer"."""
    body, refs = sound_body(*row)
    return put_together(body, refs, lambda name: blob(connection, name))
