"""Reading around damage: slower, and nothing that can be read is left out.

Owns the search for what a broken page still lets through, and the making of a
tree from remains. Reads each table by itself and by its number alone, since
indexes and joins break with any of their pages. Writes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.nodes import SPOKEN, Billed, Entry, Lost, Opened, Renamed, is_prompt
from alloy_tui.sessions.reading import Unsound, entry_from, info_from
from alloy_tui.sessions.store import SessionInfo, Spent
from alloy_tui.sessions.tree import ADOPTED, ASIDE, MARK, Heads, SessionTree
from alloy_tui.sessions.words import words_of

Row = Sequence[Any]
DAMAGE = (sqlite3.Error, StoreError, Unsound, ValueError, TypeError, OverflowError)
"""What reading a damaged store may raise."""
# So many single rows are tried one by one; a store with more holes is for salvage.
_TRIES = 200_000


def ranged(fetch: Callable[[int, int], list[Row]], low: int, high: int) -> Iterator[Row]:
    """All rows that `fetch(from, to)` gives; ranges it fails on are halved down to single rows."""
    left, tries = [(low, high)], 0
    while left and tries < _TRIES:
        start, end = left.pop()
        tries += 1
        try:
            yield from fetch(start, end)
        except (sqlite3.Error, ValueError, OverflowError):
            if start < end:
                middle = (start + end) // 2
                left += [(middle + 1, end), (start, middle)]


def raw_entries(connection: sqlite3.Connection, session: str | None = None) -> Iterator[Row]:
    """`key, session, crc, packed, refs, body` of all entries, or of one session's, by key."""
    high = _highest(connection, "entries")
    yield from ranged(lambda low, top: _between(connection, low, top, session), 0, high)


def readable_after(
    connection: sqlite3.Connection, last: int, limit: int
) -> list[tuple[int, str, Entry | None]]:
    """The next entries by number, with their session; None for those that cannot be read.

    Empty only when there are none after `last`.
    """
    try:
        rows: Iterable[Row] = connection.execute(
            "SELECT key, session, crc, packed, refs, body FROM entries WHERE key > ?"
            " ORDER BY key LIMIT ?",
            (last, limit),
        ).fetchall()
        found: list[tuple[int, str, Entry | None]] = []
    except sqlite3.Error:
        end = min(last + limit, _highest(connection, "entries"))
        rows = ranged(lambda low, high: _between(connection, low, high, None), last + 1, end)
        found = [(end, "", None)] if end > last else []
    for key, session, *row in rows:
        try:
            found.append((key, session, entry_from(connection, row)))
        except DAMAGE:
            found.append((key, "", None))
    return sorted(found, key=lambda each: each[0])


def raw_sessions(connection: sqlite3.Connection) -> Iterator[Row]:
    """The columns of all sessions' rows."""

    def fetch(low: int, high: int) -> list[Row]:
        return connection.execute(
            "SELECT key, id, created_ms, title, preview, cwd, agent, from_session, from_node,"
            " deleted_ms FROM sessions NOT INDEXED WHERE key BETWEEN ? AND ?",
            (low, high),
        ).fetchall()

    yield from ranged(fetch, 0, _highest(connection, "sessions"))


def raw_blobs(connection: sqlite3.Connection) -> Iterator[Row]:
    """`held, packed, address, data` of all blobs."""

    def fetch(low: int, high: int) -> list[Row]:
        return connection.execute(
            "SELECT held, packed, address, data FROM blobs NOT INDEXED WHERE key BETWEEN ? AND ?",
            (low, high),
        ).fetchall()

    high = _highest(connection, "blobs")
    for start in range(0, high + 1, 256):  # blobs are large: not all at once
        yield from ranged(fetch, start, min(start + 255, high))


def remains(connection: sqlite3.Connection, session: str) -> list[Entry]:
    """The session's entries in order; those whose content is lost as `Lost` nodes.

    Raises StoreError "unknown" when nothing of it is there.
    """
    return [entry for _, entry in placed_remains(connection, session)]


def placed_remains(connection: sqlite3.Connection, session: str) -> list[tuple[int, Entry]]:
    """The same with the numbers that give the order."""
    found: dict[str, tuple[int, Entry]] = {}
    for key, _, *row in raw_entries(connection, session):
        try:
            entry = entry_from(connection, row)
        except DAMAGE:
            continue
        found.setdefault(entry.id, (key, entry))
    try:
        shapes = list(_shapes(connection, session))
    except DAMAGE:
        shapes = []
    names = {seq: id_ for seq, id_, *_ in shapes}
    for _, id_, parent, kind, flags, at_ms, key in shapes:
        if isinstance(id_, str) and id_ not in found:
            lost = Entry(
                id_,
                names.get(parent),
                int(at_ms),
                Lost(str(kind)),
                "",
                bool(flags & ASIDE),
                bool(flags & MARK),
            )
            found[id_] = (key, lost)
    if not found:
        raise StoreError(f"There is no session {session}.", kind="unknown")
    return sorted(found.values(), key=lambda pair: pair[0])


def rooted(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str | None, int]]:
    """Each entry with its parent and flags; one whose parent is lost is adopted.

    It then hangs below the last node before it.
    """
    known: set[str] = set()
    last: str | None = None
    for entry in entries:
        parent, flags = entry.parent, (ASIDE if entry.aside else 0) | (MARK if entry.mark else 0)
        if parent is not None and parent not in known:
            parent, flags = (None if entry.mark else last), flags | ADOPTED
        yield entry, parent, flags
        if not entry.mark:
            known.add(entry.id)
            last = entry.id


