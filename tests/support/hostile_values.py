"""Values of any shape whose every text is hostile, made from the types of their fields."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

HOSTILE = "\x1b]0;P\x07\x9b1m\x1b[2J\r\x08\u202e[@click=app.quit]QZ[/]$error"
"""Sequences, lone controls, direction and markup; short, so that no limit cuts it away."""


def hostile(kind: Any, text: str = HOSTILE) -> Any:
    """A value of the type `kind` that has `text` wherever a text may be."""
    return variants(kind, text)[0]


def variants(kind: Any, text: str = HOSTILE) -> list[Any]:
    """One value for each way to be of the type `kind`."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return [v for part in parts if part is not type(None) for v in variants(part, text)]
    if origin is Literal:
        return list(parts)
    if origin in {tuple, list, Sequence}:
        made = [v for part in parts if part is not ... for v in variants(part, text)]
        return [tuple(made)]
    if origin in {dict, Mapping}:
        return [{hostile(parts[0], text): hostile(parts[1], text)}]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _structs(kind, text)
    plain: dict[Any, Any] = {
        str: text,
        Any: text,
        object: text,
        int: 1,
        float: 1.0,
        bool: True,
        bytes: b"\x89PNG",
    }
    return [plain[kind]]


def _structs(kind: type[msgspec.Struct], text: str) -> list[Any]:
    """One for each value of the field that has most of them."""
    hints = get_type_hints(kind)
    values = {name: variants(hints[name], text) for name in kind.__struct_fields__}
    most = max((len(found) for found in values.values()), default=1)
    return [
        kind(**{name: found[number % len(found)] for name, found in values.items()})
        for number in range(most)
    ]
