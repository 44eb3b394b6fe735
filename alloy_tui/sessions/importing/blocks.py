"""What other programs call content, as blocks of ours.

Owns the shapes that several of them share: texts, images in base64, results of
tools. What is of no known shape is told as text rather than dropped.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from alloy_tui.domain.messages import (
    DocumentBlock,
    ImageBlock,
    ResultContent,
    TextBlock,
    ToolCallBlock,
)
from alloy_tui.sessions.importing.records import mapping, parse, sequence, string

Said: TypeAlias = TextBlock | ImageBlock | DocumentBlock
_TITLE = 120
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,", re.ASCII)


def said(content: object) -> tuple[Said, ...]:
    """What a person or a tool said: a string, or parts of any of the known shapes."""
    if isinstance(content, str):
        return (TextBlock(content),) if content else ()
    found = (_part(mapping(p)) if not isinstance(p, str) else TextBlock(p) for p in _parts(content))
    return tuple(block for block in found if block is not None)


def brought(content: object) -> tuple[ResultContent, ...]:
    """What a tool call brought; documents are told by name."""
    return tuple(
        TextBlock(f"({b.name}, {b.media_type})") if isinstance(b, DocumentBlock) else b
        for b in said(content)
    )


def call(id_: object, name: object, arguments: object) -> ToolCallBlock:
    """A tool call; arguments may be an object or the JSON text of one."""
    given, invalid = mapping(arguments), None
    if isinstance(arguments, str) and arguments.strip():
        found = parse(arguments.encode("utf-8", "surrogatepass"))
        given, invalid = found or {}, arguments if found is None else None
    return ToolCallBlock(string(id_), string(name) or "tool", given, invalid)


def image(media_type: object, data: object) -> ImageBlock | None:
    """An image from base64, None if it is none."""
    if not isinstance(data, str) or not string(media_type).startswith("image/"):
        return None
    try:
        return ImageBlock(string(media_type), base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return None


def words(parts: Iterable[Said]) -> str:
    """The texts among the blocks."""
    return "\n".join(p.text for p in parts if isinstance(p, TextBlock))


def first_line(parts: Iterable[Said]) -> str:
    """What a session can be called by."""
    return words(parts).strip().partition("\n")[0][:_TITLE]


def _parts(content: object) -> list[Any]:
    return [content] if isinstance(content, dict) else sequence(content)


def _part(part: dict[str, Any]) -> Said | None:
    match part:
        case {"type": "text" | "input_text" | "output_text" | "summary_text", "text": str(text)}:
            return TextBlock(text) if text else None
        case {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}:
            return image(kind, data) or TextBlock("(an image that cannot be read)")
        case {"type": "document", "source": {"type": "base64", "media_type": kind, "data": data}}:
            return _document(kind, data, part.get("title"))
        case {"type": "image", "data": data, "mimeType": kind}:
            return image(kind, data) or TextBlock("(an image that cannot be read)")
        case {"type": "input_image", "image_url": str(url)}:
            found = _DATA_URL.match(url)
            made = image(found[1], url[found.end() :]) if found else None
            return made or TextBlock("(an image that is not in the file)")
        case {"text": str(text)} if text:
            return TextBlock(text)
        case {"type": str(kind)}:
            return TextBlock(f"({kind})")
        case _:
            return None


def _document(kind: object, data: object, title: object) -> TextBlock | DocumentBlock:
    name = string(title) or "document"
    try:
        return DocumentBlock(string(kind), base64.b64decode(string(data), validate=True), name)
    except (binascii.Error, ValueError):
        return TextBlock(f"({name}, which cannot be read)")
