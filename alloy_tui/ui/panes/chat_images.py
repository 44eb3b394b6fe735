"""The images of a running conversation: those that go with a message, those that tools bring.

Owns which block shows which image and where its bytes are; how it looks is the
transcript's business, opening it the viewer's. What a file says is read here,
never decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from alloy_tui.domain import messages as msg
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.transcript import BlockSpec, ImageBlock

_HEAD_BYTES = 65_536  # enough for the size of a JPEG behind its preview
_KEPT_BYTES = 32_000_000
_WAITING = 64
_KINDS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


class Picture(msgspec.Struct, frozen=True):
    """An image that can be looked at: a file, or bytes that came without one."""

    path: Path | None = None
    data: bytes = b""


class ChatImages:
    """Adds blocks for images by `add` and knows what each of them shows."""

    def __init__(self, add: Callable[[BlockSpec], int]) -> None:
        self._add = add
        self._waiting: dict[str, tuple[Path, ...]] = {}
        self._pictures: dict[int, Picture] = {}

    def expect(self, request_id: str, paths: Sequence[Path]) -> None:
        """These go with the message of that request; shown once it is."""
        if paths:
            self._waiting[request_id] = tuple(paths)
            while len(self._waiting) > _WAITING:
                del self._waiting[next(iter(self._waiting))]

    def sent(self, request_id: str | None) -> None:
        """The message of that request stands in the conversation now."""
        for path in self._waiting.pop(request_id or "", ()):
            try:
                with path.open("rb") as file:
                    head = file.read(_HEAD_BYTES)
                weight = path.stat().st_size
            except OSError:
                head, weight = b"", 0
            kind = _KINDS.get(path.suffix.lower(), "image")
            block = self._add(ImageBlock(clean_line(path.name, 80), kind, head, weight))
            self._pictures[block] = Picture(path)

    def brought(self, name: str, content: Sequence[msg.TextBlock | msg.ImageBlock]) -> None:
        """A tool answered with `content`; `name` says what it worked on."""
        for part in content:
            if isinstance(part, msg.ImageBlock):
                data = part.data
                spec = ImageBlock(
                    clean_line(name, 80), part.media_type, data[:_HEAD_BYTES], len(data), "alloy"
                )
                self._pictures[self._add(spec)] = Picture(data=data)
        self._let_go()

    def picture(self, block: int) -> Picture | None:
        """What that block shows, if it is an image that is still at hand."""
        return self._pictures.get(block)

    def clear(self) -> None:
        """The conversation is empty."""
        self._pictures.clear()

    def _let_go(self) -> None:
        """Images without a file are kept in memory, the newest of them."""
        size = 0
        for block, picture in reversed(list(self._pictures.items())):
            size += len(picture.data)
            if picture.data and size > _KEPT_BYTES:
                del self._pictures[block]
