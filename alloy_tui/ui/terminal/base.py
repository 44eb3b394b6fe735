"""The application class under ours: it uses our driver, leaves frames out and keeps its defects.

Owns what happens when the terminal does not keep up, and when a handler
raises: the app ends, and `defect` is for whoever started it to tell of.
Everything here that leans on private names yields where they are missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from textual import on
from textual._context import active_message_pump
from textual.app import App
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.driver import Driver
from textual.keys import key_to_character
from textual.widget import Widget
from textual.worker import Worker, WorkerFailed, active_worker  # pyright: ignore[reportUnknownVariableType] - untyped upstream

_METHODS = (
    "_check_bindings",
    "_close_messages_no_wait",
    "_display",
    "_fatal_error",
    "_handle_exception",
    "_print_error_renderables",
)
_DRIVER_NAMES = (
    "_sigtstp_application",
    "_sigcont_application",
    "run_input_thread",
    "disable_input",
)

_log = logging.getLogger(__name__)


def terminal_driver(usual: type[Driver]) -> type[Driver]:
    """Our driver where Textual would take its own for terminals and is as we know it."""
    try:
        from textual.drivers.linux_driver import LinuxDriver

        from alloy_tui.ui.terminal.driver import TerminalDriver
    except ImportError:
        return usual
    found = all(hasattr(LinuxDriver, name) for name in _DRIVER_NAMES)
    return TerminalDriver if found and usual is LinuxDriver else usual


def missing_names() -> list[str]:
    """The private names used in this folder that the installed Textual lacks."""
    missing = [f"App.{name}" for name in _METHODS if not hasattr(App, name)]
    from textual.drivers.linux_driver import LinuxDriver

    return missing + [f"LinuxDriver.{n}" for n in _DRIVER_NAMES if not hasattr(LinuxDriver, n)]


def one_frame(driver: Driver | None) -> AbstractContextManager[None]:
    """Within it, what is written to our own driver is one frame; another one just writes."""
    frame: Callable[[], AbstractContextManager[None]] = getattr(driver, "frame", nullcontext)
    return frame()


class TerminalApp(App[None]):
    """An app whose screen may skip frames, and which never prints a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._left_out = False

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, with ours in place of its driver for terminals."""
        return terminal_driver(super().get_driver_class())

    @property
    def defect(self) -> Exception | None:
        """What a handler raised and so ended the app."""
        return self._exception

    @property
    def terminal_behind(self) -> bool:
        """Whether the terminal has not yet taken what was painted."""
        return bool(getattr(self._driver, "behind", False))

    def caught_up(self) -> None:
        """The terminal took everything: paint what was left out."""
        if self._left_out:
            self._left_out = False
            self.screen.refresh()

    @on(Driver.SignalResume)
    def _paint_all(self) -> None:
        self.refresh(layout=True)

    def _display(self, screen: Any, renderable: Any) -> None:
        if self.terminal_behind:
            # Each frame holds only what changed since the one before, so the next is whole.
            self._left_out = True
            self.post_display_hook()
            return
        with one_frame(self._driver):
            super()._display(screen, renderable)  # pyright: ignore[reportUnknownMemberType] - untyped upstream

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        # What is typed into a text is no command, and to find that out Textual copies and
        # filters all the bindings there are. Only the user's own keys may say otherwise.
        focused = self.focused
        if (
            priority
            and focused is not None
            and focused.check_consume_key(key, key_to_character(key))
            and key not in focused._bindings.key_to_bindings  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - guarded
            and not any(key in keys.split(",") for keys in self._keymap.values())
        ):
            return False
        try:
            return await super()._check_bindings(key, priority)
        except NoMatches as error:
            # A key for a page that has nothing in it yet, or no more.
            _log.warning("A key came too early or too late for its page.", exc_info=error)
            return True

    def _handle_exception(self, error: Exception) -> None:
        # A page that is left, or opened while the app ends, loses its parts before the keys and
        # clicks that wait for it: what then fails hurts nobody.
        if self._unseen(isinstance(error, WorkerFailed)):
            _log.warning("Something failed in a page that was being left.", exc_info=error)
        else:
            super()._handle_exception(error)

    def _unseen(self, by_worker: bool) -> bool:
        """Whether what is at work now is part of a page that nobody sees any more."""
        at_work: object = active_message_pump.get(None)
        if by_worker:  # whose own context is the app's
            at_work = cast("Worker[object]", active_worker.get()).node  # pyright: ignore[reportUnknownMemberType] - untyped upstream
        if not isinstance(at_work, Widget):
            return False
        try:
            return getattr(self, "_exit", False) or at_work.screen not in self.screen_stack
        except NoScreen:
            return True

    def _fatal_error(self) -> None:
        # Textual would make a traceback with the values of local variables, for all to see.
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        if self._exception is None:
            super()._print_error_renderables()
        self._exit_renderables.clear()
