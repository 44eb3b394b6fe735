"""What the first bytes of a file tell about it. Pure; never guesses from a name."""

from __future__ import annotations

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)

_BINARIES = (
    (b"%PDF-", "PDF document"),
    (b"PK\x03\x04", "ZIP archive or Office document"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ\x00", "xz archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"\x7fELF", "ELF executable"),
    (b"MZ", "Windows executable"),
    (b"\xcf\xfa\xed\xfe", "Mach-O executable"),
    (b"\xca\xfe\xba\xbe", "Java class or universal binary"),
    (b"\x00asm", "WebAssembly module"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"ID3", "MP3 audio"),
    (b"OggS", "Ogg media"),
    (b"RIFF", "RIFF media"),
)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def image_type(head: bytes) -> str | None:
    """The media type of an image that models take, else None."""
    for magic, media_type in _IMAGES:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def binary_kind(head: bytes) -> str | None:
    """What a file that is no UTF-8 text is, in words; None for text.

    `head` is the file's first few kilobytes. A NUL decides; without one, so
    do too many bytes that no UTF-8 text holds. A stray Latin-1 letter does not.
    """
    if head.startswith(_UTF16):
        return "UTF-16 text"
    if b"\0" not in head and _mostly_text(head):
        return None
    return next((words for magic, words in _BINARIES if head.startswith(magic)), "binary data")


def _mostly_text(head: bytes) -> bool:
    odd = head.decode("utf-8", "replace").count("�")
    odd += sum(head.count(byte) for byte in range(1, 8))
    return odd * 10 <= len(head) + 10
