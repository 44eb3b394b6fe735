"""The kill ring: what was cut by words and lines comes back, the last first. Pure."""

from __future__ import annotations

from collections import deque

_KEPT = 60


class KillRing:
    """Kills one after another without anything between make one entry."""

    def __init__(self) -> None:
        self._ring: deque[str] = deque(maxlen=_KEPT)
        self._growing = False

    def kill(self, text: str, *, before: bool) -> None:
        """Remember `text`; `before` says that it stood before what was killed last."""
        if not text:
            return
        if self._growing and self._ring:
            last = self._ring.pop()
            text = text + last if before else last + text
        self._ring.append(text)
        self._growing = True

    def rest(self) -> None:
        """Something else was done: the next kill begins an entry."""
        self._growing = False

    @property
    def last(self) -> str:
        """What a yank brings; "" while there is nothing."""
        return self._ring[-1] if self._ring else ""

    def turn(self) -> str:
        """The entry before the last becomes the last, which becomes the first."""
        self._ring.rotate(1)
        return self.last
