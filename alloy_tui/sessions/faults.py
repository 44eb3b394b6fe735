"""What SQLite and the file system complain of, in words for a person.

Owns the mapping from their errors to `StoreError`. Must not know what was asked.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from alloy_tui.domain.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_IO = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL}
_ACCESS = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's result code without its extension; None for errors of the Python side."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_locked(error: BaseException) -> bool:
    """Whether another program holds what was asked for, and asking again will help."""
    return isinstance(error, sqlite3.Error) and primary_code(error) in _LOCKED


def is_damage(error: BaseException) -> bool:
    """Whether the file, or a part of it, is broken."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = primary_code(error)
    # A schema that names tables that are not there, or rows of the wrong shape, is damage as well.
    return code in _BROKEN or code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, None)


def explain(error: BaseException, path: Path) -> StoreError:
    """The error as a `StoreError` about the file at `path`."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, OSError):
        return _explain_os(error, path)
    code = primary_code(error) if isinstance(error, sqlite3.Error) else None
    if code == sqlite3.SQLITE_FULL:
        return _full(path)
    if code in _LOCKED:
        return StoreError(
            f"Another program has held {path} for too long; nothing was stored.",
            kind="busy",
            hint="Look for a program that backs up or inspects the file, and try again.",
        )
    if code in _IO:
        return StoreError(
            f"The disk failed while {path} was read or written; nothing was stored.",
            kind="io",
            hint="Check the disk and its free space, then try again.",
        )
    if code in _ACCESS:
        return StoreError(
            f"{path} may not be opened or written.",
            kind="access",
            hint="Check the owner and mode of the file and its folder.",
        )
    if code in _BROKEN:
        return StoreError(
            f"A part of {path} is damaged.",
            kind="damaged",
            hint="Run alloy doctor --repair: it keeps a copy and saves all that can be read.",
        )
    return StoreError(f"{path} could not be used: {error}.", kind="damaged")


def _explain_os(error: OSError, path: Path) -> StoreError:
    if error.errno in _FULL:
        return _full(path)
    kind = "access" if isinstance(error, PermissionError | FileNotFoundError) else "io"
    words = error.strerror or str(error)
    return StoreError(f"{path} could not be used: {words}.", kind=kind)


def _full(path: Path) -> StoreError:
    return StoreError(
        f"There is no room left to write {path}; nothing was stored.",
        kind="full",
        hint="Free some space on that disk, then try again.",
    )
