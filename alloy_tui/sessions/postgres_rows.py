"""How entries become rows on a PostgreSQL server, and who may write them.

Owns the statements that write; each function works within the transaction of
its caller (`writer`) and may be done again after that failed. What is written
to one session waits for its row in `sessions`, so claims and appends of several
programs come one after the other. Must not know of threads.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions import rows
from alloy_tui.sessions.contents import Laid, lay_down
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.lexemes import Vector, vector
from alloy_tui.sessions.nodes import Billed, Entry, Opened, Renamed, UserMessage
from alloy_tui.sessions.owners import Process, myself
from alloy_tui.sessions.ownership import interrupted
from alloy_tui.sessions.postgres_reading import partials
from alloy_tui.sessions.postgres_schema import BLOBS, Connection
from alloy_tui.sessions.rows import Packed, blob_of
from alloy_tui.sessions.store import Claim, Owner
from alloy_tui.sessions.tree import ASIDE, MARK
from alloy_tui.sessions.words import words_of

_PREVIEW = 200
_CHUNK = 1_000


class Prepared(msgspec.Struct, frozen=True):
    """An entry with all that takes a moment to make: compressed, and cut into lexemes."""

    packed: Packed
    words: str
    vector: Vector


def prepared(laid: Laid) -> Prepared:
    """Do what needs no transaction."""
    words = words_of(laid.entry.node)
    return Prepared(rows.packed(laid), words, vector(words))


def locked_key(connection: Connection, session: str) -> int:
    """The session's number, and nobody else writes to it until we end. Raises "unknown"."""
    row = connection.execute(
        "SELECT key FROM sessions WHERE id = %s FOR NO KEY UPDATE", (session,)
    ).fetchone()
    if row is None:
        raise rows.unknown(session)
    return int(row[0])


def _locked_keys(connection: Connection, sessions: tuple[str, ...]) -> list[int]:
    # In one order everywhere, so that two programs cannot wait for each other.
    return [locked_key(connection, session) for session in sorted(set(sessions))]


def writable_key(connection: Connection, session: str, token: str) -> int:
    """The same, if `token` still allows to write. Raises StoreError "owned"."""
    key = locked_key(connection, session)
    # A statement of its own: it sees what was stored while the first one waited.
    row = connection.execute("SELECT token FROM owners WHERE session = %s", (key,)).fetchone()
    if row is None or row[0] != token:
        raise rows.owned(session)
    return key


def add_session(connection: Connection, session: str, entries: Sequence[Prepared]) -> int:
    """A new session; returns its number. Raises StoreError "conflict"."""
    opened = entries[0].packed.laid.entry if entries else None
    if opened is None or not isinstance(node := opened.node, Opened):
        raise StoreError("A session begins with what it is.", kind="conflict")
    row = connection.execute(
        "INSERT INTO sessions (id, created_ms, title, preview, cwd, agent, from_session, from_node)"
        " VALUES (%s, %s, %s, '', %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING RETURNING key",
        (
            session,
            opened.at_ms,
            blob_of(node.title),
            blob_of(node.cwd),
            blob_of(node.agent),
            node.from_session,
            node.from_node,
        ),
    ).fetchone()
    if row is None:
        raise StoreError(f"There is a session {session} already.", kind="conflict")
    add_entries(connection, int(row[0]), entries)
    return int(row[0])


def add_entries(connection: Connection, key: int, entries: Sequence[Prepared]) -> None:
    """Add at the end of the log; those that are there already are left. Raises "conflict"."""
    every = [each.packed.laid.entry for each in entries]
    names = list({e.id for e in every} | {e.parent for e in every if e.parent is not None})
    known: dict[str, tuple[int, int, int]] = {  # place, flags, checksum
        row[0]: (row[1], row[2], row[3])
        for row in connection.execute(
            "SELECT id, seq, flags, crc FROM entries WHERE session = %s AND id = ANY(%s)",
            (key, names),
        )
    }
    (last,) = connection.execute(
        "SELECT max(seq) FROM entries WHERE session = %s", (key,)
    ).fetchone() or (None,)
    seq = -1 if last is None else int(last)
    fresh: list[tuple[Prepared, int, int, int]] = []
    for each in entries:
        laid, entry = each.packed.laid, each.packed.laid.entry
        if entry.id in known:
            if known[entry.id][2] != laid.crc:
                raise StoreError(
                    f"There is another node {entry.id} in the session.", kind="conflict"
                )
            continue
        seq += 1
        flags = (ASIDE if entry.aside else 0) | (MARK if entry.mark else 0)
        fresh.append((each, seq, _parent(known, entry), flags))
        known[entry.id] = (seq, flags, laid.crc)
    if fresh:
        _insert(connection, key, fresh)
        _derive(connection, key, [each for each, *_ in fresh])


def _parent(known: dict[str, tuple[int, int, int]], entry: Entry) -> int:
    if entry.parent is None:
        return -1
    place, flags, _ = known.get(entry.parent, (0, MARK, 0))
    if flags & MARK:
        raise StoreError(
            f"The node {entry.id} cannot be stored: what it follows, {entry.parent}, is not there.",
            kind="conflict",
        )
    return place