def tree_of(entries: Sequence[Entry]) -> SessionTree:
    """A tree from what remains."""
    places: dict[str, int] = {}
    parents: list[int] = []
    flags: list[int] = []
    for place, (entry, parent, bits) in enumerate(rooted(entries)):
        parents.append(-1 if parent is None else places[parent])
        flags.append(bits)
        places[entry.id] = place
    heads = Heads(tuple(places), parents, [e.node.kind for e in entries], flags)
    return SessionTree(heads, [e for e in entries if e.mark])


def infos(connection: sqlite3.Connection) -> tuple[SessionInfo, ...]:
    """All sessions of which anything is left, the latest used first."""
    found: dict[str, SessionInfo] = {}
    last = _last_entries(connection)
    for key, id_, created, *rest in raw_sessions(connection):
        try:
            at_ms, count = last.pop(id_, None) or _last_node(connection, key) or (created, 0)
            head, tail = rest[:4], rest[4:]
            found[id_] = info_from((id_, created, at_ms, *head, count, *tail, max(0, count - 1)))
        except DAMAGE:
            continue
    for id_ in last:  # the session's own row is lost
        if id_ not in found:
            found[id_] = info_of(id_, remains(connection, id_))
    return tuple(sorted(found.values(), key=lambda i: -i.updated_ms))


def info_of(session: str, entries: Sequence[Entry]) -> SessionInfo:
    """A session at a glance from its entries alone."""
    opened = next((e.node for e in entries if isinstance(e.node, Opened)), Opened())
    titles = [e.node.title for e in entries if isinstance(e.node, Renamed)]
    preview = next((words_of(e.node) for e in entries if is_prompt(e.node)), "")
    return SessionInfo(
        session,
        entries[0].at_ms,
        entries[-1].at_ms,
        titles[-1] if titles else opened.title,
        preview[:200],
        opened.cwd,
        opened.agent,
        len(entries),
        opened.from_session,
        opened.from_node,
        messages=sum(e.node.kind in SPOKEN for e in entries),
    )


def _last_entries(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """By session: when its last readable entry was made, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    for _, session, *row in raw_entries(connection):
        try:
            entry = entry_from(connection, row)
        except DAMAGE:
            continue
        found[session] = (entry.at_ms, found.get(session, (0, 0))[1] + 1)
    return found


def _last_node(connection: sqlite3.Connection, key: int) -> tuple[int, int] | None:
    rows = list(_nodes(connection, key))
    return (int(rows[-1][5]), len(rows)) if rows else None


def _shapes(connection: sqlite3.Connection, session: str) -> Iterator[Row]:
    """`seq, id, parent, kind, flags, at_ms, entry` of the session's nodes."""
    for key, id_, *_ in raw_sessions(connection):
        if id_ == session:
            yield from _nodes(connection, key)
            return


def _nodes(connection: sqlite3.Connection, key: int) -> Iterator[Row]:
    def fetch(low: int, high: int) -> list[Row]:
        return connection.execute(
            "SELECT seq, id, parent, kind, flags, at_ms, entry FROM nodes"
            " WHERE session = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            (key, low, high),
        ).fetchall()

    yield from ranged(fetch, 0, _highest(connection, "entries"))


def _between(connection: sqlite3.Connection, low: int, high: int, session: str | None) -> list[Row]:
    return connection.execute(
        "SELECT key, session, crc, packed, refs, body FROM entries NOT INDEXED"
        " WHERE key BETWEEN ?1 AND ?2 AND (?3 IS NULL OR session = ?3) ORDER BY key",
        (low, high, session),
    ).fetchall()


def _highest(connection: sqlite3.Connection, table: str) -> int:
    """A number that no row's is above."""
    asked = (
        f"SELECT max(key) FROM {table}",  # noqa: S608 -- the callers' constants
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",  # noqa: S608 -- likewise
        # No page holds more rows than this.
        "SELECT page_count * 100 FROM pragma_page_count",
    )
    for question in asked:
        try:
            (number,) = connection.execute(question).fetchone() or (None,)
            if isinstance(number, int):
                return number
        except sqlite3.Error:
            continue
    return 0


def spent(connection: sqlite3.Connection, session: str | None, since_ms: int) -> tuple[Spent, ...]:
    """The ledger made anew from what entries say."""
    found: list[Spent] = []
    for _, id_, *row in raw_entries(connection, session):
        try:
            entry = entry_from(connection, row)
        except DAMAGE:
            continue
        node = entry.node
        if not isinstance(node, Billed) or not node.model or node.usage is None:
            continue
        if entry.at_ms >= since_ms:
            found.append(
                Spent(id_, entry.id, entry.at_ms, entry.agent, node.model, node.usage, node.cost)
            )
    return tuple(found)


def texts(connection: sqlite3.Connection, session: str) -> list[tuple[int, str, str]]:
    """Number, words and session of its entries, as the index knows them."""
    found: list[tuple[int, str, str]] = []
    for key, id_, *row in raw_entries(connection, session):
        with suppress(*DAMAGE):
            found.append((key, words_of(entry_from(connection, row).node), id_))
    return found
