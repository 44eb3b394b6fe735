"""The driver that finds a terminal in use: a painted screen, and keys that were typed.

Owns what then differs: the screen is not cleared, the line discipline that is
put back is the one from before, and the reading thread begins with the keys
that are already there, once somebody can take them.
"""

from __future__ import annotations

from typing import Any

from textual.app import App

from alloy_tui.ui.terminal.driver import TerminalDriver
from alloy_tui.ui.terminal.typed_ahead import Keyboard

_ENTER_SCREEN = "\x1b[?1049h"


class TakingOver(TerminalDriver):
    """A `TerminalDriver` for an app with a `keyboard`; without one it is its base class."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        keyboard = getattr(app, "keyboard", None)
        self._keyboard = keyboard if isinstance(keyboard, Keyboard) else Keyboard()
        if self._keyboard is not keyboard:
            self._keyboard.open()
        self._painted = self._keyboard.early is not None

    def start_application_mode(self) -> None:
        """Take the terminal; at its end it is as it was before the early screen."""
        super().start_application_mode()
        early = self._keyboard.early
        if early is not None and self.attrs_before is not None:
            self.attrs_before = early.modes

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        super().stop_application_mode()
        self._painted = False
        if self._keyboard.early is not None:
            self._keyboard.early.left()

    def write(self, data: str) -> None:
        """Queue `data`; entering a screen that is on already would clear it."""
        if self._painted and data == _ENTER_SCREEN:
            self._painted = False
            return
        super().write(data)

    def disable_input(self) -> None:
        """End the reading thread, also while it waits for a prompt."""
        self._keyboard.open()
        super().disable_input()

    def typed_before(self) -> bytes:
        """What the early screen was given."""
        return self._keyboard.take_keys()
