"""Changing the config file without losing its comments.

Owns `alloy config get|set|edit` below the printing: tomlkit keeps comments and
order, the whole result is validated before a byte is written, and writing is
atomic. Values of keys are never given out.
"""

from __future__ import annotations

import contextlib
import tomllib
from typing import Any, cast

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.secret import Secret
from alloy_tui.settings.loader import parse_user_file, read_bytes, read_user_file
from alloy_tui.settings.paths import Paths, write_private
from alloy_tui.settings.schema import UserFile

HIDDEN = "(set, not shown)"

TEMPLATE = """\
# Settings of Alloy. Everything here is optional; `alloy doctor` shows what is in force.

# model = "sonnet"      # an alias, or service/model
# fallbacks = ["openai/gpt-6.1-sol"]
# max_turns = 50

# [approvals]
# mode = "ask"          # ask, edits, all or none

# [budget]              # asks before the request that would go beyond
# session_usd = 2.0
# day_usd = 10.0

# [services.ours]       # any server; then --model ours/NAME
# base_url = "http://127.0.0.1:8080/v1"
# wire = "openai-chat"  # or openai-responses, anthropic-messages, gemini, ollama-chat
# key_variable = "OUR_KEY"

# [models."ours/NAME"]  # what nobody else knows of it
# context_window = 65536
# input_price = 0.5     # US dollars per million tokens
"""


def get(paths: Paths, key: str) -> str | None:
    """What `key` (dotted) is in the file or by default, as TOML; None when it is not set.

    Raises ConfigError for unknown keys and a broken file.
    """
    file = read_user_file(paths.config_file)
    value: Any = msgspec.to_builtins(file, enc_hook=_hide)
    path = _path(key)
    for index, name in enumerate(path):
        if not isinstance(value, dict) or name not in value:
            if index and path[0] in {"services", "models"}:
                return None
            _check_known(key)
            return None
        value = cast("dict[str, Any]", value)[name]
    return None if value is None else _as_toml(value)


def get_all(paths: Paths) -> str:
    """What the file sets, as TOML, keys hidden; "" for an empty one. Raises ConfigError."""
    file = read_user_file(paths.config_file)
    set_here = tomllib.loads(read_bytes(paths.config_file, default=b"").decode())
    shown: dict[str, Any] = msgspec.to_builtins(file, enc_hook=_hide)
    return _as_toml({name: shown[name] for name in set_here}) if set_here else ""


def set_value(paths: Paths, key: str, text: str) -> str:
    """Set `key` to `text`; returns the value as TOML, keys hidden.

    `text` is read as TOML where that fits the key, otherwise as a plain string.
    Raises ConfigError, and writes nothing, when the result would be refused.
    """
    target = paths.config_file
    read_user_file(target)
    source = read_bytes(target, default=b"").decode()
    candidates: list[Any] = [text]
    with contextlib.suppress(tomllib.TOMLDecodeError, RecursionError):
        candidates.insert(0, tomllib.loads(f"value = {text}")["value"])
    refusal: ConfigError | None = None
    for value in candidates:
        changed = _with(source, _path(key), value)
        try:
            parse_user_file(changed.encode(), where=str(target))
        except ConfigError as error:
            refusal = refusal or error
            continue
        write_private(target, changed)
        hidden = key.endswith((".api_key", "sessions.store")) or ".headers" in key
        return HIDDEN if hidden else _as_toml(value)
    assert refusal is not None
    raise ConfigError(f"{key} was not set. {_tail(refusal.message)}", hint=refusal.hint)


def check(content: bytes, where: str) -> UserFile:
    """Validate a whole file before it replaces the old one. Raises ConfigError."""
    return parse_user_file(content, where=where)


def _path(key: str) -> tuple[str, ...]:
    parts = tuple(p.strip() for p in key.split("."))
    if not all(parts):
        raise ConfigError(f"“{key}” is no setting.", hint="Write it as name or table.name.")
    return parts


def _check_known(key: str) -> None:
    """Raise if no file could set `key`: an integer there says only what the type is."""
    value: Any = 0
    for name in reversed(_path(key)):
        value = {name: value}
    try:
        parse_user_file(tomlkit.dumps(value).encode(), where="config")
    except ConfigError as error:
        if "there is no setting" in error.message:
            raise ConfigError(f"There is no setting `{key}`.", hint=error.hint) from None


def _with(source: str, path: tuple[str, ...], value: Any) -> str:
    try:
        document = tomlkit.parse(source)
        table: Any = document
        for name in path[:-1]:
            if name not in table:
                table[name] = tomlkit.table(is_super_table=True)
            table = table[name]
        table[path[-1]] = value
    except (TOMLKitError, TypeError, AttributeError) as error:
        raise ConfigError(f"`{'.'.join(path)}` does not fit into the file: {error}") from None
    return tomlkit.dumps(document)


def _as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return tomlkit.dumps(_without_none(cast("dict[str, Any]", value))).strip()
    return tomlkit.dumps({"v": value}).removeprefix("v = ").strip()


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            kept[name] = _without_none(cast("dict[str, Any]", value))
        elif value is not None:
            kept[name] = value
    return kept


def _hide(value: Any) -> Any:
    if isinstance(value, Secret):
        return HIDDEN
    raise NotImplementedError


def _tail(message: str) -> str:
    """The part after "file, line n:"; the line is of a text that was not written."""
    _, colon, rest = message.partition(": ")
    return rest[:1].upper() + rest[1:] if colon else message