def _insert(
    connection: Connection, key: int, fresh: Sequence[tuple[Prepared, int, int, int]]
) -> None:
    """The rows of entries and of their words, many in one statement."""
    add_blobs(connection, [blob for each, *_ in fresh for blob in each.packed.blobs])
    for start in range(0, len(fresh), _CHUNK):
        part = fresh[start : start + _CHUNK]
        every = [each.packed for each, *_ in part]
        entries = [packed.laid.entry for packed in every]
        connection.execute(
            "INSERT INTO entries (session, seq, id, parent, kind, flags, at_ms, crc, packed, refs,"
            " body) SELECT %s, * FROM unnest(%s::int[], %s::text[], %s::int[], %s::text[],"
            " %s::smallint[], %s::bigint[], %s::bigint[], %s::bool[], %s::text[], %b::bytea[])",
            (
                key,
                [seq for _, seq, _, _ in part],
                [entry.id for entry in entries],
                [parent for _, _, parent, _ in part],
                [entry.node.kind for entry in entries],
                [flags for *_, flags in part],
                [entry.at_ms for entry in entries],
                [packed.laid.crc for packed in every],
                [packed.packed for packed in every],
                [packed.laid.refs for packed in every],
                [packed.body for packed in every],
            ),
        )
        worded = [(e.vector, seq) for e, seq, *_ in part if e.words]
        connection.execute(
            "INSERT INTO words (entry, session, loose, vector)"
            " SELECT e.key, e.session, w.loose, w.vector::tsvector"
            " FROM unnest(%s::int[], %s::smallint[], %s::text[]) AS w (seq, loose, vector)"
            " JOIN entries e ON e.session = %s AND e.seq = w.seq",
            (
                [seq for _, seq in worded],
                [vector.loose for vector, _ in worded],
                [vector.spelled for vector, _ in worded],
                key,
            ),
        )
    names = [each.packed.laid.entry.id for each, *_ in fresh]
    connection.execute("DELETE FROM partials WHERE session = %s AND id = ANY(%s)", (key, names))


def _derive(connection: Connection, key: int, fresh: Sequence[Prepared]) -> None:
    """Keep what other tables repeat of entries."""
    for each in fresh:
        entry = each.packed.laid.entry
        node = entry.node
        if isinstance(node, Renamed):
            connection.execute(
                "UPDATE sessions SET title = %s WHERE key = %s", (blob_of(node.title), key)
            )
        elif isinstance(node, UserMessage) and not node.message.synthetic:
            connection.execute(
                "UPDATE sessions SET preview = %s WHERE key = %s AND preview = ''",
                (blob_of(each.words[:_PREVIEW]), key),
            )
        elif isinstance(node, Billed) and node.model and node.usage is not None:
            usage = msgspec.json.encode(node.usage).decode()
            spent = (entry.at_ms, blob_of(entry.agent), blob_of(node.model), usage, node.cost)
            connection.execute(
                "INSERT INTO ledger (entry, session, node, at_ms, agent, model, usage, cost)"
                " SELECT key, session, id, %s, %s, %s, %s, %s FROM entries"
                " WHERE session = %s AND id = %s",
                (*spent, key, entry.id),
            )


def put_partial(connection: Connection, key: int, entry: Packed) -> None:
    """Keep a growing node in place of its former state."""
    name = entry.laid.entry.id
    found = connection.execute(
        "SELECT 1 FROM entries WHERE session = %s AND id = %s", (key, name)
    ).fetchone()
    if found:
        return
    add_blobs(connection, entry.blobs)
    connection.execute(
        "INSERT INTO partials (session, id, packed, refs, body) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (session, id) DO UPDATE SET packed = excluded.packed,"
        " refs = excluded.refs, body = excluded.body",
        (key, name, entry.packed, entry.laid.refs, entry.body),
    )


def drop_partial(connection: Connection, key: int, node: str) -> None:
    """Forget a growing node."""
    connection.execute("DELETE FROM partials WHERE session = %s AND id = %s", (key, node))


def add_blobs(
    connection: Connection, blobs: Sequence[tuple[str, bool, bytes]], *, held: bool = False
) -> None:
    """Keep the blobs (address, whether compressed, data); `held` ones even without an entry."""
    if not blobs:
        return
    # Until we end, nobody drops blobs that seem to be needed no more.
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (BLOBS,))
    with connection.cursor() as cursor:
        # In one order everywhere, so that two programs cannot wait for each other.
        cursor.executemany(
            "INSERT INTO blobs (address, packed, data, held) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (address) DO UPDATE SET held = TRUE"
            " WHERE excluded.held AND NOT blobs.held",
            [(*blob, held) for blob in sorted(blobs)],
        )


