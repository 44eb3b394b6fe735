"""What is about to be done to files, written down first, so that a kill leaves no half.

Owns one small file for each restoring that is under way. Whoever does the work
holds a lock on it; one that nobody holds was left behind by a program that
died, and says exactly what was still to do. Not for file systems without locks:
there a journal counts as left behind at the next start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path

import msgspec

from alloy_tui.workspace.states import State

_FORM = "alloy-restore"
_VERSION = 1
_SUFFIX = ".restore"


class Step(msgspec.Struct, frozen=True, array_like=True):
    """At `path` (bytes) stands `now`, and `to` shall stand."""

    path: bytes
    now: State
    to: State


class Journal(msgspec.Struct, frozen=True, array_like=True):
    """A restoring: in `folder`; `before` is the address of the manifest to return to."""

    form: str
    version: int
    token: str
    folder: bytes
    before: str
    target: str
    steps: tuple[Step, ...]

    @property
    def temporary(self) -> str:
        """The name that files have until they are whole."""
        return f".alloy-{self.token}.tmp"


class Held:
    """A journal in our hands; `done` removes it, `close` leaves it for the next start."""

    def __init__(self, journal: Journal, path: Path, fd: int) -> None:
        self.journal = journal
        self._path = path
        self._fd = fd

    def done(self) -> None:
        """All of it was done."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        _sync(self._path.parent)
        self.close()

    def close(self) -> None:
        """Let go of it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def begin(journals: Path, folder: Path, before: str, target: str, steps: tuple[Step, ...]) -> Held:
    """Write down what will be done; on disk when this returns. Raises OSError."""
    token = secrets.token_hex(8)
    journal = Journal(_FORM, _VERSION, token, os.fsencode(folder), before, target, steps)
    journals.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, written = journals / f"{token}{_SUFFIX}", journals / f"{token}.tmp"
    fd = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _lock(fd)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(msgspec.msgpack.encode(journal))
            file.flush()
            os.fsync(fd)
        written.rename(path)
        _sync(journals)
    except BaseException:
        os.close(fd)
        with contextlib.suppress(OSError):
            written.unlink()
        raise
    return Held(journal, path, fd)


def left_behind(journals: Path, folder: Path) -> list[Held]:
    """Journals of that folder whose program died; they are in our hands now."""
    found: list[Held] = []
    for path in sorted(journals.glob(f"*{_SUFFIX}")):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        held = _taken(path, fd, folder)
        if held is None:
            os.close(fd)
        else:
            found.append(held)
    return found


def _taken(path: Path, fd: int, folder: Path) -> Held | None:
    if not _lock(fd) or not path.exists():
        return None  # it is being worked on, or has just been done
    try:
        journal = msgspec.msgpack.decode(path.read_bytes(), type=Journal)
    except (OSError, msgspec.DecodeError):
        return None
    ours = journal.form == _FORM and journal.version == _VERSION
    return Held(journal, path, fd) if ours and journal.folder == os.fsencode(folder) else None


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no locks here
    return True


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
