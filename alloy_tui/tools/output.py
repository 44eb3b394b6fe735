"""What a command prints, made fit for a model: clean, bounded, whole in a file.

Owns the terminal's ways (escape sequences, carriage returns, control bytes)
and the head and tail that are kept. Knows nothing of processes.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
from pathlib import Path

_LONGEST_LINE = 16_384  # characters held back while waiting for the line's end

# CSI; OSC, DCS and their like up to their terminator; any other escape.
_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TerminalText:
    """Bytes as they come to the text that a screen would show in the end.

    UTF-8 with bad bytes replaced; escape sequences and control characters
    removed; a carriage return begins its line anew, so a progress bar leaves
    its last state.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def feed(self, data: bytes) -> str:
        """The whole lines that `data` completes."""
        text = self._pending + self._decoder.decode(data)
        lines, newline, self._pending = text.rpartition("\n")
        done = _settle(lines) + newline
        if len(self._pending) > _LONGEST_LINE:
            # An escape sequence may be cut here: the price of bounded memory.
            done += _settle(self._pending)
            self._pending = ""
        return done

    def close(self) -> str:
        """What is left of an unfinished line."""
        rest, self._pending = self._pending + self._decoder.decode(b"", final=True), ""
        return _settle(rest)


def _settle(text: str) -> str:
    if not _CONTROL.search(text):
        return text
    text = _ESCAPE.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", text)


class Spill:
    """A private file for the whole output, up to `limit` characters; made when first needed.

    A full disk or a missing folder ends it and is told by `note`, never raised.
    """

    def __init__(self, folder: Path, label: str, limit: int) -> None:
        self._folder = folder
        self._label = re.sub(r"[^A-Za-z0-9_-]", "_", label)[:40] or "output"
        self._left = limit
        self._limit = limit
        self._file: int | None = None
        self.path: Path | None = None
        self._problem = ""

    def write(self, text: str) -> None:
        """Append, as far as the limit goes."""
        if self._problem or not text:
            return
        kept = text[: self._left]
        self._left -= len(kept)
        try:
            if self._file is None:
                self._file = self._create()
            data = kept.encode()
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self._problem = f"could not be kept ({error.strerror or error})"
            return
        if len(kept) < len(text):
            self._problem = f"than {self._limit:,} characters is not kept"

    def close(self) -> None:
        """Close the file; it stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def note(self) -> str:
        """One clause on where the whole output is."""
        if self.path is None:
            return f"it {self._problem}" if self._problem else ""
        whole = (
            f"the output, of which more {self._problem}," if self._problem else "the whole output"
        )
        return f"{whole} is in {self.path}; see parts of it with read or grep"

    def _create(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{self._label}-{os.urandom(4).hex()}.txt"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        made = os.open(path, flags, 0o600)
        self.path = path
        return made


class HeadTail:
    """The beginning and the end of a text of any length.

    Up to `head` + `tail` characters stay whole; beyond that everything goes to
    `spill` and the middle is left out.
    """

    def __init__(self, head: int, tail: int, spill: Spill) -> None:
        self._most_head = head
        self._most_tail = tail
        self._spill = spill
        self._head = ""
        self._tail = ""
        self.characters = 0
        self.truncated = False

    def feed(self, text: str) -> None:
        """Take the next piece."""
        self.characters += len(text)
        if not self.truncated:
            self._head += text
            if len(self._head) <= self._most_head + self._most_tail:
                return
            self.truncated = True
            self._spill.write(self._head)
            self._head, rest = self._head[: self._most_head], self._head[self._most_head :]
            self._tail = rest[-self._most_tail :]
            return
        self._spill.write(text)
        self._tail = (self._tail + text[-self._most_tail :])[-self._most_tail :]

    @property
    def head(self) -> str:
        """The beginning; all of it when not truncated."""
        return self._head

    @property
    def tail(self) -> str:
        """The end; empty when not truncated."""
        return self._tail

    def text(self) -> str:
        """Head, a line on what is missing, tail."""
        if not self.truncated:
            return self._head
        missing = self.characters - len(self._head) - len(self._tail)
        note = self._spill.note()
        where = f"; {note}" if note else ""
        gap = f"[… {missing:,} of {self.characters:,} characters left out{where} …]"
        return f"{self._head.rstrip(chr(10))}\n\n{gap}\n\n{self._tail}"
