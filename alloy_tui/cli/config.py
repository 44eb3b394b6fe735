"""`alloy config`: the config file from the command line.

Owns the printing and the editor; the file is `settings.editing`'s business.
"""

from __future__ import annotations

import argparse
import getpass
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from alloy_tui.cli.streams import remark
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.sanitise import clean_line, json_safe
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.services import find_service
from alloy_tui.settings import Paths, editing, load_settings, locate
from alloy_tui.settings.key_store import forget_key, store_key
from alloy_tui.settings.paths import private_folder, write_private


def run(arguments: argparse.Namespace) -> int:
    """Carry out one of get, set, set-key, path, edit; without one, show what is set."""
    paths = locate()
    match arguments.action:
        case None:
            _show(paths)
        case "set-key" if arguments.remove:
            return _forget(paths, arguments.service)
        case "set-key":
            _keep(paths, arguments.service)
        case "get":
            return _get(paths, arguments.key)
        case "set":
            text = arguments.value
            if text == "-":
                text = sys.stdin.readline().strip()
                if not text:
                    raise ConfigError("There is no value on standard input.")
            value = editing.set_value(paths, arguments.key, text)
            print(json_safe(f"{arguments.key} = {value}"))
        case "path":
            print(paths.config_file)
        case _:
            _edit(paths)
    return 0


def _show(paths: Paths) -> None:
    """The file's settings, and where keys come from; no key."""
    print(f"# {clean_line(str(paths.config_file), limit=1000)}")
    if text := editing.get_all(paths):
        print(json_safe(text))  # strings of TOML are spelt as those of JSON
    settings = load_settings(paths=paths)
    for name, access in settings.services.items():
        if access.api_key:
            print(f"# key for {clean_line(name)}: from {clean_line(access.key_source or '?')}")


def _keep(paths: Paths, service: str) -> None:
    """Read a key without showing it and keep it."""
    access = load_settings(paths=paths).access(service)
    find_service(service, access)  # a key for a name that means nothing would never be used
    if sys.stdin.isatty():
        try:
            text = getpass.getpass(f"Key for {service} (it is not shown): ")
        except EOFError:
            text = ""
    else:
        text = sys.stdin.readline()
    where = store_key(paths, service, Secret(text.strip()))
    print(f"The key for {service} is in {where}.")
    now = load_settings(paths=paths).access(service)
    if now.key_source and now.key_source.startswith(("environment", "the config")):
        remark(f"alloy: another key goes before it: {now.key_source}.")


def _forget(paths: Paths, service: str) -> int:
    if not forget_key(paths, service):
        remark(f"alloy: no key for {clean_line(service)} was kept here.")
        return 1
    print(f"The key for {service} is forgotten.")
    return 0


def _get(paths: Paths, key: str | None) -> int:
    value = editing.get_all(paths) if key is None else editing.get(paths, key)
    if value is None:
        remark(f"alloy: {key} is not set.")
        return 1
    if value:
        print(json_safe(value))
    return 0


def _edit(paths: Paths) -> None:
    """Edit a copy; it takes the file's place only if it loads."""
    target = paths.config_file
    command = _editor()
    # Bytes: a file that is no text can be mended only if it can be opened.
    before = editing.read_bytes(target, default=editing.TEMPLATE.encode())
    copy = _copy(before, private_folder(target.parent))
    try:
        code = subprocess.run([*command, str(copy)], check=False).returncode  # noqa: S603 -- the user's own editor
        after = copy.read_bytes()
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise ConfigError(
            f"The editor {command[0]} cannot be used: {error.strerror}.",
            hint="Set VISUAL or EDITOR.",
        ) from error
    if code or after == before:
        copy.unlink()
        print("Nothing was changed.")
        return
    try:
        editing.check(after, str(copy))
    except ConfigError as error:
        raise ConfigError(
            f"{error.message} {error.hint or ''} The config file is as it was; your text is kept."
        ) from None
    write_private(target, after)
    copy.unlink()
    print(f"{target} was changed.")


def _editor() -> list[str]:
    """The user's editor and its flags."""
    words = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        command = shlex.split(words)
    except ValueError:
        command = []
    if not command:
        raise ConfigError(f"“{words}” is no command.", hint="Set VISUAL or EDITOR to an editor.")
    return command


def _copy(content: bytes, folder: Path) -> Path:
    """A private file beside the real one."""
    try:
        handle, name = tempfile.mkstemp(prefix="config-", suffix=".toml", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigError(f"No file can be written in {folder}: {error.strerror}.") from error
    return Path(name)
