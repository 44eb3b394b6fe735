"""From parsed TOML to a `UserFile`, or to an error that says what to write.

Owns the search for the culprit: its key, its line, the nearest known name.
Must not read files; never shows the value of a key.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.secret import Secret
from alloy_tui.settings.schema import WHAT_TO_WRITE, ServiceEntry, UserFile

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")


def validate(raw: dict[str, Any], *, text: str, where: str) -> UserFile:
    """The settings in `raw`. Raises ConfigError naming `where`, the line in `text` and the key."""

    def fail(path: tuple[str, ...], words: str, hint: str | None = None) -> ConfigError:
        line = line_of(text, path)
        place = f"{where}, line {line}" if line else where
        return ConfigError(f"{place}: {words}", hint=hint)

    unknown = _unknown(raw, ())
    if unknown is not None:
        raise fail(unknown, f"there is no setting `{'.'.join(unknown)}`.", _near(unknown))
    try:
        made = _convert(raw)
    except msgspec.ValidationError as error:
        path = _culprit(_convert, raw, ()) or ()
        raise fail(
            path,
            f"`{'.'.join(path)}` cannot be that.",
            f"Write {what_to_write(path)}." if path else str(error),
        ) from None
    for path, value in _model_names(made):
        try:
            check_model_name(value)
        except ConfigError as error:
            raise fail(path, f"`{path[0]}`: {error.message}", error.hint) from None
    for name in made.models:
        try:
            ModelRef.parse(name)
        except ConfigError as error:
            raise fail(("models", name), error.message, error.hint) from None
    for name, entry in made.services.items():
        _check_service(name, entry, fail)
    if (store := made.sessions.store) is not None and not _is_store(store):
        path = ("sessions", "store")
        words = "`sessions.store` is no address of a PostgreSQL server."
        raise fail(path, words, f"Write {what_to_write(path)}.")
    return made


def _check_service(name: str, entry: ServiceEntry, fail: Callable[..., ConfigError]) -> None:
    place = ("services", name)
    if not _SERVICE.fullmatch(name) or name in {"scripted", "demo"}:
        raise fail(
            place,
            f"a service cannot be named “{name}”.",
            "Use small letters, digits and dashes, such as my-server.",
        )
    check_base_url(entry.base_url, lambda words: fail((*place, "base_url"), words))
    check_key(entry.api_key, lambda words: fail(place, words))
    if entry.key_variable is not None and not _VARIABLE.fullmatch(entry.key_variable):
        # It may be the key itself, put in the wrong place.
        words = "`key_variable` is no name of a variable."
        raise fail((*place, "key_variable"), words, "Write a name such as MY_SERVER_KEY.")
    for header, value in entry.headers.items():
        text = value.reveal()
        if not _HEADER_NAME.fullmatch(header) or not text.isascii() or not text.isprintable():
            words = f"the header “{header}” cannot be sent like that."
            raise fail(
                (*place, "headers"), words, "Write letters, digits and dashes; no line breaks."
            )


def check_model_name(text: str) -> None:
    """Raise ConfigError when `text` can be no name of a model: empty, or half of a full name.

    Which model a short name means is found out later, from what is within reach.
    """
    if "/" in text or not text.strip():
        ModelRef.parse(text)


def check_base_url(url: str | None, fail: Callable[[str], ConfigError]) -> None:
    """Raise what `fail` makes when `url` is no address that a request can go to."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise fail(f"“{url}” is no web address; it must begin with http:// or https://.")


def check_key(key: Secret | None, fail: Callable[[str], ConfigError]) -> None:
    """Raise what `fail` makes when `key` cannot stand in a header; its text is not shown."""
    if key is None:
        return
    text = key.reveal()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise fail("the key holds characters that no key has; was it pasted whole?")


def _is_store(address: Secret) -> bool:
    return address.reveal().startswith(("postgresql://", "postgres://"))


def what_to_write(path: tuple[str, ...]) -> str:
    """The words for a key, such as "a whole number of at least 1"."""
    for pattern, words in WHAT_TO_WRITE.items():
        parts = pattern.split(".")
        if len(parts) == len(path) and all(p in ("*", q) for p, q in zip(parts, path, strict=True)):
            return words
    return "something else"


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line, from 1, on which `path` or its nearest parent is set in TOML `text`."""
    best: tuple[int, int] | None = None
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = here = _split(header[1])
        elif key := _KEY.match(line):
            here = (*table, *_split(key[1]))
        else:
            continue
        if here == path[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _decode(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value.strip())
    raise TypeError  # msgspec makes a ValidationError of it


def _convert(raw: dict[str, Any]) -> UserFile:
    return msgspec.convert(raw, UserFile, strict=True, dec_hook=_decode)


def _names_below(prefix: tuple[str, ...]) -> set[str]:
    names: set[str] = set()
    for pattern in WHAT_TO_WRITE:
        parts = pattern.split(".")
        if len(parts) == len(prefix) + 1 and all(
            p in ("*", q) for p, q in zip(parts, prefix, strict=False)
        ):
            names.add(parts[-1])
    return names


def _unknown(raw: dict[str, Any], prefix: tuple[str, ...]) -> tuple[str, ...] | None:
    names = _names_below(prefix)
    for name, value in raw.items():
        path = (*prefix, name)
        if name not in names and "*" not in names:
            return path
        if isinstance(value, dict) and _names_below(path):
            deeper = _unknown(cast("dict[str, Any]", value), path)
            if deeper is not None:
                return deeper
    return None


def _near(path: tuple[str, ...]) -> str:
    names = sorted(_names_below(path[:-1]))
    close = difflib.get_close_matches(path[-1], names, n=2)
    if close:
        return f"Did you mean {' or '.join(f'`{c}`' for c in close)}?"
    return f"Known here: {', '.join(names)}."


def _culprit(
    convert: Callable[[dict[str, Any]], object], value: dict[str, Any], path: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The deepest key whose value alone makes `convert` fail."""
    for name, inner in value.items():
        here = (*path, name)

        def wrapped(leaf: Any, name: str = name) -> object:
            return convert({name: leaf})

        if isinstance(inner, dict):
            deeper = _culprit(wrapped, cast("dict[str, Any]", inner), here)
            if deeper is not None:
                return deeper
        try:
            wrapped(inner)
        except msgspec.ValidationError:
            return here
    return None


def _model_names(file: UserFile) -> list[tuple[tuple[str, ...], str]]:
    found = [(("fallbacks",), name) for name in file.fallbacks]
    return [*([(("model",), file.model)] if file.model is not None else []), *found]
