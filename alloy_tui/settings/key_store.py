"""Keys that a person entered here: in a private file, or in the system's keyring.

Owns `keys.json` in the config folder (0600) and the way to the keyring, which
is used where the extra `keyring` is installed and a keyring answers. A key in
it is fetched when a request needs it, not at the start. No key is ever shown.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from functools import partial
from typing import Any, Final

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.secret import Secret
from alloy_tui.settings.paths import Paths, write_private
from alloy_tui.settings.validation import check_key

_log = logging.getLogger(__name__)

IN_KEYRING: Final = "the system keyring"
_NAME: Final = "alloy-tui"


class StoredKey(msgspec.Struct, frozen=True):
    """A key and where it is kept, in words."""

    key: Secret
    source: str


class _File(msgspec.Struct, frozen=True):
    """The file; None for a key that the keyring has."""

    keys: dict[str, str | None] = {}
    v: int = 1


def stored_keys(paths: Paths) -> dict[str, StoredKey]:
    """All keys entered here, by service. Raises ConfigError for a file that cannot be read."""
    return {
        service: StoredKey(Secret(partial(_from_keyring, service)), IN_KEYRING)
        if text is None
        else StoredKey(Secret(text), f"the key file {paths.key_file}")
        for service, text in _read(paths).keys.items()
    }


def store_key(paths: Paths, service: str, key: Secret) -> str:
    """Keep `key` for `service`; returns where, in words.

    Raises ConfigError when it cannot be a key or cannot be kept.
    """
    check_key(key, lambda words: ConfigError(f"The key was not kept: {words}"))
    if not key:
        raise ConfigError("There was no key to keep.")
    kept, keyring = _read(paths).keys, _keyring()
    in_keyring = keyring is not None and _put(keyring, service, key)
    _write(paths, {**kept, service: None if in_keyring else key.reveal()})
    return IN_KEYRING if in_keyring else f"the key file {paths.key_file}"


def forget_key(paths: Paths, service: str) -> bool:
    """Throw the key of `service` away; False when none was kept. Raises ConfigError."""
    kept = dict(_read(paths).keys)
    if service not in kept:
        return False
    if kept.pop(service) is None and (keyring := _keyring()) is not None:
        try:
            keyring.delete_password(_NAME, service)
        except Exception as error:  # noqa: BLE001 -- backends raise what they like
            _log.warning("The keyring did not forget the key of %s: %s", service, error)
    _write(paths, kept)
    return True


def _read(paths: Paths) -> _File:
    path = paths.key_file
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _File()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        _log.warning("%s may be read by others: %s", path, error)
    try:
        return msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigError(
            f"{path} is damaged.", hint="Remove it, then set the keys again: alloy config set-key."
        ) from None


def _write(paths: Paths, keys: dict[str, str | None]) -> None:
    write_private(paths.key_file, msgspec.json.format(msgspec.json.encode(_File(keys))) + b"\n")


def _keyring() -> Any | None:
    """The module, where the extra is installed and has a keyring that can keep anything."""
    if importlib.util.find_spec("keyring") is None:
        return None
    try:
        module = importlib.import_module("keyring")
        return module if module.get_keyring().priority > 0 else None
    except Exception as error:  # noqa: BLE001 -- backends raise what they like
        _log.warning("The system keyring cannot be used: %s", error)
        return None


def _put(keyring: Any, service: str, key: Secret) -> bool:
    try:
        keyring.set_password(_NAME, service, key.reveal())
        return keyring.get_password(_NAME, service) == key.reveal()
    except Exception as error:  # noqa: BLE001 -- backends raise what they like
        _log.warning("The keyring did not take the key of %s: %s", service, type(error).__name__)
        return False


def _from_keyring(service: str) -> str:
    keyring = _keyring()
    try:
        return (keyring.get_password(_NAME, service) if keyring else None) or ""
    except Exception as error:  # noqa: BLE001 -- backends raise what they like
        _log.warning("The keyring did not give the key of %s: %s", service, type(error).__name__)
        return ""
