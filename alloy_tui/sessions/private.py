"""Files that only their owner can read, whatever the umask says.

Owns the making of the store's folder and files, and copies of them. Must not
know what is inside.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from alloy_tui.domain.errors import StoreError


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
    """A copy of `source` of mode 0600, on disk when this returns. Raises OSError."""
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as out, source.open("rb") as file:
        os.fchmod(out.fileno(), 0o600)
        shutil.copyfileobj(file, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
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
