"""From Python types to JSON Schema, and from a model's JSON to those types.

Owns strictness: nothing is coerced, unknown fields are refused, and every
refusal names the argument, what is expected and what was sent, in words that
a model can act upon. Knows no tool.
"""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar, cast

import msgspec

from alloy_tui.domain.errors import ToolError

T = TypeVar("T")

_LONGEST_ECHO = 80
_PATH = re.compile(r"^(?P<words>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)


def input_schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema object of the Struct `kind`: no titles, no references.

    Raises TypeError for a type that refers to itself, because it has no
    schema without references, and not every service takes those.
    """
    raw = msgspec.json.schema(kind)
    schema = _inline(raw, cast("dict[str, Any]", raw.get("$defs", {})), ())
    # The tool's own description says what the call does; the Struct's
    # docstring is for readers of the code.
    schema.pop("description", None)
    schema.setdefault("type", "object")
    return schema


def _inline(node: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions, inside) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    fields = cast("dict[str, Any]", node)
    reference = fields.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name in inside:
            raise TypeError(f"The type {name} refers to itself; a tool's arguments cannot.")
        target = _inline(definitions[name], definitions, (*inside, name))
        rest = {k: v for k, v in fields.items() if k not in {"$ref", "$defs"}}
        return {**target, **_inline(rest, definitions, inside)} if rest else target
    made: dict[str, Any] = {}
    for key, value in fields.items():
        if key == "properties":
            made[key] = {n: _inline(v, definitions, inside) for n, v in value.items()}
        elif not (key in {"title", "$defs"} or (key == "default" and value is None)):
            made[key] = _inline(value, definitions, inside)
    return made


def parse(kind: type[T], arguments: dict[str, Any], tool: str) -> T:
    """`arguments` as a `kind`; ToolError says which one is unusable and why."""
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        raise ToolError(_explain(str(error), arguments, kind, tool)) from None


def _explain(error: str, arguments: dict[str, Any], kind: type[Any], tool: str) -> str:
    match = _PATH.match(error)
    words, path = (match["words"], match["path"] or "$") if match else (error, "$")
    place = path.removeprefix("$").removeprefix(".")
    fields = [f.encode_name for f in msgspec.structs.fields(kind)]
    where = f" in `{place}`" if place else ""
    known = ", ".join(f"`{name}`" for name in fields) or "none"
    if words.startswith("Object missing required field"):
        sent = ", ".join(f"`{name}`" for name in arguments) or "nothing"
        missing = words.rpartition(" ")[2]
        return f"{tool}: the required argument {missing}{where} is missing (sent: {sent})."
    if words.startswith("Object contains unknown field"):
        name = words.rpartition(" ")[2]
        if place:
            return f"{tool}: there is no field {name}{where}."
        near = difflib.get_close_matches(name.strip("`"), fields, 1)
        meant = f" Did you mean `{near[0]}`?" if near else ""
        return f"{tool}: there is no argument {name}.{meant} Arguments: {known}."
    expected = words.removeprefix("Expected ").partition(", got ")[0]
    if not place:
        return f"{tool}: {words}."
    found, sent = _lookup(arguments, place)
    echo = f", you sent {_show(sent)}" if found else ""
    return f"{tool}: the argument `{place}` must be {expected}{echo}."


def _lookup(value: Any, place: str) -> tuple[bool, Any]:
    """Follow msgspec's path (`a.b[0]`); false where it points at no single value (`[...]`)."""
    for key, index in re.findall(r"([^.\[\]]+)|\[([^\]]*)\]", place):
        try:
            value = value[key] if key else value[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return False, None
    return True, value


def _show(value: Any) -> str:
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError):  # lone surrogates, say
        text = ascii(value)
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}… ({len(text)} long)"
