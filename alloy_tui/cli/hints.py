"""How the screen looked last time, so that the skeleton can look the same without any imports.

Owns one small file in the cache folder: sequences for colours, and the place of
the prompt. It is written when the program is left and believed only if it was
written for a terminal like this one; a missing or damaged one costs colours
for a tenth of a second, nothing more.
"""

from __future__ import annotations

import os
import sys

# Said here and not imported: see `alloy_tui`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = "1"
_SPEAKS = ("TERM", "COLORTERM", "NO_COLOR")
COLOURS = ("base", "bar", "line", "mark", "muted", "text", "cursor")
"""What has a colour, each a sequence of its own."""
_ALLOWED = frozenset("0123456789;")


class Look:
    """Sequences by use; `below` counts the rows from the prompt's to the last, itself excluded."""

    def __init__(self, colours: Mapping[str, str], placeholder: str = "", below: int = 1) -> None:
        self.base = f"\x1b[0;{colours.get('base', '')}m"
        self.bar, self.line, self.mark, self.muted, self.text, self.cursor = (
            f"\x1b[0;{colours.get(name) or colours.get('base', '')}m" for name in COLOURS[1:]
        )
        if not colours.get("cursor"):
            self.cursor = "\x1b[0;7m"
        self.placeholder = placeholder
        self.below = below


def path(environment: Mapping[str, str]) -> str:
    """The file: in the cache folder as `settings.paths` finds it, without its imports."""
    home = environment.get("ALLOY_HOME", "").strip()
    if home:
        return os.path.join(os.path.expanduser(home), "cache", "first-frame")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/alloy/first-frame")
    cache = environment.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
    return os.path.join(cache, "alloy", "first-frame")


def terminal(environment: Mapping[str, str]) -> str:
    """What the colours depend on, as one word of printable characters."""
    said = "|".join(environment.get(name, "-") for name in _SPEAKS)
    return "".join(c for c in said if c.isprintable())


def remember(
    environment: Mapping[str, str], colours: Mapping[str, str], placeholder: str, below: int
) -> None:
    """Write the file, if it would change; not being able to is no matter."""
    lines = [_VERSION, terminal(environment), str(below), placeholder]
    lines += [colours.get(name, "") for name in COLOURS]
    content = "\n".join(lines) + "\n"
    place = path(environment)
    try:
        if os.path.exists(place):
            with open(place, encoding="utf-8") as file:
                if file.read() == content:
                    return
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        with open(place, "w", encoding="utf-8", opener=_private) as file:
            file.write(content)
    except (OSError, ValueError):
        return


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW, 0o600)


def look(environment: Mapping[str, str]) -> Look:
    """What the file says, or a look without colours."""
    try:
        with open(path(environment), encoding="utf-8") as file:
            lines = file.read(4096).split("\n")
    except (OSError, ValueError):
        return Look({})
    if len(lines) < 4 + len(COLOURS) or lines[:2] != [_VERSION, terminal(environment)]:
        return Look({})
    below, placeholder, *sequences = lines[2:]
    if not (below in {"1", "2", "3", "4"} and placeholder.isprintable()):
        return Look({})
    colours = {
        name: sequence
        for name, sequence in zip(COLOURS, sequences, strict=False)
        if _ALLOWED.issuperset(sequence)
    }
    return Look(colours, placeholder, int(below))
