"""Text to the clipboard, by the first route that works, and words that name it.

A tool of the desktop (pbcopy, wl-copy, xclip, xsel, clip.exe), then `tmux
load-buffer`, then the terminal itself (OSC 52), which never says whether it
took the text. Nothing here blocks the loop. Knows no widget.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from shutil import which
from typing import Any

import msgspec
from textual.app import App

TIMEOUT_S = 3.0
TERMINAL_LIMIT = 74_000
"""Bytes that terminals are known to take at once; some cut or drop more."""


class Outcome(msgspec.Struct, frozen=True):
    """Whether the text went anywhere, and the route or the reason in words."""

    worked: bool
    words: str


def tools(environ: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The desktop's tools that can reach the user's clipboard from here, by name."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return  # they would fill the clipboard of the machine at the other end
    if sys.platform == "darwin":
        yield "pbcopy", ["pbcopy"]
    if environ.get("WAYLAND_DISPLAY"):
        yield "wl-copy", ["wl-copy"]
    if environ.get("DISPLAY"):
        yield "xclip", ["xclip", "-selection", "clipboard"]
        yield "xsel", ["xsel", "--clipboard", "--input"]
    if environ.get("WSL_DISTRO_NAME"):
        yield "clip.exe", ["clip.exe"]


async def copy(
    text: str, terminal: Callable[[str], None], environ: Mapping[str, str] | None = None
) -> Outcome:
    """Copy `text`; `terminal` sends it by OSC 52. Never raises."""
    environ = os.environ if environ is None else environ
    for name, command in tools(environ):
        # clip.exe takes bytes for the old code page unless they say what they are.
        data = text.encode("utf-16") if name == "clip.exe" else _encode(text)
        if await _feed(command, data, environ):
            return Outcome(True, f"by {name}")
    if environ.get("TMUX"):
        if await _feed(["tmux", "load-buffer", "-w", "-"], _encode(text), environ):
            return Outcome(True, "by tmux, which passes it on if its set-clipboard is on")
        if await _feed(["tmux", "load-buffer", "-"], _encode(text), environ):
            return Outcome(True, "to tmux alone: paste it with prefix ]")
    size = len(_encode(text))
    if size > TERMINAL_LIMIT:
        return Outcome(
            False,
            f"{size // 1000:,} kB is more than a terminal takes, and there is no clipboard tool",
        )
    if environ.get("TERM") in {"dumb", "linux"} or environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return Outcome(False, "this terminal takes no text, and there is no clipboard tool")
    try:
        terminal(text)
    except (OSError, ValueError, RuntimeError):
        return Outcome(False, "the terminal could not be written to")
    return Outcome(True, "through the terminal (OSC 52), if it allows that")


def copy_and_tell(app: App[Any], text: str, what: str) -> None:
    """Copy `text` in the background, and say in the corner where `what` went, or why not."""

    async def work() -> None:
        outcome = await copy(text, app.copy_to_clipboard)
        words = f"Copied {what} {outcome.words}." if outcome.worked else _failure(what, outcome)
        severity = "information" if outcome.worked else "error"
        app.notify(words, severity=severity, markup=False, timeout=4 if outcome.worked else 8)

    app.run_worker(work(), group="clipboard", exclusive=True)


def _failure(what: str, outcome: Outcome) -> str:
    return f"Could not copy {what}: {outcome.words}. Hold Shift to select with the terminal."


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


async def _feed(command: list[str], data: bytes, environ: Mapping[str, str]) -> bool:
    """Whether `command` is there and took `data` with success in time."""
    program = which(command[0], path=environ.get("PATH"))
    if program is None:
        return False
    try:
        # Not a pipe for its output: xclip and wl-copy stay and would hold it open.
        process = await asyncio.create_subprocess_exec(
            program,
            *command[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await process.communicate(data)
    except (TimeoutError, OSError, asyncio.CancelledError) as error:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        return False
    return process.returncode == 0
