"""Write-ahead logs that do not fit their store, found before SQLite believes them.

SQLite trusts a log whose sums are right, even if it is older than the file it
lies beside (a file put back without its log); and it drops, without a word, all
that follows the first broken frame, or the whole log of an empty file. Owns the
finding of such logs and the keeping of copies. Must not repair anything.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.alone import alone
from alloy_tui.sessions.carving import rows_of
from alloy_tui.sessions.private import copy_private, free_name
from alloy_tui.sessions.schema import keep_copy

_HEADER, _FRAME = 32, 24
TORN = "torn"
"""Part of the name of copies that were kept because a log was broken."""


class _Frame(msgspec.Struct, frozen=True):
    """One page in a log; `commits` when a transaction ends with it."""

    page: int
    commits: bool
    content: int


def set_stale_aside(path: Path) -> Path | None:
    """Rename a log that is older than its file; returns its new name.

    Only for when this process has the store not open yet. Raises StoreError
    "damaged" for a file that lost its content while its log did not, OSError.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or log.stat().st_size <= _HEADER:
        return None
    if path.stat().st_size == 0:
        raise StoreError(
            f"{path} is empty, though not all that was written to it was taken away.",
            kind="damaged",
            hint="Run alloy doctor --repair: it keeps a copy and saves all that can be read.",
        )
    with suppress(sqlite3.Error, IndexError, FileNotFoundError):
        before = _mark(log)
        if _is_stale(path, log):
            # If somebody works with it, it is no log left behind; `alone` says so.
            with suppress(StoreError), alone(path):
                if _mark(log) == before:
                    return log.rename(free_name(log.with_name(f"{log.name}.stale")))
    return None


def keep_if_torn(connection: sqlite3.Connection, path: Path) -> Path | None:
    """Copy the store and its log if SQLite cannot see a finished transaction in that log.

    `connection` has read something already, so that SQLite has judged the log;
    while it is open the log stays. Raises sqlite3.Error, OSError.
    """
    log = path.with_name(f"{path.name}-wal")
    for _ in range(5):
        if not _is_torn(path, log):
            return None
        time.sleep(0.02)  # another program may be between writing and saying so
    mark = time.strftime(f"{TORN}-%Y%m%d-%H%M%S")
    copy = keep_copy(connection, path, mark)
    copy_private(log, free_name(copy.with_name(f"{copy.name}-wal")))
    return copy


def _is_stale(path: Path, log: Path) -> bool:
    """Whether the file has given out numbers that its log knows nothing of.

    The file is read first: in a sound store the log can only be ahead.
    """
    uri = f"{path.absolute().as_uri()}?immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as bare:
        (page,) = bare.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_sequence'"
        ).fetchone() or (0,)
        (given,) = bare.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"
        ).fetchone() or (0,)
    logged = _logged(log.read_bytes(), page)
    return logged is not None and given > logged


def _mark(log: Path) -> tuple[bytes, int, int]:
    """What tells one state of a log from another."""
    with log.open("rb") as file:
        return file.read(_HEADER), log.stat().st_size, log.stat().st_mtime_ns


def _logged(data: bytes, page: int) -> int | None:
    """The last number given to an entry, as the log's last version of that page says."""
    frames = [f for f in _frames(data) if f.page == page]
    if not frames:
        return None
    size = _page_size(data)
    start = frames[-1].content
    for _, values in rows_of(page, data[start : start + size]):
        if len(values) == 2 and values[0] == b"entries" and isinstance(values[1], int):
            return values[1]
    return None


def _is_torn(path: Path, log: Path) -> bool:
    try:
        data = log.read_bytes()
        index = path.with_name(f"{path.name}-shm").read_bytes()[:48]
    except OSError:
        return False
    if len(index) < 48 or len(data) <= _HEADER:
        return False
    # The index of the log is in the machine's own byte order; it counts the frames believed in.
    order = "little" if memoryview(b"\1\0").cast("H")[0] == 1 else "big"
    believed = int.from_bytes(index[16:20], order)
    return any(f.commits for f in list(_frames(data))[believed:])


def _frames(data: bytes) -> Iterator[_Frame]:
    """The frames of the log's present round, in order; what earlier rounds left is not theirs."""
    size, salts = _page_size(data), data[16:24]
    for start in range(_HEADER, len(data) - size - _FRAME + 1, size + _FRAME):
        head = data[start : start + _FRAME]
        if head[8:16] != salts:
            return
        page, pages = int.from_bytes(head[:4]), int.from_bytes(head[4:8])
        yield _Frame(page, pages != 0, start + _FRAME)


def _page_size(data: bytes) -> int:
    size = int.from_bytes(data[8:12])
    return size if 512 <= size <= 65536 else 4096
