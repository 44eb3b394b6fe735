"""Where Alloy keeps its files, and how it writes them.

Owns the four folders (config, data, cache, logs) and private, atomic writing:
folders are 0700 and files 0600 whatever the umask says. Must not know what is
written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import ConfigError

_NAME = "alloy"


class Paths(msgspec.Struct, frozen=True):
    """The program's own folders, absolute; none of them need exist."""

    config: Path
    data: Path
    cache: Path
    logs: Path

    @property
    def config_file(self) -> Path:
        """The user's settings."""
        return self.config / "config.toml"

    @property
    def key_file(self) -> Path:
        """Keys that were entered here, or which of them the system's keyring has."""
        return self.config / "keys.json"

    @property
    def prompt_history(self) -> Path:
        """What the user typed, for the prompt's memory."""
        return self.data / "prompt-history.jsonl"

    @property
    def spill(self) -> Path:
        """Tool output too long for a model, kept whole."""
        return self.cache / "tool-output"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All four, for whoever wants to look at them."""
        return (self.config, self.data, self.cache, self.logs)


def locate(environment: Mapping[str, str] | None = None) -> Paths:
    """The folders for this user; a non-empty ALLOY_HOME moves them all below one."""
    home = (os.environ if environment is None else environment).get("ALLOY_HOME", "").strip()
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "config", root / "data", root / "cache", root / "logs")
    import platformdirs

    return Paths(
        platformdirs.user_config_path(_NAME, appauthor=False),
        platformdirs.user_data_path(_NAME, appauthor=False),
        platformdirs.user_cache_path(_NAME, appauthor=False),
        platformdirs.user_log_path(_NAME, appauthor=False),
    )


def private_folder(path: Path) -> Path:
    """Make `path` a folder that only its owner can enter.

    Parents that are missing are made the same way; those that exist are left
    alone. Raises ConfigError when it cannot be made.
    """
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        if path.stat().st_mode & 0o077 and path.stat().st_uid == os.getuid():
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"The folder {path} cannot be made: {error.strerror}.",
            hint="Set ALLOY_HOME to a folder that you may write to.",
        ) from error
    if not path.is_dir():
        raise ConfigError(f"{path} is in the way: a folder is needed there.")
    return path


def write_private(path: Path, content: str | bytes) -> None:
    """Replace the file at `path` in one step; the new one is 0600 and on disk when this returns.

    A symbolic link stays one: what it points to is replaced. Raises ConfigError.
    """
    target = path.resolve()
    private = path.parent if target.parent == path.parent.resolve() else target.parent
    if not private.exists():
        private_folder(private)
    data = content.encode() if isinstance(content, str) else content
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)  # noqa: PTH105 -- `name` is a plain string from mkstemp
        except BaseException:
            os.unlink(name)  # noqa: PTH108 -- likewise
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
