"""Whether a store is sound, without changing a byte of it.

Owns the looking; mending is `salvage`'s. May be used while programs have the
store open.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from alloy_tui.sessions import recovery
from alloy_tui.sessions.connecting import connect, patiently
from alloy_tui.sessions.contents import sound_body
from alloy_tui.sessions.faults import explain
from alloy_tui.sessions.logs import TORN


class Health(msgspec.Struct, frozen=True):
    """What was found. `problem` is a sentence about the file as a whole, None if it is sound.

    `unreadable` counts entries that are not what was once written; `set_aside`
    are copies that were kept when a log did not fit, and may hold more.
    """

    size: int
    sessions: int = 0
    entries: int = 0
    unreadable: int = 0
    problem: str | None = None
    set_aside: tuple[Path, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether a repair has nothing to do."""
        return self.problem is None and not self.unreadable and not self.set_aside


def examine(path: Path) -> Health:
    """Look at the store whose main file is at `path`; reads all of it."""
    torn = tuple(sorted(path.parent.glob(f"{path.stem}.{TORN}-*{path.suffix}")))
    size = 0
    try:
        size = path.stat().st_size
        with closing(patiently(lambda: connect(path, reading=True))) as connection:
            problem = _fault(connection)
            sessions = sum(1 for _ in recovery.raw_sessions(connection))
            entries = unreadable = 0
            for _, _, crc, packed, refs, body in recovery.raw_entries(connection):
                entries += 1
                try:
                    sound_body(crc, packed, refs, body)
                except recovery.DAMAGE:
                    unreadable += 1
    except (sqlite3.Error, OSError) as error:
        return Health(size, problem=explain(error, path).message, set_aside=torn)
    return Health(size, sessions, entries, unreadable, problem, torn)


def _fault(connection: sqlite3.Connection) -> str | None:
    """What SQLite says of the file's structure."""
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return None if said == "ok" else f"The file's structure is broken: {said}."
