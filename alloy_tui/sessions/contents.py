"""How an entry is laid down: a small body, and its large parts as content-addressed blobs.

Owns the taking apart and putting together, compression and checksums; both
stores of databases share it. Must not know where the parts are kept. Attachments
and long texts become blobs, so that a file read five times is kept once; the
body keeps the beginning of a long text, so that a lost blob hides no more than it must.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    ResultContent,
    TextBlock,
    ToolResultBlock,
)
from alloy_tui.sessions import codec
from alloy_tui.sessions.nodes import (
    Answer,
    AnyNode,
    Compaction,
    Entry,
    Graft,
    ToolResult,
    UserMessage,
)

FetchBlob: TypeAlias = Callable[[str], bytes | None]
"""From an address to the bytes, None when they are lost."""

LONG_TEXT = 4_096
"""Texts of more characters than this become blobs."""
PREVIEW = 200
"""How many characters of such a text stay in the body."""
# Smaller than this, zlib saves less than it costs.
_WORTH_PACKING = 400


class Laid(msgspec.Struct, frozen=True):
    """An entry ready to be stored; nothing is compressed yet.

    `refs` says which of its parts are blobs, as JSON pairs of place and
    address, "" for none; `blobs` are their bytes by address.
    """

    entry: Entry
    body: bytes
    refs: str
    blobs: Mapping[str, bytes]

    @property
    def crc(self) -> int:
        """A checksum of the body and its references."""
        return checksum(self.body, self.refs)


def checksum(body: bytes, refs: str) -> int:
    """CRC-32, to tell a body that a broken disk changed."""
    return zlib.crc32(refs.encode("utf-8", "surrogatepass"), zlib.crc32(body))


def sound_body(crc: object, packed: object, refs: object, body: object) -> tuple[bytes, str]:
    """A stored body, unpacked, and its references, if they are what was written.

    No `crc` (None) is not checked. Raises StoreError, kind "damaged".
    """
    if isinstance(body, bytes) and isinstance(refs, str):
        plain = unpack(body, bool(packed))
        if crc is None or checksum(plain, refs) == crc:
            return plain, refs
    raise StoreError("A stored message was changed by a fault.", kind="damaged")


def address(data: bytes) -> str:
    """A blob's address: SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def lay_down(entry: Entry) -> Laid:
    """Take `entry` apart."""
    blobs: dict[str, bytes] = {}
    refs: list[tuple[int, str]] = []

    def take(place: int, part: Block) -> Block:
        match part:
            case TextBlock(text=text) if len(text) > LONG_TEXT:
                data = text.encode("utf-8", "surrogatepass")
                less: Block = TextBlock(text[:PREVIEW])
            case ImageBlock(data=data) | DocumentBlock(data=data):
                less = msgspec.structs.replace(part, data=b"")
            case _:
                return part
        name = address(data)
        blobs[name] = data
        refs.append((place, name))
        return less

    node = _map(entry.node, take)
    body = codec.encode(entry if not refs else msgspec.structs.replace(entry, node=node))
    return Laid(entry, body, msgspec.json.encode(refs).decode() if refs else "", blobs)


def put_together(body: bytes, refs: str, fetch: FetchBlob) -> Entry:
    """The entry that was laid down so; a lost blob becomes words that say so.

    Raises StoreError, kind "damaged", when the body itself cannot be read.
    """
    entry = codec.decode(body)
    if not refs:
        return entry
    try:
        where = dict(msgspec.json.decode(refs, type=list[tuple[int, str]]))
    except msgspec.DecodeError as error:
        raise StoreError("A stored message cannot be read.", kind="damaged") from error

    def give(place: int, part: Block) -> Block:
        if place not in where:
            return part
        data = fetch(where[place])
        match part:
            case TextBlock(text=preview):
                if data is None:
                    return TextBlock(f"{preview}…\n[The rest of this text is lost.]")
                return TextBlock(data.decode("utf-8", "surrogatepass"))
            case ImageBlock() | DocumentBlock():
                if data is None:
                    return TextBlock(f"[A file of type {part.media_type} is lost.]")
                return msgspec.structs.replace(part, data=data)
            case _:
                return part

    return msgspec.structs.replace(entry, node=_map(entry.node, give))


def pack(data: bytes) -> tuple[bytes, bool]:
    """The shorter of `data` and its compressed form, and whether it is the latter."""
    if len(data) < _WORTH_PACKING:
        return data, False
    small = zlib.compress(data, 6 if len(data) < 1 << 18 else 1)
    return (small, True) if len(small) < 0.9 * len(data) else (data, False)


def unpack(data: bytes, packed: bool) -> bytes:
    """What was packed. Raises StoreError, kind "damaged"."""
    if not packed:
        return data
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise StoreError("A stored message cannot be read.", kind="damaged") from error


def _map(node: AnyNode, change: Callable[[int, Block], Block]) -> AnyNode:
    """`node` with every part passed through `change`, numbered in the order they stand."""
    count = -1

    def step(part: Block) -> Block:
        nonlocal count
        count += 1
        return change(count, part)

    def result(block: ToolResultBlock) -> ToolResultBlock:
        content = tuple(_content(step(c)) for c in block.content)
        return (
            block
            if content == block.content
            else ToolResultBlock(block.call_id, content, block.is_error)
        )

    def message(said: ChatMessage) -> ChatMessage:
        blocks = tuple(
            result(b) if isinstance(b, ToolResultBlock) else step(b) for b in said.blocks
        )
        return said if blocks == said.blocks else msgspec.structs.replace(said, blocks=blocks)

    match node:
        case UserMessage() | Answer():
            return msgspec.structs.replace(node, message=message(node.message))
        case ToolResult():
            return msgspec.structs.replace(node, result=result(node.result))
        case Compaction() | Graft():
            return msgspec.structs.replace(node, messages=tuple(map(message, node.messages)))
        case _:
            return node


def _content(block: Block) -> ResultContent:
    if isinstance(block, TextBlock | ImageBlock):
        return block
    raise TypeError("a tool result holds text and images only")
