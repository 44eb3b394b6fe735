"""The first thing on the screen: a prompt that takes keys while the program still loads.

Painted before anything is imported; a small thread shows what is typed and
keeps every byte. The app then takes the screen and the bytes over. Owns the
terminal until then, and its state from the first byte to the last: `close`
puts back whatever the app has not. Knows where the prompt stands and what it
looks like, and nothing else of the program; imports only what the interpreter
has loaded anyway.
"""

from __future__ import annotations

import _thread
import gc
import os
import select
import sys
import termios

from alloy_tui.cli import hints

# Said here and not imported: see `alloy_tui`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from alloy_tui.cli.hints import Look

_WITH_VALUE = ("--model", "--cwd", "--approve")
_ALONE = ("--demo", "--continue", "--no-session")
_WITH_OR_WITHOUT = ("--resume",)
_MODES = ("ask", "edits", "all", "none")
_SMALLEST = (20, 6)

SWITCH_INTERVAL_S = 0.0005

_INTERRUPT = b"\x03"
_BACKSPACE = "\x7f"
_ENTER = "\r"

# Alternate screen, no cursor, no wrapping, pastes as such.
_ENTERED = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h"
_LEFT = "\x1b[m\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h"


class Skeleton:
    """The screen and the keyboard until the app has them; make it with `open_skeleton`."""

    def __init__(self, look: Look, columns: int, rows: int) -> None:
        self._look = look
        self._columns, self._rows = columns, rows
        self.modes = termios.tcgetattr(0)
        """The line discipline as it was found."""
        self._typed = bytearray()
        self._shown = ""
        self._plain = True
        self._listening = False
        self._ended = _thread.allocate_lock()
        self._wake = os.pipe()
        self._screen_on = False

    def open(self) -> None:
        """Take the terminal, paint, and listen. Raises OSError and termios.error."""
        # Without it a module that loads keeps the listening thread waiting for 5 ms.
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        _set_raw(self.modes)
        self._screen_on = True
        self._write(_ENTERED + self._frame())
        self._take_line()
        self._ended.acquire()
        self._listening = True
        _thread.start_new_thread(self._listen, ())

    def hand_over(self) -> bytes:
        """Stop listening; what was typed so far, each byte once. The terminal stays as it is."""
        if self._listening:
            self._listening = False
            os.write(self._wake[1], b"x")
            self._ended.acquire()
        typed = bytes(self._typed)
        self._typed.clear()
        return typed

    def left(self) -> None:
        """The app has left the screen itself."""
        self._screen_on = False

    def close(self) -> None:
        """Give the terminal back as it was found; safe to call twice."""
        self.hand_over()
        self._give_back()

    def _give_back(self) -> None:
        try:
            if self._screen_on:
                self._screen_on = False
                self._write(_LEFT)
            termios.tcsetattr(0, termios.TCSANOW, self.modes)
        except (OSError, termios.error):
            pass  # the terminal is gone

    def _listen(self) -> None:
        try:
            while True:
                ready, _, _ = select.select([0, self._wake[0]], [], [])
                if self._wake[0] in ready:
                    return
                data = os.read(0, 4096)
                if not data:
                    return
                self._take(data)
        except OSError:
            pass  # the terminal is gone; whoever reads next will see it too
        finally:
            self._ended.release()

    def end(self, code: int) -> None:
        """Give the terminal back and end the process, whatever its threads are at.

        An exception would be lost if it came up in a callback of the import system.
        There is nothing to be finished yet.
        """
        self._give_back()
        os._exit(code)

    def _take_line(self) -> None:
        """What was typed before this program had the keyboard; Enter was a line feed there."""
        if select.select([0], [], [], 0)[0]:
            self._take(os.read(0, 4096).replace(b"\n", b"\r"))

    def _take(self, data: bytes) -> None:
        if _INTERRUPT in data:
            self.end(130)
        self._typed += data
        if not self._plain:
            return
        for key in data.decode(errors="replace"):
            if key == _BACKSPACE:
                self._shown = self._shown[:-1]
            elif key == _ENTER:
                self._shown = ""
            elif key.isprintable() and key != "\ufffd":
                self._shown += key
            else:  # the app will know what this is
                self._plain = False
                break
        self._write(self._prompt())

    def _frame(self) -> str:
        look, columns, rows = self._look, self._columns, self._rows
        line = rows - look.below
        parts = [f"{look.base}\x1b[2J\x1b[H{look.bar}\x1b[K {_folder(columns // 2)}"]
        if look.below > 1:
            parts.append(f"\x1b[{rows};1H{look.bar}\x1b[K")
        parts.append(f"\x1b[{line - 1};1H{look.line}{'─' * columns}")
        parts.append(f"\x1b[{line};1H{look.mark} ❯ ")
        return "".join(parts) + self._prompt()

    def _prompt(self) -> str:
        look = self._look
        room = self._columns - 5
        at = f"\x1b[{self._rows - look.below};4H"
        if not self._shown:
            words = look.placeholder[:room]
            return f"{at}{look.cursor}{words[:1] or ' '}{look.muted}{words[1:]}{look.base}\x1b[K"
        return f"{at}{look.text}{self._shown[-room:]}{look.cursor} {look.base}\x1b[K"

    def _write(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(2, data) :]


