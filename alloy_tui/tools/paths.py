"""Where a path that a model wrote really leads.

Owns resolution and the inside-the-workspace test. This is no confinement: it
decides what is asked about, not what is possible. A permission engine takes
the place of `Workspace.access`; whatever it refuses raises ToolError there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TypeAlias

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.tool import Access

Guard: TypeAlias = Callable[[Path, Access], None]
"""Called with a resolved path just before it is used; raises ToolError to refuse it."""

# Folders and files that other programs obey: changing one is as good as
# running a command, so it is asked about even inside the workspace.
_OBEYED_FOLDERS = frozenset({".git", ".alloy", ".vscode", ".idea", ".husky", ".devcontainer"})
_OBEYED_FILES = frozenset(
    {
        ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile",
        ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".envrc", ".gitconfig",
        ".gitmodules", ".mcp.json", ".npmrc", ".pypirc", ".ripgreprc", ".netrc",
    }
)  # fmt: skip


def allow_all(path: Path, access: Access) -> None:
    """The guard that refuses nothing."""


def resolve(text: str, cwd: Path) -> Path:
    """`text` as an absolute path with `~` and every symlink resolved; it need not exist.

    Raises ToolError for what can be no path at all.
    """
    if not text:
        raise ToolError("The path is empty; send the path of a file.")
    if "\0" in text:
        raise ToolError("The path holds a NUL character; no file can have such a name.")
    try:
        expanded = os.path.expanduser(text)  # noqa: PTH111 - Path raises for an unknown user
        return Path(os.path.realpath(cwd / expanded))
    except UnicodeError:
        raise ToolError(f"The path {text!a} cannot be encoded as a file name.") from None
    except OSError as error:
        raise ToolError(f"The path {shown(text)} cannot be resolved: {error.strerror}.") from None


def is_inside(path: PurePath, root: PurePath) -> bool:
    """Whether resolved `path` is `root` or below it, component by component."""
    return path == root or root in path.parents


def is_obeyed(path: PurePath, root: PurePath) -> bool:
    """Whether other programs act on what stands in `path`, seen from `root`."""
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        parts = path.parts
    # Compared without case: macOS and Windows file systems do so, too.
    folded = [part.casefold() for part in parts]
    return any(part in _OBEYED_FOLDERS for part in folded) or (
        bool(folded) and folded[-1] in _OBEYED_FILES
    )


def shown(text: str | Path) -> str:
    """A path for a message: quoted only where its characters would mislead, and bounded."""
    path = str(text)
    if not path.isprintable() or path != path.strip():
        path = ascii(path)
    return path if len(path) <= 300 else f"{path[:200]}…{path[-60:]} ({len(path)} characters)"


class Workspace:
    """The folder that file tools treat as their own.

    `root` None means the current folder of the process at the time of asking.
    """

    def __init__(self, root: Path | None = None, guard: Guard = allow_all) -> None:
        self._root = root
        self.guard = guard

    @property
    def root(self) -> Path:
        """The folder, absolute and resolved."""
        return Path(os.path.realpath(self._root if self._root is not None else Path.cwd()))

    def access(self, text: str) -> Access:
        """What changing the file `text` may do: "edit" inside the folder, else "execute"."""
        try:
            path = resolve(text, self.root)
        except ToolError:
            return "edit"  # the call fails before it touches anything
        inside = is_inside(path, self.root) and not is_obeyed(path, self.root)
        return "edit" if inside else "execute"

    def lock_keys(self, text: str, cwd: Path) -> tuple[str, ...]:
        """The file that `text` really means; nothing for what can be no path."""
        try:
            return (str(resolve(text, cwd)),)
        except ToolError:
            return ()

    def rule(self, text: str) -> str:
        """What "always" would remember: the folder for a plain file in it, else that path."""
        try:
            path = resolve(text, self.root)
        except ToolError:
            return text
        return f"{self.root}/**" if self.access(text) == "edit" else str(path)

    def target(self, text: str, cwd: Path, access: Access) -> Path:
        """The resolved path of a call that runs in `cwd`, if nothing speaks against it.

        `access` is what the call was let through as. Raises ToolError when the
        path leads out of `cwd` though that said otherwise: the tool was made
        for another folder than it runs in.
        """
        path = resolve(text, cwd)
        if access == "edit" and not is_inside(path, Path(os.path.realpath(cwd))):
            raise ToolError(f"{shown(path)} is outside the working folder {shown(cwd)}.")
        self.guard(path, access)
        return path
