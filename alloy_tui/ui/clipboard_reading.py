"""What is on the clipboard, an image or text, by the desktop's own tools.

A terminal pastes text alone; an image has to be asked for. Owns which tool is
asked, and where an image is kept. Over SSH nothing is asked: the tools there
have another clipboard. Nothing here blocks the loop. Knows no widget.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import which

import msgspec

TIMEOUT_S = 5.0
LARGEST_IMAGE = 50_000_000
"""Bytes that are taken from the clipboard; what a model takes is less, and said by the engine."""
_LARGEST_TEXT = 20_000_000
_KEPT = 50
_ENDINGS = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
}
_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_POWERSHELL = ["powershell.exe", "-NoProfile", "-STA", "-Command"]
_AS_PNG = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "$i=[Windows.Forms.Clipboard]::GetImage();"
    "if($i){$m=New-Object IO.MemoryStream;$i.Save($m,[Drawing.Imaging.ImageFormat]::Png);"
    "[Convert]::ToBase64String($m.ToArray())}"
)
_AS_TEXT = "[Console]::OutputEncoding=[Text.Encoding]::UTF8;Get-Clipboard -Raw"
_APPLE_DATA = re.compile(rb"\xc2\xabdata PNGf([0-9A-Fa-f]+)\xc2\xbb")


class Way(msgspec.Struct, frozen=True):
    """A tool: `image` and `text` are its commands, `types` lists what is there, as lines.

    In a command that gives an image "{}" stands for its type.
    """

    image: tuple[Sequence[str], ...] = ()
    text: Sequence[str] = ()
    types: Sequence[str] = ()
    decode: Callable[[bytes], bytes] = bytes


def ways(environ: Mapping[str, str]) -> Iterator[Way]:
    """The tools that reach the user's clipboard from here, best first."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return
    if sys.platform == "darwin":
        script = "get the clipboard as «class PNGf»"
        yield Way(image=(["pngpaste", "-"],), text=["pbpaste"])
        yield Way(image=(["osascript", "-e", script],), decode=_from_apple)
    if environ.get("WAYLAND_DISPLAY"):
        paste = ["wl-paste", "--no-newline"]
        yield Way((["wl-paste", "--type", "{}"],), paste, ["wl-paste", "--list-types"])
    if environ.get("DISPLAY"):
        out = ["xclip", "-selection", "clipboard", "-o"]
        yield Way(([*out, "-t", "{}"],), out, [*out, "-t", "TARGETS"])
        yield Way(text=["xsel", "--clipboard", "--output"])
    if environ.get("WSL_DISTRO_NAME"):
        yield Way(([*_POWERSHELL, _AS_PNG],), [*_POWERSHELL, _AS_TEXT], decode=_from_base64)
    if environ.get("TMUX"):
        yield Way(text=["tmux", "save-buffer", "-"])


async def image(environ: Mapping[str, str]) -> bytes | None:
    """The image on the clipboard, as a file would hold it; None without one."""
    for way in ways(environ):
        kinds: Sequence[str] = ("image/png",)
        if way.types:
            listed = (await _ask(way.types, environ) or b"").decode("ascii", "replace").split()
            kinds = [kind for kind in _TYPES if kind in listed]
        for command in way.image:
            for kind in kinds:
                given = await _ask([part.replace("{}", kind) for part in command], environ)
                with contextlib.suppress(ValueError):
                    data = way.decode(given or b"")
                    if ending_of(data):
                        return data
    return None


async def text(environ: Mapping[str, str]) -> str | None:
    """The text on the clipboard; None without one."""
    for way in ways(environ):
        if way.text:
            given = await _ask(way.text, environ)
            if given:
                return given[:_LARGEST_TEXT].decode("utf-8", "replace")
    return None


def ending_of(data: bytes) -> str:
    """What a file of that image is called at the end; "" when it is none that models take."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((ending for begin, ending in _ENDINGS.items() if data.startswith(begin)), "")


def keep(data: bytes, folder: Path | None) -> Path:
    """Write an image into `folder`, for its owner's eyes only; the oldest there go.

    Without a folder it is one for now alone. Raises OSError.
    """
    folder = Path(tempfile.mkdtemp(prefix="alloy-pasted-")) if folder is None else folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = folder / f"pasted-{stamp}-{os.urandom(2).hex()}{ending_of(data)}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    for old in sorted(folder.glob("pasted-*"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


def _from_apple(given: bytes) -> bytes:
    found = _APPLE_DATA.search(given)
    return bytes.fromhex(found[1].decode()) if found else b""


def _from_base64(given: bytes) -> bytes:
    try:
        return base64.b64decode(given.strip(), validate=False)
    except binascii.Error:
        return b""


async def _ask(command: Sequence[str], environ: Mapping[str, str]) -> bytes | None:
    """What `command` printed, if it is there and ended well in time and measure."""
    program = which(command[0], path=environ.get("PATH"))
    if program is None:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *command[1:],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        )
    except OSError:
        return None
    assert process.stdout is not None
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while size <= LARGEST_IMAGE and (piece := await process.stdout.read(1 << 16)):
                pieces.append(piece)
                size += len(piece)
            if size <= LARGEST_IMAGE:
                await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return b"".join(pieces) if process.returncode == 0 else None
