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

from alloy_tui.workspace.states import File, State

_FORM = "alloy-restore"
_VERSION = 1
_SUFFIX, _DONE = ".restore", ".restored"
JOURNALS = "restoring"
"""The folder of journals, within one of the program's own."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """At `path` (bytes) stands `now`, and `to` shall stand."""

    path: bytes
    now: State
    to: State


class Journal(msgspec.Struct, frozen=True, array_like=True):
    """A restoring: in `folder`; `before` is the address of the manifest to return to.

    `owner` and `mark` are the caller's, who wants to hear of it until it says
    that it has written it down; "" = nobody does.
    """

    form: str
    version: int
    token: str
    folder: bytes
    before: str
    target: str
    steps: tuple[Step, ...]
    owner: str = ""
    mark: str = ""

    @property
    def temporary(self) -> str:
        """The name that files have until they are whole."""
        return f".alloy-{self.token}.tmp"


class Held:
    """A journal in our hands; after `done` only its owner is still to be told.

    `close` leaves it to the next start as it is.
    """

    def __init__(self, journal: Journal, path: Path, fd: int) -> None:
        self.journal = journal
        self.is_done = path.suffix == _DONE
        self._path = path
        self._fd = fd

    def done(self) -> None:
        """All of it was done."""
        with contextlib.suppress(FileNotFoundError):
            if self.journal.owner:
                self._path.rename(self._path.with_suffix(_DONE))
            else:
                self._path.unlink()
        _sync(self._path.parent)
        self.close()

    def close(self) -> None:
        """Let go of it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def planned(
    folder: Path,
    before: str,
    target: str,
    steps: tuple[Step, ...],
    *,
    owner: str = "",
    mark: str = "",
) -> Journal:
    """A journal of what is to be done in `folder`."""
    token, where = secrets.token_hex(8), os.fsencode(folder)
    return Journal(_FORM, _VERSION, token, where, before, target, steps, owner, mark)


def begin(journals: Path, journal: Journal) -> Held:
    """Write down what will be done; on disk when this returns. Raises OSError."""
    token = journal.token
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


def settle(journals: Path, token: str) -> None:
    """The owner of what was done knows of it: nobody need hear of it again."""
    with contextlib.suppress(FileNotFoundError):
        (journals / f"{token}{_DONE}").unlink()
        _sync(journals)


def is_waiting(journals: Path) -> bool:
    """Whether a program died, or is at work, in the middle of a restoring; quick."""
    return any(journals.glob(f"*{_SUFFIX}"))


def left_behind(journals: Path, folder: Path) -> list[Held]:
    """Journals of that folder whose program died; they are in our hands now."""
    found: list[Held] = []
    for path in sorted(_all(journals)):
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


def rests_on(journals: Path) -> tuple[set[str], set[str]]:
    """The manifests, and the content besides, that all journals there still need."""
    manifests: set[str] = set()
    contents: set[str] = set()
    for path in _all(journals):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            journal = msgspec.msgpack.decode(path.read_bytes(), type=Journal)
            manifests.update((journal.before, journal.target))
            states = (state for step in journal.steps for state in (step.now, step.to))
            contents.update(state.address for state in states if isinstance(state, File))
    return manifests, contents


def _all(journals: Path) -> list[Path]:
    return [*journals.glob(f"*{_SUFFIX}"), *journals.glob(f"*{_DONE}")]


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
