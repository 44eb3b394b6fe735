"""JSON from services, read fast when it is right and patiently when it is not.

Owns the two ways to read: msgspec straight into typed structs, and, for what it
refuses (NaN, bytes that are no UTF-8, lone surrogates, fields of wrong types), a
slow path that keeps every field that makes sense. Also joins surrogate pairs
that were split over two deltas. Knows no service.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin

import msgspec

from alloy_tui.domain.errors import ProviderError

T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")
_BIG_COUNT = 10**12
_DEEPEST = 100
_MISSING: Final = object()


def read(data: bytes, kind: type[T]) -> T:
    """`data` as a `kind` (a struct type).

    Raises ProviderError, kind "malformed", when it is no JSON object.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        made = _salvage(read_any(data), kind)
        if made is _MISSING:
            raise ProviderError(
                "The service sent something other than a JSON object.", kind="malformed"
            ) from None
        return cast("T", made)


def read_any(data: bytes) -> Any:
    """`data` as plain values. Raises ProviderError, kind "malformed"."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(data.decode("utf-8", "replace"), parse_int=_parse_int)
    except (ValueError, RecursionError):
        # Damage on the way: before anything was shown a second try is safe, and likely better.
        raise ProviderError(
            "The service sent broken JSON.", kind="malformed", should_retry=True
        ) from None


def read_object(text: str) -> dict[str, Any] | None:
    """Tool arguments: the JSON object in `text`, or None if it is none.

    Stricter than `read`: NaN, text after the object and absurd nesting are
    refused, for what comes out is run, stored and sent back. Lone surrogates
    become U+FFFD.
    """
    if text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        return None
    value: Any
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        try:
            value = scrub_all(json.loads(text, parse_constant=_refuse))
        except (ValueError, RecursionError):
            return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def scrub(text: str) -> str:
    """`text` with pairs of surrogates joined and lone ones as U+FFFD, so that it encodes."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def scrub_all(value: Any) -> Any:
    """`value` with every string in it scrubbed."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return [scrub_all(v) for v in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {scrub(k): scrub_all(v) for k, v in cast("dict[str, Any]", value).items()}
    return value


def encode(value: Any) -> bytes:
    """`value` as JSON; text that cannot be encoded is scrubbed first."""
    try:
        return msgspec.json.encode(value)
    except UnicodeError:
        return msgspec.json.encode(scrub_all(value))


def count(value: Any) -> int | None:
    """A token count, or None for anything that is not a sane one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _BIG_COUNT else None


def amount(value: Any) -> float | None:
    """A sum of money, or None for anything that is not a sane one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < _BIG_COUNT else None


def words(value: Any) -> str:
    """A piece of text, "" for none.

    Raises ProviderError, kind "malformed", for anything else: left out, it
    would be a hole that nobody is told of.
    """
    if value is None or isinstance(value, str):
        return value or ""
    raise ProviderError("The service sent a piece of text that is none.", kind="malformed")


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class SurrogateJoiner:
    """Makes the deltas of one text encodable, holding back half a pair until the rest comes."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, delta: str) -> str:
        """The part of the text that is now safe to pass on."""
        if self._half:
            delta, self._half = self._half + delta, ""
        if delta and "\ud800" <= delta[-1] <= "\udbff":
            delta, self._half = delta[:-1], delta[-1]
        return scrub(delta)

    def close(self) -> str:
        """What a half that never met its partner becomes."""
        rest, self._half = self._half, ""
        return scrub(rest)


def _parse_int(digits: str) -> int | float:
    # Python refuses to turn thousands of digits into an int; a float says "huge" as well.
    return int(digits) if len(digits) < 4000 else float(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _depth(text: str) -> int:
    deepest = level = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, re.DOTALL):
        mark = match.group()
        if mark in "[{":
            level += 1
            deepest = max(deepest, level)
        elif mark in "]}":
            level -= 1
    return deepest


def _salvage(value: Any, kind: Any) -> Any:
    """`value` as a `kind`, without the fields and items that are not what they should be."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if not isinstance(value, dict):
            return _MISSING
        given = cast("dict[str, Any]", value)
        kept: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.encode_name in given:
                made = _salvage(given[field.encode_name], field.type)
                if made is not _MISSING:
                    kept[field.name] = made
        return cast("Callable[..., Any]", kind)(**kept)
    if get_origin(kind) is list:
        if not isinstance(value, list):
            return _MISSING
        made_items = [_salvage(v, get_args(kind)[0]) for v in cast("list[Any]", value)]
        return [m for m in made_items if m is not _MISSING]
    if get_origin(kind) in (Union, types.UnionType):
        for option in get_args(kind):
            made = _salvage(value, option)
            if made is not _MISSING:
                return made
        return _MISSING
    try:
        return msgspec.convert(value, cast("Any", kind))
    except (msgspec.ValidationError, RecursionError, UnicodeError):
        # Half a surrogate pair fits no type but text, and cannot be looked at as a number.
        return value if kind is str and isinstance(value, str) else _MISSING
