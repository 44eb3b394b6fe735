"""Writes to the terminal without ever holding up whoever writes.

A terminal at the end of a slow line takes a few kilobytes a second, and one
whose window is stopped takes nothing. What it takes at once is written at once,
on the caller's thread; for the rest `Output` has a thread that waits. `behind`
tells that the terminal has not kept up, so that frames can be left out instead
of queued. Owns the waiting bytes and when to give up on them; knows nothing of
what they mean.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
from collections.abc import Callable
from time import monotonic

BEHIND_BYTES = 1024
"""So much may wait without a frame being left out for it."""

_PIECE = 4096
_LOOK_MS = 100
_ABANDON = b"\x18\x1b\\\x1b[?2026l\x1b[0m"
"""Ends a sequence, string, frame and style that was cut."""


class Output:
    """A queue of bytes before the terminal open as `descriptor`.

    `caught_up` is called on the writing thread when nothing waits any more
    after `behind` was seen. Text that cannot be encoded is written as `?`.
    """

    def __init__(self, descriptor: int, caught_up: Callable[[], object]) -> None:
        self._descriptor, self._own = _non_blocking(descriptor)
        self._caught_up = caught_up
        self._changed = threading.Condition()
        self._pieces: list[tuple[bytes, bool]] = []  # and whether it belongs to a frame
        self._waiting = 0
        self._asked = False
        self._ended = False
        self._patience_s = 0.0
        self._moved_s = 0.0
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="alloy-output", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Bytes that the terminal has not taken."""
        return self._waiting

    @property
    def behind(self) -> bool:
        """Whether the terminal has not kept up; then `caught_up` will be called."""
        with self._changed:
            if self._waiting > BEHIND_BYTES:
                self._asked = True
                return True
        return False

    def write(self, text: str, *, frame: bool = False) -> None:
        """Write `text`, which may be part of a frame, or queue it; returns at once."""
        data = text.encode("utf-8", "replace")
        with self._changed:
            if self._own and not self._pieces and not self._broken:
                # Waking the thread for what fits would cost more than the writing.
                data = data[self._put_at_once(data) :]
            if data and not self._broken:
                self._pieces.append((data, frame))
                self._waiting += len(data)
                self._changed.notify()

    def _put_at_once(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError:  # the terminal is gone: nobody will see the rest
            self._broken = True
            return len(data)

    def abandon(self) -> None:
        """Drop the frames that wait; one that was cut in the middle is ended properly."""
        with self._changed:
            if self._waiting > BEHIND_BYTES:
                kept = [piece for piece in self._pieces if not piece[1]]
                if len(kept) < len(self._pieces):
                    # Only the first can have been cut, and what is kept of that comes first.
                    kept.insert(0 if self._pieces[0][1] else 1, (_ABANDON, False))
                self._pieces = kept
                self._waiting = sum(len(data) for data, _ in kept)

    def stop(self, patience_s: float) -> None:
        """Write what waits, as long as the terminal takes something every `patience_s`."""
        with self._changed:
            self._patience_s = patience_s
            self._moved_s = monotonic()
            self._ended = True
            self._changed.notify()
        # A terminal that could not be opened a second time may block the thread for ever.
        self._thread.join(None if self._own else patience_s)
        if self._own:
            os.close(self._descriptor)

    # -- on the thread --------------------------------------------------------------------

    def _run(self) -> None:
        while (data := self._next()) is not None:
            try:
                self._account(data, self._put(data[:_PIECE]))
            except OSError:  # the terminal is gone: nobody will see the rest
                self._drop()

    def _next(self) -> bytes | None:
        """What waits, as far as it is of one kind, once something does; None at the end."""
        with self._changed:
            while not self._pieces and not self._ended:
                self._changed.wait()
            if not self._pieces:
                return None
            frame = self._pieces[0][1]
            alike = next((n for n, p in enumerate(self._pieces) if p[1] != frame), None)
            joined = b"".join(data for data, _ in self._pieces[:alike])
            self._pieces[:alike] = [(joined, frame)]
            return joined

    def _put(self, piece: bytes) -> int:
        """Bytes of `piece` that the terminal took; 0 when it takes none for now."""
        try:
            return os.write(self._descriptor, piece)
        except BlockingIOError:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll(_LOOK_MS)
            return 0

    def _account(self, data: bytes, taken: int) -> None:
        with self._changed:
            if taken:
                self._moved_s = monotonic()
            elif self._ended and monotonic() - self._moved_s > self._patience_s:
                self._last_words()
                return
            if not self._pieces or self._pieces[0][0] is not data:
                return  # abandoned meanwhile
            rest = data[taken:]
            self._pieces[0:1] = [(rest, self._pieces[0][1])] if rest else []
            self._waiting -= taken
            told = self._asked and not self._waiting
            self._asked = self._asked and not told
        if told:
            self._caught_up()

    def _last_words(self) -> None:
        """The terminal stopped reading: empty its line, so that the end of all fits in."""
        end = (_ABANDON + b"".join(data for data, frame in self._pieces if not frame))[-_PIECE:]
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._descriptor, termios.TCOFLUSH)
            os.write(self._descriptor, end)
        self._pieces, self._waiting = [], 0

    def _drop(self) -> None:
        with self._changed:
            self._broken = True
            self._pieces, self._waiting = [], 0


def _non_blocking(descriptor: int) -> tuple[int, bool]:
    """The terminal once more, for us alone and never blocking; else as it is, and False.

    The mode belongs to the opening, which standard error shares with the shell.
    """
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(os.ttyname(descriptor), flags), True
    except OSError:
        return descriptor, False