_open: Skeleton | None = None


def current() -> Skeleton | None:
    """The skeleton that has the terminal, if any."""
    return _open


def open_skeleton(arguments: Sequence[str]) -> Skeleton | None:
    """Paint the skeleton if `arguments` open the full screen and the terminal is fit for it."""
    global _open  # noqa: PLW0603 - there is one terminal
    if said(arguments) is None or not _fit():
        return None
    columns, rows = os.get_terminal_size(2)
    if columns < _SMALLEST[0] or rows < _SMALLEST[1]:
        return None
    made = Skeleton(hints.look(os.environ), columns, rows)
    _end_on_signals(made)
    try:
        made.open()
    except (OSError, termios.error):
        made.close()
        return None
    _open = made
    gc.disable()  # nothing of what is loaded now is garbage; the app enables it again
    return made


def close() -> None:
    """Give the terminal back, if it was taken."""
    global _open
    made, _open = _open, None
    if made is not None:
        made.close()


def said(arguments: Sequence[str]) -> dict[str, str | bool | None] | None:
    """What the parser would make of these, if they can only mean the full screen.

    None where that is in doubt. The grammar of all the commands costs more than
    a tenth of the whole start.
    """
    made: dict[str, str | bool | None] = {"command": None, "plain": False}
    made.update({_key(name): None for name in (*_WITH_VALUE, *_WITH_OR_WITHOUT)})
    made.update({_key(name): False for name in _ALONE})
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in _WITH_OR_WITHOUT:
            optional = not equals and rest and not rest[0].startswith("-")
            made[_key(name)] = rest.pop(0) if optional else value
        elif name in _WITH_VALUE:
            value = value if equals else rest.pop(0) if rest else ""
            if not value or value.startswith("-") or (name == "--approve" and value not in _MODES):
                return None
            made[_key(name)] = value
        elif word in _ALONE:
            made[_key(word)] = True
        else:
            return None
    if made["continue"] and made["resume"] is not None:
        return None  # one of them too many: the parser says so
    return made


def _key(flag: str) -> str:
    return flag[2:].replace("-", "_")


def _fit() -> bool:
    if os.environ.get("TERM", "dumb") in {"", "dumb", "unknown"} or "TEXTUAL_DRIVER" in os.environ:
        return False
    try:
        return all(os.isatty(n) for n in (0, 1, 2)) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _set_raw(modes: list[int | list[bytes | int]]) -> None:
    """Each key at once, none shown, none a signal; what was typed before is kept."""
    raw = list(modes)
    flags = termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG
    raw[3] &= ~flags  # type: ignore[operator] -- the stubs do not tell flags from characters
    raw[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)  # type: ignore[operator] -- likewise
    termios.tcsetattr(0, termios.TCSANOW, raw)


def _end_on_signals(made: Skeleton) -> None:
    """Until the app has handlers of its own."""
    import signal

    def end(number: int, _frame: FrameType | None) -> None:
        made.end(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _folder(limit: int) -> str:
    """The working folder, short and harmless."""
    try:
        path = os.getcwd()
    except OSError:
        return ""
    home = os.environ.get("HOME", "")
    if home and (path + "/").startswith(home + "/"):
        path = "~" + path[len(home) :]
    path = "".join(c if c.isprintable() else "?" for c in path)
    return path if len(path) <= limit else "…" + path[1 - limit :]
