"""What was typed before: kept in memory, and in a file if one is given.

Owns the file's form (JSON lines, readable by its owner alone), how several
programs share it, the walk up and down and the search. Which file it is, the
caller says. Each line stands for itself: one that cannot be read is skipped.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import msgspec

from alloy_tui.domain import fuzzy
from alloy_tui.ui.drafts import Draft, Fold

KEPT = 10_000
"""Entries, at most; the file is cut back to them when it has outgrown them by a tenth."""
_KEPT_BYTES = 16_000_000
_LARGEST_ENTRY = 2_000_000
_PATIENCE_S = 0.2
_SEARCHED = 2_000


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One prompt: its text, where it was typed and when (epoch ms), what its labels stand for."""

    text: str
    folder: str = ""
    at_ms: int = 0
    folds: dict[str, Fold] = {}

    @property
    def draft(self) -> Draft:
        """As the prompt takes it."""
        return Draft(self.text, self.folds)


_DECODER = msgspec.json.Decoder(Entry)


class PromptHistory:
    """The prompts of this and earlier sittings, of this and other programs, oldest first.

    `folder` is the project that is worked in. A file that cannot be written is
    done without: history is a convenience and never stands in the way.
    """

    def __init__(self, path: Path | None = None, folder: str = "") -> None:
        self._path = path
        self.folder = folder
        self._entries: list[Entry] = []
        self._read_to = 0
        self._read_of: tuple[int, int] | None = None
        self._walk: list[Entry] | None = None
        self._at = 0
        self._draft = Draft("")

    @property
    def folder(self) -> str:
        """The project that is worked in, as it is written down."""
        return self._folder

    @folder.setter
    def folder(self, folder: str) -> None:
        # A folder's name need not be UTF-8; the file of the history is.
        self._folder = folder.encode("utf-8", "backslashreplace").decode()

    @property
    def place(self) -> Path | None:
        """The folder that the file is in; None without one."""
        return self._path.parent if self._path is not None else None

    @property
    def entries(self) -> tuple[str, ...]:
        """The texts of all entries, oldest first."""
        self._look()
        return tuple(entry.text for entry in self._entries)

    def append(self, draft: Draft | str) -> None:
        """Remember `draft`, unless it is blank or repeats the last one; leaves the walk."""
        self._walk = None
        draft = Draft(draft) if isinstance(draft, str) else draft
        if not draft.text.strip():
            return
        self._look()
        entry = Entry(draft.text, self.folder, time.time_ns() // 1_000_000, draft.folds)
        last = next((e for e in reversed(self._entries) if e.folder == self.folder), None)
        if last is not None and (last.text, last.folds) == (entry.text, entry.folds):
            return
        line = msgspec.json.encode(entry) + b"\n"
        path = self._path
        if path is None or len(line) > _LARGEST_ENTRY or not self._write(path, line):
            self._entries.append(entry)
        else:
            self._look()

    def older(self, current: Draft | str) -> Draft | None:
        """The entry before the one shown, None at the oldest; `current` is kept as the draft.

        The walk goes through what was typed in this project, each text once.
        """
        if self._walk is None:
            self._look()
            self._walk = list(self._distinct(here=True))
            self._at = -1
            self._draft = Draft(current) if isinstance(current, str) else current
        if self._at + 1 >= len(self._walk):
            return None
        self._at += 1
        return self._walk[self._at].draft

    def newer(self) -> Draft | None:
        """The entry after the one shown, then the draft; None when not walking."""
        if self._walk is None:
            return None
        self._at -= 1
        if self._at < 0:
            self._walk = None
            return self._draft
        return self._walk[self._at].draft

    def leave(self) -> None:
        """End the walk: the next `older` starts at the newest again."""
        self._walk = None

    def search(self, query: str, *, here: bool, limit: int = 100) -> list[Entry]:
        """The entries with all of the query's words, newest first; failing these, its letters.

        `here` keeps to this project. Each text comes once.
        """
        self._look()
        words = query.lower().split()
        exact: list[Entry] = []
        for entry in self._distinct(here=here):
            low = entry.text[:_SEARCHED].lower()
            if all(word in low for word in words):
                exact.append(entry)
                if len(exact) >= limit:
                    break
        if exact or not words:
            return exact
        letters = fuzzy.pattern("".join(words)).match
        near = [e for e in self._distinct(here=here) if letters(fuzzy.folded(e.text[:_SEARCHED]))]
        return near[:limit]

    def _distinct(self, *, here: bool) -> Iterator[Entry]:
        """Newest first, each text once; entries of no known folder are at home everywhere."""
        seen: set[str] = set()
        for entry in reversed(self._entries):
            if entry.text in seen or (here and entry.folder not in {"", self.folder}):
                continue
            seen.add(entry.text)
            yield entry

    def _look(self) -> None:
        """Read what has come to the file since the last time, ours and others'."""
        if self._path is None:
            return
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                of = (status.st_dev, status.st_ino)
                if of != self._read_of or status.st_size < self._read_to:
                    self._entries, self._read_to, self._read_of = [], 0, of
                if status.st_size == self._read_to:
                    return
                file.seek(max(self._read_to, status.st_size - 2 * _KEPT_BYTES))
                data = file.read()
        except OSError:
            return
        whole, newline, _ = data.rpartition(b"\n")
        self._read_to = status.st_size - (len(data) - len(whole) - len(newline))
        for line in whole.split(b"\n"):
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                self._entries.append(_DECODER.decode(line))
        del self._entries[:-KEPT]

    def _write(self, path: Path, line: bytes) -> bool:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(path) as (handle, alone):
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    line = b"\n" + line  # a line that somebody else left unfinished
                os.write(handle, line)
                full = size + len(line) > 1.1 * _KEPT_BYTES or len(self._entries) >= KEPT
                if full and alone:
                    _cut_back(path, handle)
        except OSError:
            return False
        return True


@contextlib.contextmanager
def _locked(path: Path) -> Generator[tuple[int, bool]]:
    """The file open for appending, and whether nobody else writes to it meanwhile.

    Another program may have put a shorter one in its place in the meantime;
    then it is opened anew. A lock that is not to be had is done without:
    appending is one write, which the system keeps in one piece.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            alone = _lock(handle)
            mine = os.fstat(handle)
            try:
                there = path.stat()
            except FileNotFoundError:
                continue
            if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
                continue
            yield handle, alone
            return
        finally:
            os.close(handle)


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # not on this system
        return False
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        except OSError:  # not on this file system
            return False
        else:
            return True


def _cut_back(path: Path, handle: int) -> None:
    """Keep the newest entries, under the lock: a new file takes the old one's place whole."""
    lines = os.pread(handle, os.fstat(handle).st_size, 0).splitlines(keepends=True)
    if len(lines) <= 1.1 * KEPT and sum(map(len, lines)) <= 1.1 * _KEPT_BYTES:
        return
    kept: list[bytes] = []
    room = _KEPT_BYTES
    for line in reversed(lines[-KEPT:]):
        room -= len(line)
        if room < 0:
            break
        kept.append(line)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(made, "wb") as file:
        file.writelines(reversed(kept))
    beside.replace(path)
