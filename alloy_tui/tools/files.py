"""Opening and replacing files without surprises.

Owns refusal of everything that is no regular file (opening a pipe would hang,
a device would never end) and atomic replacement. Knows no tool. All functions
block; callers run them in a thread.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from alloy_tui.domain.errors import ToolError
from alloy_tui.tools.paths import shown

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)
_ENTRIES_SHOWN = 20
_ENTRIES_COMPARED = 2_000


def open_regular(path: Path) -> BinaryIO:
    """The regular file at resolved `path`, unbuffered, for reading bytes.

    Raises ToolError, with what to do instead, for anything else. The kind is
    looked at before opening, for opening alone can act (a tape rewinds), and
    again after it, for the name may have changed hands.
    """
    try:
        _require_regular(path, path.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        _require_regular(path, os.fstat(descriptor))
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def stat_regular(path: Path) -> os.stat_result | None:
    """The regular file's status, None if nothing is there; ToolError for another kind."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    _require_regular(path, status)
    return status


def _require_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((words for test, words in _KINDS if test(status.st_mode)), "a special file")
    more = f" {_listing(path)}" if stat.S_ISDIR(status.st_mode) else ""
    raise ToolError(f"{shown(path)} is {kind}, not a regular file.{more}")


def _listing(folder: Path) -> str:
    try:
        with os.scandir(folder) as entries:
            names: list[str] = []
            for entry in entries:
                names.append(entry.name + ("/" if entry.is_dir(follow_symlinks=False) else ""))
                if len(names) >= _ENTRIES_COMPARED:
                    break
    except OSError:
        return "Its entries cannot be listed."
    if not names:
        return "It is empty."
    names.sort()
    rest = len(names) - _ENTRIES_SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return f"It holds: {', '.join(shown(n) for n in names[:_ENTRIES_SHOWN])}{more}."


def _unreadable(path: Path, error: OSError) -> ToolError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return missing(path)
    if isinstance(error, PermissionError):
        return ToolError(f"{shown(path)} may not be opened: permission denied.")
    return ToolError(f"{shown(path)} cannot be opened: {error.strerror or error}.")


def missing(path: Path) -> ToolError:
    """The error for a file that is not there, naming what is near it."""
    folder = path.parent
    if not folder.is_dir():
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        return ToolError(
            f"{shown(path)} does not exist; the deepest folder of that path is {shown(folder)}."
        )
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e, _ in zip(entries, range(_ENTRIES_COMPARED), strict=False)]
    except OSError:
        names = []
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(path.name.casefold(), list(folded), 3, 0.6)
    meant = ", ".join(shown(folded[n]) for n in near)
    hint = f" Did you mean {meant}?" if near else ""
    return ToolError(f"{shown(path)} does not exist.{hint}")


def write_atomically(path: Path, data: bytes, replaced: os.stat_result | None) -> None:
    """Put `data` at resolved `path` such that a crash leaves the old or the new file.

    `replaced` is the status of the file that stands there, whose mode (and
    owner, if we may) the new one takes; None means that none stands there, and
    one that has appeared meanwhile is not overwritten. Raises ToolError.
    """
    if replaced is not None and not os.access(path, os.W_OK):
        raise ToolError(f"{shown(path)} is read-only; nothing was changed.")
    # In the same folder, because a rename across file systems is a copy.
    temporary = path.with_name(f".{path.name[:40]}.{os.urandom(6).hex()}.tmp")
    try:
        _write_new(temporary, data, replaced)
        if replaced is None:
            _place_new(temporary, path)
        else:
            temporary.replace(path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise ToolError(f"{shown(path)} has just been created by someone else; read it.") from None
    except OSError as error:
        words = error.strerror or error
        raise ToolError(f"Failed to write {shown(path)}: {words}; nothing was changed.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _write_new(path: Path, data: bytes, like: os.stat_result | None) -> None:
    # 0o666 is narrowed by the umask; a file that replaces one is private until
    # it has that one's mode.
    mode = 0o666 if like is None else 0o600
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(data)
        if like is not None:
            if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(OSError):
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        file.flush()
        os.fsync(file.fileno())


def _place_new(temporary: Path, path: Path) -> None:
    """Link rather than rename: a link fails where a file has appeared meanwhile."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        temporary.rename(path)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system takes it
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
