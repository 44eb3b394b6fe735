"""How an entry is spelled in bytes: versioned JSON that keeps every string exactly.

Owns the spelling, and what to do with words of a later version. JSON proper
cannot hold lone surrogates; an entry that has some is written with them as
three bytes each, which is no valid UTF-8 and so is told apart when it is read.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.sessions.nodes import Entry, KnownNode, Lost, Node, Unknown

VERSION = 1


class _Wire(msgspec.Struct, frozen=True, omit_defaults=True):
    v: int
    id: str
    parent: str | None
    at_ms: int
    node: msgspec.Raw
    agent: str = ""
    aside: bool = False
    mark: bool = False


class _Known(msgspec.Struct, frozen=True):
    """The same with a node of a known kind, for the quick way."""

    v: int
    id: str
    parent: str | None
    at_ms: int
    node: KnownNode
    agent: str = ""
    aside: bool = False
    mark: bool = False


class _Tagged(msgspec.Struct, frozen=True):
    type: str = "?"


_known = msgspec.json.Decoder(_Known)
_wire = msgspec.json.Decoder(_Wire)
_node = msgspec.json.Decoder(KnownNode)
_tagged = msgspec.json.Decoder(_Tagged)


def encode(entry: Entry) -> bytes:
    """The bytes of `entry`. Raises TypeError for an entry whose content is lost."""
    if isinstance(entry.node, Lost):
        raise TypeError(f"the content of node {entry.id} is lost and cannot be written")
    raw = entry.node.raw if isinstance(entry.node, Unknown) else encode_node(entry.node)
    wire = _Wire(
        VERSION,
        entry.id,
        entry.parent,
        entry.at_ms,
        msgspec.Raw(raw),
        entry.agent,
        entry.aside,
        entry.mark,
    )
    return msgspec.json.encode(wire)


def decode(data: bytes) -> Entry:
    """The entry that `data` spells; its kind may be Unknown.

    Raises StoreError: kind "damaged" for bytes that spell none, "newer" for a
    spelling of a later version.
    """
    try:
        known = _known.decode(data)
        if known.v == VERSION:
            return Entry(
                known.id,
                known.parent,
                known.at_ms,
                known.node,
                known.agent,
                known.aside,
                known.mark,
            )
    except ValueError:  # an unknown kind, surrogates or damage: the slow way tells them apart
        pass
    try:
        wire = _decode_wire(data)
        node = decode_node(bytes(wire.node))
    except (ValueError, TypeError, RecursionError) as error:
        raise StoreError("A stored message cannot be read.", kind="damaged") from error
    if wire.v != VERSION:
        raise StoreError(
            "A message was stored by a newer version of Alloy.",
            kind="newer",
            hint="Update Alloy to read it.",
        )
    return Entry(wire.id, wire.parent, wire.at_ms, node, wire.agent, wire.aside, wire.mark)


def encode_node(node: Node) -> bytes:
    """The bytes of a node alone."""
    try:
        return msgspec.json.encode(node)
    except UnicodeEncodeError:
        return _spell(msgspec.to_builtins(node))


def decode_node(raw: bytes) -> KnownNode | Unknown:
    """The node that `raw` spells. Raises ValueError when it is no JSON object at all."""
    try:
        return _node.decode(raw)
    except UnicodeDecodeError:
        data = _unspell(raw)
        try:
            return msgspec.convert(data, KnownNode)
        except msgspec.ValidationError:
            return Unknown(str(data.get("type", "?")), raw)
    except msgspec.ValidationError:
        return Unknown(_tagged.decode(raw).type, raw)


def _decode_wire(data: bytes) -> _Wire:
    try:
        return _wire.decode(data)
    except UnicodeDecodeError:
        loose = _unspell(data)
        loose["node"] = msgspec.Raw(_spell(loose.get("node")))
        return msgspec.convert(loose, _Wire)


def _spell(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _unspell(data: bytes) -> dict[str, Any]:
    found = json.loads(data.decode("utf-8", "surrogatepass"))
    if not isinstance(found, dict):
        raise TypeError("no JSON object")
    return found  # pyright: ignore[reportUnknownVariableType] -- json.loads is untyped
