"""What was typed before: kept in memory, and in a file if one is given.

Owns the file's form (JSON lines of `{"text": …}`, readable by its owner
alone) and the walk up and down. Which file it is, the caller says.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

_KEPT = 1000


class _Entry(msgspec.Struct):
    text: str


class PromptHistory:
    """The prompts of this and earlier sittings, oldest first.

    A line that cannot be read is skipped, a file that cannot be written is
    done without: history is a convenience and never stands in the way.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: list[str] | None = None if path else []
        self._at: int | None = None
        self._draft = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """All entries, oldest first; the file is read the first time."""
        return tuple(self._load())

    def append(self, text: str) -> None:
        """Remember `text`, unless it is blank or repeats the last one; leaves the walk."""
        self._at = None
        entries = self._load()
        if not text.strip() or (entries and entries[-1] == text):
            return
        entries.append(text)
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            handle = os.open(self._path, flags, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(msgspec.json.encode(_Entry(text)) + b"\n")

    def older(self, current: str) -> str | None:
        """The entry before the one shown, or None at the oldest. `current` is kept as the draft."""
        entries = self._load()
        at = len(entries) if self._at is None else self._at
        if at == 0:
            return None
        if self._at is None:
            self._draft = current
        self._at = at - 1
        return entries[self._at]

    def newer(self) -> str | None:
        """The entry after the one shown, then the draft; None when not walking."""
        if self._at is None:
            return None
        entries = self._load()
        self._at += 1
        if self._at >= len(entries):
            self._at = None
            return self._draft
        return entries[self._at]

    def leave(self) -> None:
        """End the walk: the next `older` starts at the newest again."""
        self._at = None

    def _load(self) -> list[str]:
        if self._entries is None:
            self._entries = []
            if self._path is not None:
                self._entries = _read(self._path)
        return self._entries


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    decoder = msgspec.json.Decoder(_Entry)
    found: list[str] = []
    for line in lines[-2 * _KEPT :]:
        with contextlib.suppress(msgspec.DecodeError):
            found.append(decoder.decode(line).text)
    return found[-_KEPT:]
