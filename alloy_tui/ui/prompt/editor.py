"""Writing a prompt in the user's own editor.

Owns the file (for its owner's eyes only), the command and what is said when it
fails. Blocks while the editor is open; the caller gives the terminal away.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from alloy_tui.domain.sanitise import clean, clean_line

_USUAL = ("nano", "vim", "vi")


class EditorError(Exception):
    """The editor did not bring a text; the message is for the user."""


def editor_command(environment: Mapping[str, str]) -> Sequence[str]:
    """`$VISUAL`, `$EDITOR`, or an editor that is there. Raises EditorError."""
    for name in ("VISUAL", "EDITOR"):
        given = environment.get(name, "").strip()
        if not given:
            continue
        try:
            words = shlex.split(given)
        except ValueError:
            raise EditorError(f"${name} is no command: {clean_line(given, limit=80)}") from None
        if shutil.which(words[0], path=environment.get("PATH")) is None:
            raise EditorError(
                f"The editor {clean_line(words[0], limit=60)} of ${name} is not installed."
            )
        return words
    for name in _USUAL:
        found = shutil.which(name, path=environment.get("PATH"))
        if found is not None:
            return (found,)
    raise EditorError("There is no editor: set EDITOR to the one you use, such as EDITOR=nano.")


def edit(text: str, environment: Mapping[str, str]) -> str:
    """`text` as the user leaves it. Raises EditorError, and then nothing has changed."""
    command = editor_command(environment)
    try:
        made, name = tempfile.mkstemp(prefix="alloy-prompt-", suffix=".md")
    except OSError as error:
        raise EditorError(f"There is no room for the editor's file: {error.strerror}.") from None
    path = Path(name)
    try:
        with os.fdopen(made, "w", encoding="utf-8", errors="replace") as file:
            file.write(f"{text}\n" if text else "")
        code = subprocess.run([*command, name], check=False).returncode  # noqa: S603 - the user's own editor
        if code != 0:
            who = clean_line(command[0], limit=60)
            raise EditorError(f"{who} ended with code {code}; the prompt is as it was.")
        # Editors replace the file or write through it: read by name, not by handle.
        return clean(path.read_text(encoding="utf-8", errors="replace")).removesuffix("\n")
    except OSError as error:
        raise EditorError(f"The editor's file cannot be used: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
