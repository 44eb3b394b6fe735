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
            print(f"{arguments.key} = {editing.set_value(paths, arguments.key, text)}")
        case "path":
            print(paths.config_file)
        case _:
            _edit(paths)
    return 0


def _get(paths: Paths, key: str | None) -> int:
    value = editing.get_all(paths) if key is None else editing.get(paths, key)
    if value is None:
        sys.stderr.write(f"alloy: {key} is not set.\n")
        return 1
    if value:
        print(value)
    return 0


def _edit(paths: Paths) -> None:
    """Edit a copy; it takes the file's place only if it loads."""
    target = paths.config_file
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    private_folder(target.parent)
    handle, name = tempfile.mkstemp(prefix="config-", suffix=".toml", dir=target.parent)
    os.close(handle)
    copy = Path(name)
    before = target.read_text() if target.exists() else editing.TEMPLATE
    copy.write_text(before)
    try:
        code = subprocess.run([*command, str(copy)], check=False).returncode  # noqa: S603 -- the user's own editor
    except OSError as error:
        copy.unlink()
        raise ConfigError(
            f"The editor {command[0]} cannot be started: {error.strerror}.",
            hint="Set VISUAL or EDITOR.",
        ) from error
    after = copy.read_text(errors="replace")
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
