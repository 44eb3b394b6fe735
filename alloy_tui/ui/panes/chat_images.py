"""The images of a running conversation: those that go with a message, those that tools bring.

Owns which block shows which image and where its bytes are; how it looks is the
transcript's business, opening it the viewer's. What a file says is read here,
never decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

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


def image_spec(name: str, image: msg.ImageBlock, who: str = "") -> ImageBlock:
    """The block of an image that `who` brought: enough of it to say what it is."""
    head, weight = image.data[:_HEAD_BYTES], len(image.data)
    made = ImageBlock(clean_line(name, 80), image.media_type, head, weight)
    return replace(made, speaker=who) if who else made


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
                block = self._add(image_spec(name, part, "alloy"))
                self._pictures[block] = Picture(data=part.data)
        self._let_go()

    def stored(self, images: Mapping[int, bytes]) -> None:
        """Blocks with images of stored messages were put up."""
        # Older ones are let go first, and what is put up later may stand above.
        self._pictures.update((block, Picture(data=data)) for block, data in images.items())
        self._let_go()

    def cut(self, block: int) -> None:
        """From this block on nothing is there any more."""
        for gone in [b for b in self._pictures if b >= block]:
            del self._pictures[gone]

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
