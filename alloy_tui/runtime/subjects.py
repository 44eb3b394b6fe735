"""What a tool call works on, in a word or two, for every view that has little room.

Owns that choice alone; what it returns went through the sanitiser.
"""

from __future__ import annotations

import re
from typing import Any

from alloy_tui.domain.sanitise import clean_line

_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=\S*$")
_PATH_KEYS = ("path", "file_path", "file")


def subject_of(tool: str, arguments: dict[str, Any]) -> str:
    """What a call works on, in a word or two: the program it runs, the file it touches, or ""."""
    command = arguments.get("command")
    if isinstance(command, str):
        words = [w for w in command.split()[:40] if not _ASSIGNMENT.match(w)]
        return clean_line(words[0].rsplit("/", 1)[-1], limit=24) if words else tool
    for key in _PATH_KEYS:
        path = arguments.get(key)
        if isinstance(path, str) and path:
            return clean_line(path.rstrip("/").rsplit("/", 1)[-1], limit=32)
    return ""
