"""`alloy config`: the config file from the command line.

Owns the printing and the editor; the file is `settings.editing`'s business.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from alloy_tui.cli.streams import remark
from alloy_tui.domain.errors import ConfigError
from alloy_tui.settings import Paths, editing, locate
from alloy_tui.settings.paths import private_folder, write_private


def run(arguments: argparse.Namespace) -> int:
    """Carry out one of get, set, path, edit."""
    paths = locate()
    match arguments.action:
        case "get":
            return _get(paths, arguments.key)
        case "set":
            text = arguments.value
            if text == "-":
                text = sys.stdin.readline().strip()
                if not text:
                    raise ConfigError("There is no value on standard input.")
            print(f"{arguments.key} = {editing.set_value(paths, arguments.key, text)}")
        case "path":
            print(paths.config_file)
        case _:
            _edit(paths)
    return 0


def _get(paths: Paths, key: str | None) -> int:
    value = editing.get_all(paths) if key is None else editing.get(paths, key)
    if value is None:
        remark(f"alloy: {key} is not set.")
        return 1
    if value:
        print(value)
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
