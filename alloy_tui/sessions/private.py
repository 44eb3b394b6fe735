"""Files that only their owner can read, whatever the umask says.

Owns the making of the store's folder and files, and copies of them. Must not
know what is inside.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from alloy_tui.domain.errors import StoreError

# No copy takes so long; what is older was left by a program that is no more.
_LEFT_BEHIND_S = 24 * 3600.0


def private_folder(path: Path) -> Path:
    """Make `path`, parents included, so that only its owner can enter. Raises StoreError."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)  # a strict umask could have taken away too much
        if not path.is_dir():
            raise StoreError(f"{path} is in the way: a folder is needed there.", kind="access")
        if path.stat().st_mode & 0o077 and path.stat().st_uid == os.getuid():
            path.chmod(0o700)
    except OSError as error:
        raise StoreError(
            f"The folder {path} for sessions cannot be made: {error.strerror}.",
            kind="access",
            hint="Set ALLOY_HOME to a folder that you may write to.",
        ) from error
    return path


def private_file(path: Path) -> None:
    """Make `path` an empty file of mode 0600 on disk, or tighten the one that is there.

    SQLite gives the files beside it the same mode. Raises OSError.
    """
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o177 and path.stat().st_uid == os.getuid():
            path.chmod(0o600)
        return
    try:
        os.fchmod(handle, 0o600)
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(path.parent)


def copy_private(source: Path, target: Path) -> None:
    """A copy of `source` of mode 0600, whole and on disk when it has its name. Raises OSError."""
    draft = draft_of(target)
    private_file(draft)
    with source.open("rb") as file, draft.open("wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    give_name(draft, target)


def draft_of(target: Path) -> Path:
    """Where something is made that shall not have its name before it is whole.

    What programs left there that were killed meanwhile is taken away. Raises OSError.
    """
    for old in target.parent.glob(".*.draft*"):
        with suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > _LEFT_BEHIND_S:
                old.unlink()
    return free_name(target.with_name(f".{target.name}.{os.getpid()}.draft"))


def give_name(draft: Path, target: Path) -> None:
    """Let the finished `draft` become `target`, on disk; never in place of another file.

    Raises OSError.
    """
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    draft.rename(target)
    sync_folder(target.parent)


def free_name(path: Path) -> Path:
    """`path`, or the first of `path.2`, `path.3`, … that is not taken."""
    name, number = path, 2
    while name.exists():
        name, number = path.with_name(f"{path.name}.{number}"), number + 1
    return name


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
