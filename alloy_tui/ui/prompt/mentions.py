"""Mentions of files: `@path`, or `@"path with spaces"`.

Owns how a mention is spelt and where one stands; the file is named to the
model, not put into the message, but for images, which go along as such.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple
from urllib.parse import unquote

from alloy_tui.ui.drafts import Draft

_OPENING = re.compile(r"""(?:^|(?<=[\s(\[{<'"`,;:]))@(?:"([^"\n]*)|([^\s"@]*))$""")
_MENTION = re.compile(r"""(?:^|(?<=[\s(\[{<'"`,;:]))@(?:"([^"\n]+)"|([^\s"@]+))""")
_PLAIN = re.compile(r"[^\s\"'@]+")
_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
_TRAILING = ".,;:!?)]}>'`"


class Mention(NamedTuple):
    """One that is being typed: it starts at column `start` and asks for `query`."""

    start: int
    query: str


def typed_at(line: str, column: int) -> Mention | None:
    """The mention that ends at `column` of `line`, if one is being typed there."""
    match = _OPENING.search(line[:column])
    if match is None:
        return None
    return Mention(match.start(), match[1] if match[1] is not None else match[2])


def spell(path: str) -> str:
    """How `path` is mentioned."""
    return f"@{path}" if _PLAIN.fullmatch(path) else f'@"{path}"'


def spans(line: str) -> Iterator[tuple[int, int]]:
    """Where mentions stand in `line`."""
    for match in _MENTION.finditer(line):
        yield match.span()


def images_in(text: str) -> tuple[str, ...]:
    """The paths that are mentioned and look like images."""
    named = (m[1] or m[2].rstrip(_TRAILING) for m in _MENTION.finditer(text))
    return tuple(dict.fromkeys(path for path in named if is_image_name(path)))


def attachments(draft: Draft, cwd: str) -> tuple[str, ...]:
    """The images that go with `draft`: those with a label, and those mentioned that are there."""
    mentioned = (path for path in images_in(draft.text) if _is_file(Path(cwd), path))
    return tuple(dict.fromkeys((*draft.images, *mentioned)))


def _is_file(folder: Path, path: str) -> bool:
    try:
        return (folder / Path(path).expanduser()).is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def is_image_name(path: str) -> bool:
    """Whether a file of that name is an image of a kind that models take."""
    return PurePath(path).suffix.lower() in _IMAGES


def dropped_paths(text: str) -> list[str]:
    """The absolute paths that a terminal pastes when files are dropped on it; else nothing."""
    line = text.strip()
    if (
        not line
        or "\n" in line
        or len(line) > 4096
        or not line.startswith(("/", "~", "'", '"', "f"))
    ):
        return []
    try:
        words = [line] if line.startswith("/") and "\\" not in line else shlex.split(line)
    except ValueError:
        return []
    paths = [unquote(w.removeprefix("file://")) if w.startswith("file://") else w for w in words]
    return paths if paths and all(p.startswith(("/", "~/")) for p in paths) else []
