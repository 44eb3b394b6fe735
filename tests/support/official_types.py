"""Support: a request held against the types that a service's own library declares.

Stricter than the libraries: a key that a type does not name is a complaint.
"""

from __future__ import annotations

import collections.abc
import types
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import is_typeddict

_LISTS = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
_MAPS = (dict, collections.abc.Mapping)


def complaints(value: Any, kind: Any, where: str = "request") -> list[str]:
    """What of `value` a `kind` (a type as annotations name it) does not allow; [] is right."""
    kind, origin = _bare(kind), get_origin(_bare(kind))
    if kind is Any or kind is object:
        return []
    if origin in (Union, types.UnionType):
        tried = [complaints(value, option, where) for option in get_args(kind)]
        return min(tried, key=_weight)
    if origin is Literal:
        return [] if value in get_args(kind) else [f"{where}: {value!r} is not {kind}"]
    if is_typeddict(kind):
        return _fields(value, kind, where)
    if origin in _LISTS or kind in _LISTS:
        if isinstance(value, str) or not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        inner = (get_args(kind) or (Any,))[0]
        return [c for n, item in enumerate(value) for c in complaints(item, inner, f"{where}[{n}]")]
    if origin in _MAPS or kind in _MAPS:
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        inner = (get_args(kind) or (str, Any))[1]
        return [c for k, v in value.items() for c in complaints(v, inner, f"{where}.{k}")]
    if kind is float and type(value) is int:
        return []
    if kind is None or kind is types.NoneType:
        return [] if value is None else [f"{where}: {value!r} is not null"]
    if isinstance(kind, type):
        right = type(value) is kind if kind in (bool, int, str, float) else isinstance(value, kind)
        return [] if right else [f"{where}: {value!r} is no {kind.__name__}"]
    return [f"{where}: nothing is known of {kind}"]


def _fields(value: Any, kind: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind.__name__}"]
    hints = _hints(kind)
    found = [f"{where}.{k}: unknown to {kind.__name__}" for k in value if k not in hints]
    found += [f"{where}.{k}: missing" for k in _due(kind) if k not in value]
    for name, item in value.items():
        if name in hints:
            found += complaints(item, hints[name], f"{where}.{name}")
    return found


@cache
def _due(kind: Any) -> frozenset[str]:
    """The keys that must be there. Annotations that are strings leave `__required_keys__` wrong."""
    hints, inherited, due = _hints(kind), set[str](), set[str]()
    for base in getattr(kind, "__orig_bases__", ()):
        if is_typeddict(base):
            inherited |= set(_hints(base))
            due |= _due(base)
    for name in set(hints) - inherited:
        mark = get_origin(hints[name])
        if mark is Required or (kind.__total__ and mark is not NotRequired):
            due.add(name)
    return frozenset(due)


def _weight(found: list[str]) -> int:
    """The alternative that was meant is the one with the fewest and deepest complaints."""
    return sum(100 - min(50, c.count(".") + c.count("[")) for c in found)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _bare(kind: Any) -> Any:
    while True:
        origin = get_origin(kind)
        if origin is Annotated or origin in (Required, NotRequired):
            kind = get_args(kind)[0]
        elif hasattr(kind, "__value__"):
            kind = kind.__value__
        else:
            return kind
