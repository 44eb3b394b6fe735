"""From candidates of the index to hits that can be shown, the best first.

Owns the order of hits and what is left out: sessions in the bin, copies of one
message in several sessions. Must not know where entries come from (`Held`);
`held_by` reads them from SQLite, within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias

from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.reading import entry_from
from alloy_tui.sessions.recovery import DAMAGE
from alloy_tui.sessions.search import Candidates
from alloy_tui.sessions.snippets import Term, likeness, passage
from alloy_tui.sessions.store import Hit
from alloy_tui.sessions.words import words_of

# What people and models said is looked for more often than what tools printed.
_WEIGHTS = {"user": 1.5, "answer": 1.2, "note": 1.5, "checkpoint": 1.5, "tool_result": 0.8}


Held: TypeAlias = Callable[[int], tuple[str, Entry] | None]
"""From an entry's number to its session and itself; None when it is not to be shown."""


def hits(held: Held, found: Candidates, wanted: Sequence[Term], limit: int) -> tuple[Hit, ...]:
    """At most `limit` of the candidates as hits."""
    seen: set[str] = set()
    scored: list[tuple[float, str, Entry, str]] = []
    for place, key in enumerate(found.keys):
        if found.ranked and len(scored) >= limit:
            break
        kept = held(key)
        if kept is None or kept[1].id in seen:
            continue
        session, entry = kept
        seen.add(entry.id)
        words = words_of(entry.node)
        # Of equals, the newer one: candidates that are not ranked come in that order.
        score = -place if found.ranked else likeness(words, wanted) - 0.002 * place
        weight = 1.0 if found.ranked else _WEIGHTS.get(entry.node.kind, 1.0)
        scored.append((score * weight, session, entry, words))
    scored.sort(key=lambda each: -each[0])
    return tuple(_hit(*each[1:], wanted) for each in scored[:limit])


def _hit(session: str, entry: Entry, words: str, wanted: Sequence[Term]) -> Hit:
    shown = passage(words, wanted)
    return Hit(session, entry.id, entry.node.kind, entry.at_ms, shown.text, shown.marks)


def held_by(connection: sqlite3.Connection) -> Held:
    """The entries of a store that are readable and not in the bin."""
    binned = {
        id_ for (id_,) in connection.execute("SELECT id FROM sessions WHERE deleted_ms NOT NULL")
    }

    def held(key: int) -> tuple[str, Entry] | None:
        try:
            row = connection.execute(
                "SELECT session, crc, packed, refs, body FROM entries WHERE key = ?", (key,)
            ).fetchone()
            if row is None or row[0] in binned:
                return None
            return row[0], entry_from(connection, row[1:])
        except DAMAGE:
            return None

    return held