def drop_held_blobs(connection: Connection, addresses: list[str]) -> None:
    """Let go of blobs; those that entries refer to stay for these."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (BLOBS,))
    connection.execute("UPDATE blobs SET held = FALSE WHERE address = ANY(%s)", (addresses,))
    _drop_unneeded(connection, set(addresses))


def set_deleted(connection: Connection, sessions: tuple[str, ...], at_ms: int | None) -> None:
    """Put sessions in the bin, or take them out."""
    keys = _locked_keys(connection, sessions)
    connection.execute("UPDATE sessions SET deleted_ms = %s WHERE key = ANY(%s)", (at_ms, keys))


def purge(connection: Connection, sessions: tuple[str, ...]) -> None:
    """Erase all rows of the sessions, and blobs that no entry needs any more."""
    keys = _locked_keys(connection, sessions)
    wanted = _addresses(
        connection.execute(
            "SELECT refs FROM entries WHERE session = ANY(%s) AND refs <> '' UNION"
            " SELECT refs FROM partials WHERE session = ANY(%s) AND refs <> ''",
            (keys, keys),
        ).fetchall()
    )
    if wanted:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (BLOBS,))
    connection.execute("DELETE FROM ledger WHERE session = ANY(%s)", (keys,))
    connection.execute("DELETE FROM sessions WHERE key = ANY(%s)", (keys,))
    if wanted:
        _drop_unneeded(connection, wanted)


def _drop_unneeded(connection: Connection, addresses: set[str]) -> None:
    """Erase those of `addresses` that nothing needs any more."""
    gone = list(addresses - referred(connection))
    connection.execute("DELETE FROM blobs WHERE address = ANY(%s) AND NOT held", (gone,))


def referred(connection: Connection) -> set[str]:
    """The blobs that any entry refers to, growing ones included; reads all of them."""
    written = connection.execute(
        "SELECT refs FROM entries WHERE refs <> '' UNION SELECT refs FROM partials WHERE refs <> ''"
    )
    return _addresses(written.fetchall())


def _addresses(refs: Sequence[tuple[Any, ...]]) -> set[str]:
    return {
        name
        for (written,) in refs
        for _, name in msgspec.json.decode(written, type=list[tuple[int, str]])
    }


def claim(connection: Connection, session: str, life: int) -> Claim:
    """Become the owner, unless another one lives. Raises StoreError "unknown"."""
    key = locked_key(connection, session)
    row = connection.execute(
        "SELECT pid, boot, started, space, life, since_ms FROM owners WHERE session = %s", (key,)
    ).fetchone()
    if row is not None and _lives(connection, Process(*row[:4]), row[4], life):
        return Claim(None, Owner(row[0], row[5]))
    token = take(connection, key, life)
    left = [prepared(lay_down(interrupted(entry))) for entry in partials(connection, key)]
    add_entries(connection, key, left)
    connection.execute("DELETE FROM partials WHERE session = %s", (key,))
    return Claim(token)


def living(connection: Connection, our_life: int) -> dict[str, Owner]:
    """Who writes now, by session; rows of programs that died are left out."""
    found = connection.execute(
        "SELECT o.pid, o.boot, o.started, o.space, o.life, o.since_ms, s.id FROM owners o"
        " JOIN sessions s ON s.key = o.session"
    ).fetchall()
    return {
        row[6]: Owner(row[0], row[5])
        for row in found
        if _lives(connection, Process(*row[:4]), row[4], our_life)
    }


def owned_sessions(connection: Connection) -> list[tuple[str, bool]]:
    """The sessions that were not given back, and of each whether its owner is dead for certain.

    Of one on another machine that is never certain: it may only be away.
    """
    me = myself()
    found = connection.execute(
        "SELECT o.pid, o.boot, o.started, o.space, s.id FROM owners o"
        " JOIN sessions s ON s.key = o.session"
    ).fetchall()
    sessions: list[tuple[str, bool]] = []
    for *about, session in found:
        owner = Process(*about)
        here = bool(me.boot) and (owner.boot, owner.space) == (me.boot, me.space)
        sessions.append((str(session), here and not owner.alive()))
    return sessions


def _lives(connection: Connection, owner: Process, its_life: int, our_life: int) -> bool:
    """Whether the owner still runs: on this machine it is looked at, elsewhere its lock tells."""
    me = myself()
    if me.boot and (owner.boot, owner.space) == (me.boot, me.space):
        return owner.alive()
    if its_life == our_life:
        return True
    (free,) = cast(
        "tuple[bool]",
        connection.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", (its_life,)).fetchone(),
    )
    return not free


def take(connection: Connection, key: int, life: int) -> str:
    """Make this program the owner, whoever was before; returns the token."""
    token, me = secrets.token_hex(16), myself()
    connection.execute("DELETE FROM owners WHERE session = %s", (key,))
    connection.execute(
        "INSERT INTO owners (session, token, life, pid, boot, started, space, since_ms)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (key, token, life, me.pid, me.boot, me.started, me.space, wall_clock_ms()),
    )
    return token


def release(connection: Connection, token: str) -> None:
    """Give up what `token` holds, if anything."""
    connection.execute("DELETE FROM owners WHERE token = %s", (token,))
