"""What was typed before there was a prompt, and when keys may come.

Owns the hand-over of the keyboard: each key once and in order. Must not know
who had the terminal before.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

_BACKSPACE = "\x7f"


class EarlyScreen(Protocol):
    """Who had the terminal first. `modes` is the line discipline to put back at the end."""

    modes: list[Any]

    def hand_over(self) -> bytes:
        """Stop reading; what was typed so far."""
        ...

    def left(self) -> None:
        """The screen was given back to the shell."""
        ...


class Keyboard:
    """Shared by the app, which has the prompt, and its driver, which reads; `early` may be set."""

    def __init__(self) -> None:
        self.early: EarlyScreen | None = None
        self.opened = threading.Event()
        self._typed = b""

    def take_text(self) -> str:
        """The text that was typed so far; from the first other key on, keys wait for `open`."""
        if self.early is None:
            return ""
        typed = self.early.hand_over().decode(errors="surrogateescape")
        text: list[str] = []
        for at, key in enumerate(typed):
            if key == _BACKSPACE:
                del text[-1:]
            elif key.isprintable():
                text.append(key)
            else:
                self._typed += typed[at:].encode(errors="surrogateescape")
                break
        return "".join(text)

    def open(self) -> None:
        """There is a prompt now, or there will be none: let the keys come."""
        self.opened.set()

    def take_keys(self) -> bytes:
        """Wait for `open`; what was typed after the text."""
        self.opened.wait()
        typed, self._typed = self._typed, b""
        return typed
