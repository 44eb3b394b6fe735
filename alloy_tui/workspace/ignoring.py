"""What of a workspace is nobody's work: ignored by its own rules, or made by machines.

Owns reading `.gitignore` files, for which no git is needed, and the folders
that are left out whatever they say. What a tool names is followed all the
same; these rules are for what is only found.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from alloy_tui.workspace.places import VERSION_CONTROL

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

RULES_FILE = ".gitignore"
CACHE_TAG = "CACHEDIR.TAG"
"""A folder that holds a file of this name is a cache, as its maker says."""

_LARGEST = 256 << 10
_MACHINE_MADE = frozenset(
    {"node_modules", "__pycache__", ".venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache"}
    | {".ruff_cache", ".hypothesis", ".gradle", ".terraform", ".next", ".eggs"}
)


class Level(msgspec.Struct, frozen=True):
    """The rules of one folder: `base` is its path with a final `/`, "" for the workspace.

    For a folder above the workspace, `above` leads from it to the workspace.
    """

    base: str
    spec: GitIgnoreSpec
    above: str = ""


class Rules(msgspec.Struct, frozen=True):
    """The rules that hold in one folder, outermost first; compare by identity."""

    levels: tuple[Level, ...] = ()
    left_out: frozenset[str] = frozenset()

    def ignore(self, path: str, *, folder: bool) -> bool:
        """Whether what is at `path`, whose folder is not ignored, is left out."""
        name = path.rpartition("/")[2]
        if name in VERSION_CONTROL or (folder and name in _MACHINE_MADE) or path in self.left_out:
            return True
        for level in reversed(self.levels):
            tested = level.above + path[len(level.base) :] + ("/" if folder else "")
            verdict = level.spec.check_file(tested).include
            if verdict is not None:
                return verdict
        return False

    def within(self, folder: str, fd: int) -> Rules:
        """The rules in the open folder `fd` at path `folder`, whose parent's these are."""
        spec = _read(RULES_FILE, fd)
        if spec is None:
            return self
        level = Level(f"{folder}/" if folder else "", spec)
        return Rules((*self.levels, level), self.left_out)


def outer_rules(workspace: Path, left_out: frozenset[str]) -> Rules:
    """What holds from above: the rules of an enclosing repository, up to its top."""
    tops = [workspace, *workspace.parents]
    top = next((n for n, folder in enumerate(tops) if (folder / ".git").exists()), None)
    if top is None:
        return Rules((), left_out)
    levels: list[Level] = []
    for folder in reversed(tops[: top + 1]):
        above = "".join(f"{part}/" for part in workspace.relative_to(folder).parts)
        names = [".git/info/exclude"] if folder == tops[top] else []
        names += [RULES_FILE] if folder != workspace else []
        for name in names:
            spec = _read(str(folder / name), None)
            if spec is not None:
                levels.append(Level("", spec, above))
    return Rules(tuple(levels), left_out)


def _read(name: str, fd: int | None) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec

    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=fd)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            text = file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    good: list[str] = []
    for line in text.splitlines():
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue  # git passes over a pattern that means nothing, too
        good.append(line)
    return GitIgnoreSpec.from_lines(good)
