"""The `read` tool: part of a text file with line numbers, or an image.

Owns the budget of what one call may bring. The file is streamed, however
large: memory holds one chunk and what is shown.
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from msgspec import Meta

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import ImageBlock, TextBlock
from alloy_tui.domain.tool import ToolContext, ToolReply
from alloy_tui.tools import marks
from alloy_tui.tools.base import CoreTool
from alloy_tui.tools.files import open_regular
from alloy_tui.tools.kinds import binary_kind, image_type
from alloy_tui.tools.paths import Guard, Workspace, allow_all, shown
from alloy_tui.tools.threads import Stop, in_thread

_CHUNK = 1 << 18
_HEAD = 8 << 10
_SCAN_LIMIT = 256 << 20  # lines beyond this many bytes are not counted
_BUDGET = 50_000  # characters of one answer
_LONGEST_LINE = 2_000  # characters
_LARGEST_IMAGE = 3_750_000  # bytes; 5 MB once in base64, which is what services take


class ReadArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `read` takes."""

    file_path: Annotated[str, Meta(description="Absolute, or relative to the working folder")]
    offset: Annotated[int, Meta(ge=1, description="First line, from 1")] = 1
    limit: Annotated[int, Meta(ge=1, description="Most lines")] = 2000


class _Window:
    """The lines asked for, gathered chunk by chunk; memory is bounded by the budget."""

    def __init__(self, offset: int, limit: int) -> None:
        self.offset = offset
        self.shown: list[str] = []
        self.replaced = False
        self.crlf = False
        self.full = False
        self.lines = 0  # complete lines seen in the whole file
        self._last = offset + limit - 1
        self._used = 0
        self._line = bytearray()  # the start of an unfinished line of the window
        self._dropped = 0  # bytes of it that were not kept
        self._open = False  # whether bytes have come after the last line break

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        if self.lines + chunk.count(b"\n") + 1 < self.offset:
            self._skip_all(chunk, 0)
            return
        position = 0
        while position < len(chunk):
            if self.full or self.lines + 1 > self._last:
                self._skip_all(chunk, position)
                return
            wanted = self._wanted()
            end = chunk.find(b"\n", position)
            stop = len(chunk) if end < 0 else end
            if wanted:
                self._keep(chunk[position:stop])
            self._open = True
            if end < 0:
                return
            self._finish(wanted=wanted)
            position = end + 1

    def close(self) -> None:
        """The file has ended; a last line without a line break is a line, too."""
        if self._open:
            self._finish(wanted=self._wanted())

    def _wanted(self) -> bool:
        return self.offset <= self.lines + 1 <= self._last and not self.full

    def _skip_all(self, chunk: bytes, position: int) -> None:
        self.lines += chunk.count(b"\n", position)
        self._open = not chunk.endswith(b"\n")

    def _keep(self, piece: bytes) -> None:
        # Four bytes make a character at most.
        room = 4 * _LONGEST_LINE + 4 - len(self._line)
        self._line += piece[:room]
        self._dropped += max(0, len(piece) - room)

    def _finish(self, *, wanted: bool) -> None:
        if wanted:
            self._show()
        self.lines += 1
        self._open = False

    def _show(self) -> None:
        raw, dropped = bytes(self._line), self._dropped
        self._line.clear()
        self._dropped = 0
        if not dropped and raw.endswith(b"\r"):
            self.crlf, raw = True, raw[:-1]
        text = raw.decode("utf-8", "replace").replace("\0", "�")
        if dropped:
            text = text.rstrip("�")  # a character cut in the middle is no bad byte
        self.replaced = self.replaced or "�" in text
        if dropped or len(text) > _LONGEST_LINE:
            text = f"{text[:_LONGEST_LINE]}… [line cut; it has {len(raw) + dropped:,} bytes]"
        line = f"{self.lines + 1:>6}\t{text}"
        if self.shown and self._used + len(line) + 1 > _BUDGET:
            self.full = True
            return
        self.shown.append(line)
        self._used += len(line) + 1


class ReadTool(CoreTool[ReadArguments]):
    """Show a file, and remember what was seen of it."""

    name = "read"
    description = (
        "Read a text file with line numbers (they are not part of the file), or an image "
        "(png, jpeg, gif, webp). Long files come in parts: go on with offset."
    )
    arguments = ReadArguments

    def __init__(self, guard: Guard = allow_all) -> None:
        super().__init__()
        self._workspace = Workspace(guard=guard)

    def lock_keys(self, prepared: ReadArguments, context: ToolContext) -> tuple[str, ...]:
        """The file that is really read: a write to it is seen whole or not at all."""
        return self._workspace.lock_keys(prepared.file_path, context.cwd)

    def headline(self, prepared: ReadArguments) -> str:
        """The path and the part."""
        part = "" if prepared.offset == 1 else f" from line {prepared.offset}"
        return f"{shown(prepared.file_path)}{part}"

    async def run(self, prepared: ReadArguments, context: ToolContext) -> ToolReply:
        """Read in a thread; cancelling stops within one chunk."""
        return await in_thread(partial(self._read, prepared, context))

    def _read(self, prepared: ReadArguments, context: ToolContext, stop: Stop) -> ToolReply:
        path = self._workspace.target(prepared.file_path, context.cwd, "read")
        with open_regular(path) as file:
            try:
                return _reply(path, file, prepared, context, stop)
            except BlockingIOError:
                raise ToolError(f"{shown(path)} has nothing to read now; it is a stream.") from None
            except OSError as error:
                raise ToolError(f"{shown(path)} cannot be read: {error.strerror}.") from None


