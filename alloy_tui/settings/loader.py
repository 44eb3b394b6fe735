"""Settings from the user's file, the environment and the command line; nearest wins.

Owns the order and the words of every refusal. A project's own files are not
read: whoever wrote a repository must not choose where keys are sent, what runs
unasked, or which model answers. Never shows a key.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelFacts, ModelRef
from alloy_tui.domain.secret import Secret
from alloy_tui.settings.key_store import StoredKey, stored_keys
from alloy_tui.settings.paths import Paths, locate
from alloy_tui.settings.schema import (
    ApprovalMode,
    ServiceEntry,
    Settings,
    TimeoutSettings,
    UserFile,
)
from alloy_tui.settings.services import (
    KEY_VARIABLES,
    given_address,
    key_variables,
    service_of,
)
from alloy_tui.settings.validation import check_base_url, check_key, check_model_name, validate

_TIMEOUT_VARIABLES = {
    "ALLOY_CONNECT_TIMEOUT_S": "connect_s",
    "ALLOY_CHUNK_TIMEOUT_S": "chunk_s",
    "ALLOY_CONTENT_TIMEOUT_S": "content_s",
}


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line said; None leaves the matter to environment and file."""

    model: str | None = None
    approve: ApprovalMode | None = None
    max_turns: int | None = None
    timeout_s: float | None = None
    system_prompt: str | None = None


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    flags: Flags = Flags(),  # noqa: B008 -- a frozen value may be shared
    paths: Paths | None = None,
) -> Settings:
    """All settings, resolved. Raises ConfigError: where, which key, what to write."""
    env = os.environ if environment is None else environment
    where = paths or locate(env)
    file = read_user_file(where.config_file)
    timeouts = _timeouts(env, file.timeouts)
    common: dict[str, Any] = {
        name: getattr(file, name)
        for name in file.__struct_fields__
        if name not in {"services", "models"}
    }
    common.update(timeouts=timeouts)
    common.update(_from_flags(flags, file))
    services = _services(env, file, stored_keys(where), timeouts.resolved())
    return Settings(**common, services=services)


def read_user_file(path: Path) -> UserFile:
    """The config file; a missing one is an empty one. Raises ConfigError."""
    return parse_user_file(read_bytes(path, default=b""), where=str(path))


def read_bytes(path: Path, *, default: bytes) -> bytes:
    """What is in the file at `path`, or `default` if there is none. Raises ConfigError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return default
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.",
            hint="ALLOY_HOME says where Alloy keeps its files.",
        ) from error


def parse_user_file(data: bytes, *, where: str) -> UserFile:
    """The settings in TOML `data`; `where` names it in errors. Raises ConfigError."""
    if not data.strip():
        return UserFile()
    import tomllib  # most people have no such file, and their start is quicker without it

    try:
        text = data.decode()
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{where} is not UTF-8 text (byte {error.start}).",
            hint="Run `alloy config edit` to mend it.",
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{where} is not valid TOML: {error}.",
            hint="Run `alloy config edit` to mend it.",
        ) from None
    return validate(raw, text=text, where=where)


def _from_flags(flags: Flags, file: UserFile) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if flags.model is not None:
        check_model_name(flags.model)
        chosen["model"] = flags.model
    if flags.approve is not None:
        chosen["approvals"] = msgspec.structs.replace(file.approvals, mode=flags.approve)
    for name in ("max_turns", "timeout_s", "system_prompt"):
        value = getattr(flags, name)
        if value is not None:
            chosen[name] = value
    return chosen


def _timeouts(env: Mapping[str, str], file: TimeoutSettings) -> TimeoutSettings:
    changed: dict[str, float] = {}
    for variable, field in _TIMEOUT_VARIABLES.items():
        text = env.get(variable, "").strip()
        if not text:
            continue
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= 86_400:
            raise ConfigError(
                f"The environment variable {variable} is “{text}”.",
                hint="Set it to a number of seconds above 0, such as 30.",
            )
        changed[field] = seconds
    return msgspec.structs.replace(file, **changed)


def _services(
    env: Mapping[str, str], file: UserFile, stored: Mapping[str, StoredKey], timeouts: Timeouts
) -> dict[str, ServiceAccess]:
    from_variables = {service_of(name) for name, value in env.items() if value.strip()}
    facts: dict[str, dict[str, ModelFacts]] = {}
    for name, entry in file.models.items():
        ref = ModelRef.parse(name)
        facts.setdefault(ref.service, {})[ref.model] = entry.resolved()
    names = dict.fromkeys([*KEY_VARIABLES, "ollama", *file.services, *stored, *facts])
    names.update(dict.fromkeys(sorted(n for n in from_variables if n)))
    found: dict[str, ServiceAccess] = {}
    for name in names:
        entry = file.services.get(name, _NO_ENTRY)
        key, source = _key(name, env, entry, stored.get(name))
        base_url, variable = given_address(name, env)
        check_base_url(base_url, _refusal(f"The environment variable {variable}"))
        access = ServiceAccess(
            base_url=base_url or entry.base_url,
            api_key=key,
            key_source=source,
            timeouts=timeouts,
            wire=entry.wire,
            headers=entry.headers,
            label=entry.label,
            models=facts.get(name, {}),
        )
        if access != ServiceAccess(timeouts=timeouts):
            found[name] = access
    return found


_NO_ENTRY = ServiceEntry()


def _key(
    name: str, env: Mapping[str, str], entry: ServiceEntry, stored: StoredKey | None
) -> tuple[Secret | None, str | None]:
    """The key of a service and where it came from: the environment, the file, the key store."""
    own = (entry.key_variable,) if entry.key_variable else ()
    for variable in (*own, *key_variables(name)):
        text = env.get(variable, "").strip()
        if text:
            key = Secret(text)
            check_key(key, _refusal(f"The environment variable {variable}"))
            return key, f"environment variable {variable}"
    if entry.api_key:
        return entry.api_key, "the config file"
    return (stored.key, stored.source) if stored else (None, None)


def _refusal(where: str) -> Callable[[str], ConfigError]:
    return lambda words: ConfigError(f"{where}: {words}")
