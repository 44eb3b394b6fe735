"""Opening an image with the desktop's own viewer.

The conversation shows an image as a labelled line: its rows are text that is
searched, selected and scrolled by the row. Owns which program is asked, and
the file for an image that has none. Only what is an image by its first bytes
is opened. Knows no widget.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.clipboard_reading import ending_of

_PATIENCE_S = 3.0


def viewer(environ: Mapping[str, str]) -> Sequence[str] | None:
    """The command that opens a file on the user's desktop; None when there is none here."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None  # it would open on the machine at the other end
    names: list[str] = []
    if sys.platform == "darwin":
        names.append("open")
    if environ.get("WSL_DISTRO_NAME"):
        names.append("wslview")
    if environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY"):
        names.append("xdg-open")
    found = (which(name, path=environ.get("PATH")) for name in names)
    program = next((path for path in found if path), None)
    return [program] if program is not None else None


async def show(path: Path | None, data: bytes, environ: Mapping[str, str]) -> str:
    """Open the file at `path`, or `data`; words for the user, "" when all went well."""
    try:
        place = await asyncio.to_thread(_at_hand, path, data)
    except OSError as error:
        return f"The image cannot be opened: {error.strerror}."
    if place is None:
        return "This is no image that could be opened."
    command = viewer(environ)
    where = clean_line(str(place), 200)
    if command is None:
        return f"There is no viewer here. The image is {where}"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            str(place),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            env=dict(environ),
        )
    except OSError as error:
        return f"The viewer does not start: {error.strerror}. The image is {where}"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            code = await process.wait()
    except TimeoutError:
        return ""  # some viewers stay
    return "" if code == 0 else f"The viewer ended with code {code}. The image is {where}"


def _at_hand(path: Path | None, data: bytes) -> Path | None:
    """The file to open; blocks. Raises OSError."""
    if path is not None:
        with path.open("rb") as file:
            return path.resolve() if ending_of(file.read(16)) else None
    ending = ending_of(data)
    if not ending:
        return None
    handle, name = tempfile.mkstemp(prefix="alloy-image-", suffix=ending)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return Path(name)
