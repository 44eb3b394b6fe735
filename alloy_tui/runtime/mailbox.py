"""The one channel from the engine to a face of the program: ordered, merging, bounded.

Owns order, merging and back-pressure; must not know what events mean beyond
"piece of text" or "anything else". Events come out as they went in, agent by
agent, with two liberties that no fold can notice:

- Pieces of the same text (same agent, request, turn, kind and call id) merge,
  also across what other agents or other calls did in between. Order within an
  agent stays: nothing overtakes text, text overtakes no lifecycle event.
- A merged piece carries the `seq` and time of its first part, so `seq` rises or,
  where a long text was split over two drains, stays the same; numbers are left out.

Bounds. `put` runs on the engine's loop and therefore never blocks. When more
than `max_chars` of text or `max_entries` entries wait, `full` turns true and
whoever produces model text awaits `room()` before the next piece: the socket
then fills and the service slows down. Each producer can be at most one piece
over the bound. Output of running tools cannot wait; while the box is full it
is left out and counted, and a note says so: the call's result has it anyway.
Lifecycle events are never dropped.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from alloy_tui.domain.events import (
    Envelope,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolFinished,
    ToolOutput,
)

_Delta: TypeAlias = TextDelta | ThinkingDelta | ToolArgumentsDelta | ToolOutput
_DELTAS = (TextDelta, ThinkingDelta, ToolArgumentsDelta, ToolOutput)

_log = logging.getLogger(__name__)


class _Entry:
    """One place in the queue: an envelope, and for text all pieces that merged into it."""

    __slots__ = ("envelope", "pieces")

    def __init__(self, envelope: Envelope, pieces: deque[str] | None = None) -> None:
        self.envelope = envelope
        self.pieces = pieces


class EventMailbox:
    """Thread-safe; `put` from the engine, `drain` from one reader."""

    def __init__(self, *, max_chars: int = 262_144, max_entries: int = 8_192) -> None:
        self._max_chars = max_chars
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._entries: deque[_Entry] = deque()
        # Where the next piece of a text goes, by agent, then by what the text is part of.
        self._open: dict[str, dict[str, _Entry]] = {}
        self._chars = 0
        self._left_out: dict[tuple[str, str], int] = {}
        self._ring: Callable[[], None] | None = None
        self._rung = False
        self._closed = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def full(self) -> bool:
        """Whether producers of text should wait."""
        return self._chars >= self._max_chars or len(self._entries) >= self._max_entries

    @property
    def chars(self) -> int:
        """How much text waits, in characters."""
        return self._chars

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, envelope: Envelope) -> None:
        """Add one event; never blocks, never raises, does nothing once closed."""
        with self._lock:
            if self._closed:
                return
            if isinstance(envelope.event, _DELTAS):
                self._add_text(envelope, envelope.event)
            else:
                self._entries.append(_Entry(envelope))
                self._open.pop(envelope.agent, None)
                if isinstance(envelope.event, ToolFinished):
                    self._left_out.pop((envelope.agent, envelope.event.id), None)
            ring = self._ring_now()
        _call(ring)

    def drain(self, max_chars: int = 4096) -> list[Envelope]:
        """Take what waits, oldest first, up to `max_chars` of text and always at least one event.

        An empty list means that the box is quiet: the next `put` rings.
        """
        taken: list[Envelope] = []
        budget = max(1, max_chars)
        with self._lock:
            while self._entries:
                entry = self._entries[0]
                if entry.pieces is None:
                    taken.append(entry.envelope)
                    self._entries.popleft()
                    continue
                if budget <= 0:
                    break
                text, rest = _take(entry.pieces, budget)
                budget -= len(text)
                self._chars -= len(text)
                taken.append(_with_text(entry.envelope, text))
                if rest:
                    break
                self._entries.popleft()
                self._forget(entry)
            self._rung = bool(taken)  # whoever found something comes again
            waiting = self._release()
        _wake(waiting)
        return taken

    def on_ring(self, ring: Callable[[], None] | None) -> None:
        """Set who is called when the box goes from quiet to busy; at once if it is busy now."""
        with self._lock:
            self._ring = ring
            self._rung = False
            due = self._ring_now() if self._entries else None
        _call(due)

    async def room(self) -> None:
        """Wait until the box is no longer full; returns at once when it is not, or is closed."""
        while True:
            with self._lock:
                if self._closed or not self.full:
                    return
                event = asyncio.Event()
                self._waiting.append((asyncio.get_running_loop(), event))
            await event.wait()

    def close(self) -> None:
        """Take nothing more and let waiting producers go; what waits can still be drained."""
        with self._lock:
            self._closed = True
            self._ring = None
            waiting, self._waiting = self._waiting, []
        _wake(waiting)

    # What follows runs under the lock.

    def _add_text(self, envelope: Envelope, event: _Delta) -> None:
        if not event.text:
            return
        if isinstance(event, ToolOutput):
            left_out = self._left_out.get((envelope.agent, event.id), 0)
            if self.full:
                self._left_out[envelope.agent, event.id] = left_out + len(event.text)
                return
            if left_out:
                del self._left_out[envelope.agent, event.id]
                words = f"\n[{left_out} characters were not shown live]\n"
                self._append(envelope, ToolOutput(event.id, words, "note"))
        self._append(envelope, event)

    def _append(self, envelope: Envelope, event: _Delta) -> None:
        self._chars += len(event.text)
        places = self._open.setdefault(envelope.agent, {})
        place = _place(event)
        last = places.get(place)
        if last is not None and _same_text(last.envelope, envelope, event):
            assert last.pieces is not None
            last.pieces.append(event.text)
            return
        entry = _Entry(msgspec.structs.replace(envelope, event=event), deque([event.text]))
        self._entries.append(entry)
        places[place] = entry

    def _forget(self, entry: _Entry) -> None:
        places = self._open.get(entry.envelope.agent, {})
        for place, known in list(places.items()):
            if known is entry:
                del places[place]

    def _ring_now(self) -> Callable[[], None] | None:
        if self._rung or self._ring is None or not self._entries:
            return None
        self._rung = True
        return self._ring

    def _release(self) -> list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]:
        if self.full:
            return []
        waiting, self._waiting = self._waiting, []
        return waiting


def _place(event: _Delta) -> str:
    """Texts of one place keep their order among themselves; those of different places need none."""
    if isinstance(event, ToolArgumentsDelta):
        return f"arguments {event.id}"
    if isinstance(event, ToolOutput):
        return f"output {event.id}"
    return "speech"


def _same_text(last: Envelope, envelope: Envelope, event: _Delta) -> bool:
    before = last.event
    if type(before) is not type(event):
        return False
    if (last.request_id, last.turn) != (envelope.request_id, envelope.turn):
        return False
    if isinstance(before, ToolOutput) and isinstance(event, ToolOutput):
        return before.stream == event.stream
    return True


def _take(pieces: deque[str], budget: int) -> tuple[str, bool]:
    """Up to `budget` characters from the front of `pieces`, and whether some are left."""
    taken: list[str] = []
    while pieces and budget > 0:
        piece = pieces.popleft()
        if len(piece) > budget:
            pieces.appendleft(piece[budget:])
            piece = piece[:budget]
        taken.append(piece)
        budget -= len(piece)
    return "".join(taken), bool(pieces)


def _with_text(envelope: Envelope, text: str) -> Envelope:
    event = envelope.event
    assert isinstance(event, _DELTAS)
    if event.text == text:
        return envelope
    return msgspec.structs.replace(envelope, event=msgspec.structs.replace(event, text=text))


def _call(ring: Callable[[], None] | None) -> None:
    if ring is None:
        return
    try:
        ring()
    except Exception:  # noqa: BLE001 -- a reader that is closing must not break the engine
        _log.debug("The ring failed", exc_info=True)


def _wake(waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    for loop, event in waiting:
        try:
            loop.call_soon_threadsafe(event.set)
        except RuntimeError:
            _log.debug("A producer's loop is closed")