def read_image(path: Path) -> ImageBlock:
    """The image at absolute `path`, as a message carries it.

    Blocks. Raises ToolError for what is missing, too large, or no image.
    """
    with open_regular(path) as file:
        try:
            head = file.read(_HEAD)
            media_type = image_type(head)
            if media_type is None:
                raise ToolError(f"{shown(path)} is no PNG, JPEG, GIF or WebP image.")
            size = os.fstat(file.fileno()).st_size
            return ImageBlock(media_type, _image_bytes(path, file, head, size))
        except OSError as error:
            raise ToolError(f"{shown(path)} cannot be read: {error.strerror}.") from None


def _reply(
    path: Path, file: BinaryIO, prepared: ReadArguments, context: ToolContext, stop: Stop
) -> ToolReply:
    status = os.fstat(file.fileno())
    head = file.read(_HEAD)
    media_type = image_type(head)
    if media_type is not None:
        data = _image_bytes(path, file, head, status.st_size)
        marks.ReadMarks(context.memory).record(path, marks.mark_of(status, data))
        return ToolReply(
            (
                TextBlock(f"{shown(path)}: {media_type}, {len(data):,} bytes."),
                ImageBlock(media_type, data),
            ),
            details={"path": str(path), "media_type": media_type, "bytes": len(data)},
        )
    kind = binary_kind(head)
    if kind is not None:
        how = "convert it with iconv" if kind == "UTF-16 text" else "use bash to look at it"
        raise ToolError(
            f"{shown(path)} is {kind} ({status.st_size:,} bytes), not UTF-8 text; {how}."
        )
    window = _Window(prepared.offset, prepared.limit)
    digest = hashlib.blake2b()
    scanned, chunk = 0, head
    while chunk and scanned < _SCAN_LIMIT and not stop.is_set():
        window.feed(chunk)
        digest.update(chunk)
        scanned += len(chunk)
        chunk = file.read(_CHUNK)
    if stop.is_set():
        raise ToolError("Cancelled.")
    whole = not chunk
    if whole:
        window.close()
    # What changes under the reading has no meaningful mark: it will count as stale.
    known = digest.digest() if whole and scanned <= marks.DIGEST_LIMIT else None
    mark = marks.ReadMark(status.st_mtime_ns, status.st_size, known)
    marks.ReadMarks(context.memory).record(path, mark)
    return _text(path, window, whole=whole, scanned=scanned)


def _text(path: Path, window: _Window, *, whole: bool, scanned: int) -> ToolReply:
    total = f"{window.lines:,}" if whole else f"more than {window.lines:,}"
    if not window.shown:
        if whole and not window.lines:
            return ToolReply.of("The file is empty.", path=str(path), lines=0)
        lines = "line" if whole and window.lines == 1 else "lines"
        far = "" if whole else f"; `read` looks no further than {scanned:,} bytes, use bash"
        raise ToolError(
            f"offset {window.offset:,} is past the end: {shown(path)} has {total} {lines}{far}."
        )
    last = window.offset + len(window.shown) - 1
    notes: list[str] = []
    if window.offset > 1 or last < window.lines or not whole:
        more = last < window.lines or not whole
        go_on = f"; continue with offset={last + 1}" if more else ""
        notes.append(f"Showing lines {window.offset:,}–{last:,} of {total}{go_on}.")
    if window.replaced:
        notes.append("Bytes that are no UTF-8 are shown as �.")
    if window.crlf:
        notes.append("Lines end with CRLF; edit keeps that.")
    body = "\n".join(window.shown)
    text = f"{body}\n\n[{' '.join(notes)}]" if notes else body
    return ToolReply.of(
        text, path=str(path), first=window.offset, last=last, lines=window.lines, counted=whole
    )


def _image_bytes(path: Path, file: BinaryIO, head: bytes, size: int) -> bytes:
    if size > _LARGEST_IMAGE:
        raise ToolError(
            f"{shown(path)} is an image of {size:,} bytes; at most {_LARGEST_IMAGE:,} can be "
            "shown. Make a smaller copy with bash and read that."
        )
    pieces = [head]
    left = _LARGEST_IMAGE - len(head)
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        pieces.append(chunk)
        left -= len(chunk)
    return b"".join(pieces)
