"""The items that an answer in the OpenAI Responses format is a list of.

Owns what is known of an item while it arrives, and what the whole of one says.
Must not know of events or of the order in which they come.
"""

from __future__ import annotations

from typing import Any, cast

from alloy_tui.domain.provider import ArgumentsPart, StreamPart, TextPart, ThinkingPart
from alloy_tui.providers.tolerant_json import SurrogateJoiner, mapping, read_object


class Item:
    """An item that is being received."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.joiner = SurrogateJoiner()
        self.part: tuple[str, int] | None = None
        self.whole: dict[str, Any] = {}
        self.refused = False
        self.closed = False

    @property
    def text(self) -> str:
        """What has arrived of its words, or of its arguments."""
        return "".join(self.pieces)


def part_of(item: Item, text: str) -> StreamPart:
    """The part of the answer that says `text` of `item`."""
    match item.kind:
        case "reasoning":
            return ThinkingPart(text)
        case "function_call":
            return ArgumentsPart(item.id, text)
        case _:
            return TextPart(text)


def alike(item: Item, said: str, words: str) -> bool:
    """Whether the pieces and the whole of an item differ in nothing that counts."""
    if item.kind == "function_call":
        known = read_object(said)
        return known is not None and known == read_object(words)
    return "".join(said.split()) == "".join(words.split())


def means(item: Item, given: dict[str, Any]) -> bool:
    """Whether an item without a known place is this one."""
    if item.kind != str(given.get("type") or "message"):
        return False
    if item.kind == "function_call":
        return given.get("call_id") in (item.id, item.whole.get("call_id"))
    return item.kind == "reasoning" or item.text == words_of(item, given)


def words_of(item: Item, given: dict[str, Any]) -> str:
    """What a whole item says."""
    if item.kind == "function_call":
        arguments = given.get("arguments")
        return arguments if isinstance(arguments, str) else ""
    if item.kind == "reasoning":
        said = _texts(given.get("summary")) or _texts(given.get("content"))
        return "\n\n".join(said)
    return "".join(_texts(given.get("content")))


def _texts(parts: Any) -> list[str]:
    if not isinstance(parts, list):
        return []
    known = (mapping(p) for p in cast("list[Any]", parts))
    texts = (p.get("text") or p.get("refusal") for p in known)
    return [t for t in texts if isinstance(t, str) and t]


def is_refusal(given: dict[str, Any]) -> bool:
    """Whether a whole message refuses to answer."""
    parts = given.get("content")
    return isinstance(parts, list) and any(
        mapping(p).get("type") == "refusal" for p in cast("list[Any]", parts)
    )
