"""Images as what a terminal can always show: their kind, size and weight in words.

Reads the sizes from the first bytes of PNG, GIF, JPEG and WebP; decodes nothing.
"""

from __future__ import annotations

import struct

_KINDS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP"}


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where the bytes do not tell."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return struct.unpack(">II", data[16:24])
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return struct.unpack("<HH", data[6:10])
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        return _jpeg(data) if data[:2] == b"\xff\xd8" else None
    except (struct.error, IndexError):
        return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        wide = int.from_bytes(data[24:27], "little") + 1
        return wide, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        wide, high = struct.unpack("<HH", data[26:30])
        return wide & 0x3FFF, high & 0x3FFF
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        # Start of frame, of any kind but tables (C4, C8, CC).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            high, wide = struct.unpack(">HH", data[at + 5 : at + 9])
            return wide, high
        at += 2 + length
    return None


def words_for(media_type: str, data: bytes, weight: int | None = None) -> str:
    """Words like "PNG, 640 x 480, 12 kB"; `weight` in bytes if `data` is only the beginning."""
    kind = _KINDS.get(media_type, media_type or "image")
    size = size_of(data)
    bytes_ = len(data) if weight is None else weight
    heavy = f"{bytes_:,} bytes" if bytes_ < 1000 else f"{bytes_ / 1000:,.0f} kB"
    return ", ".join([kind, *([f"{size[0]} x {size[1]}"] if size else []), heavy])
