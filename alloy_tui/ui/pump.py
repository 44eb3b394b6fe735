"""Carries what happened in the engine to the screen, a few times a second.

The engine rings once when its channel goes from quiet to busy; the first flush
follows at once, later ones at most `RATE_HZ` a second, fewer while an answer comes
at a pace that one could read, and none at all while nothing happens. A flush joins
neighbouring deltas of one source into one message. Owns timing and joining; knows no
widget and folds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.port import RuntimePort
from alloy_tui.ui.messages import EngineEvents, TokenKind, TokensArrived

RATE_HZ = 30
"""Flushes a second, at most: what a reader can follow, at the cost of frames and not of tokens."""

CALM_HZ = 15
"""Flushes a second while all that comes is a little text: it grows by a few words at a time."""
CALM_CHARS = 200
"""What a flush brings at most while an answer comes calmly, some 700 tokens a second."""

FRAME_CHARS = 8192
"""Delta text that one flush takes: a burst is spread over frames instead of freezing one."""

MOST_CHARS = 32_768
"""What a flush takes at most while a burst goes on. Nobody reads along at such a speed, and few
large frames cost less than many small ones; but a key typed meanwhile waits for one."""

FlushMessage: TypeAlias = TokensArrived | EngineEvents


_SPOKEN = (ev.TextDelta, ev.ThinkingDelta)


def pause_s(flushed: Sequence[Envelope]) -> float:
    """How long the screen stands after a flush of these, in seconds."""
    calm = _chars(flushed) <= CALM_CHARS and all(isinstance(e.event, _SPOKEN) for e in flushed)
    return 1 / (CALM_HZ if calm else RATE_HZ)


def _chars(envelopes: Sequence[Envelope]) -> int:
    return sum(len(getattr(e.event, "text", "")) for e in envelopes)


def batches(envelopes: Iterable[Envelope]) -> list[FlushMessage]:
    """Envelopes as few messages, order kept.

    Runs of deltas of one kind, request, turn and source become one
    `TokensArrived`; runs of everything else one `EngineEvents`.
    """
    out: list[FlushMessage] = []
    others: list[Envelope] = []
    pieces: list[str] = []
    first: Envelope | None = None
    key: tuple[object, ...] | None = None

    def close_tokens() -> None:
        if first is not None and key is not None:
            kind, source = _kind_of(first)
            if kind is not None:
                out.append(TokensArrived(kind, first, "".join(pieces), source))

    for envelope in envelopes:
        kind, source = _kind_of(envelope)
        here = (
            None
            if kind is None
            else (kind, source, envelope.agent, envelope.request_id, envelope.turn)
        )
        if here is None or here != key:
            close_tokens()
            pieces, first, key = [], None, None
        if here is None:
            others.append(envelope)
            continue
        if others:
            out.append(EngineEvents(others))
            others = []
        if first is None:
            first, key = envelope, here
        pieces.append(getattr(envelope.event, "text", ""))
    close_tokens()
    if others:
        out.append(EngineEvents(others))
    return out


def _kind_of(envelope: Envelope) -> tuple[TokenKind | None, str | None]:
    event = envelope.event
    if isinstance(event, ev.TextDelta):
        return "text", None
    if isinstance(event, ev.ThinkingDelta):
        return "thinking", None
    if isinstance(event, ev.ToolOutput) and event.stream != "note":
        return "output", event.id
    if isinstance(event, ev.ToolArgumentsDelta):
        return "arguments", event.id
    return None, None


class Pump:
    """Drains `runtime` on the running loop and hands each message to `post`."""

    def __init__(self, runtime: RuntimePort, post: Callable[[FlushMessage], object]) -> None:
        self._runtime = runtime
        self._post = post
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context: contextvars.Context | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last_flush_s = float("-inf")
        self._allowance = FRAME_CHARS
        self.flushes = 0

    def start(self) -> None:
        """Listen from now on; call from the loop that the screen runs on."""
        self._loop = asyncio.get_running_loop()
        # The ring comes from another thread, whose context knows no app.
        self._context = contextvars.copy_context()
        self._runtime.on_ring(self._ring)
        self._wake()

    def stop(self) -> None:
        """Stop listening; what is still in the channel stays there."""
        self._runtime.on_ring(None)
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        loop = self._loop
        if loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop closed while the engine still spoke
            loop.call_soon_threadsafe(self._wake, context=self._context)

    def _wake(self) -> None:
        loop = self._loop
        if loop is None or self._timer is not None:
            return
        wait_s = self._last_flush_s + 1 / RATE_HZ - loop.time()
        if wait_s <= 0:
            self._flush()
        else:
            self._timer = loop.call_later(wait_s, self._on_timer, context=self._context)

    def _on_timer(self) -> None:
        self._timer = None
        self._flush()

    def _flush(self) -> None:
        loop = self._loop
        if loop is None:
            return
        envelopes = self._runtime.drain(self._allowance)
        if not envelopes:
            self._allowance = FRAME_CHARS
            return  # quiet: the next ring wakes us
        full = _chars(envelopes) >= self._allowance
        self._allowance = min(MOST_CHARS, 2 * self._allowance) if full else FRAME_CHARS
        self.flushes += 1
        self._last_flush_s = loop.time()
        for message in batches(envelopes):
            self._post(message)
        # Something may be left, or come without a ring because the channel never fell quiet.
        wait_s = pause_s(envelopes)
        self._timer = loop.call_later(wait_s, self._on_timer, context=self._context)
