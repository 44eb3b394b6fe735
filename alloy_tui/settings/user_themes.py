"""The user's own themes: one TOML file each, in the folder `themes` beside the settings.

Owns reading them. Which colours there are, and whether these are any, is said
by the screen; a file that cannot be read is told, and never stops the program.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file; its `name` is the file's unless it says otherwise."""

    name: str = ""
    base: str = "dark"
    colours: dict[str, str] = {}


def read_theme_files(folder: Path) -> tuple[list[ThemeFile], list[str]]:
    """Every `*.toml` in `folder`, by name, and words for those that are none."""
    themes: list[ThemeFile] = []
    problems: list[str] = []
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError as error:
        return [], [f"{folder} cannot be read: {error.strerror}."]
    for path in paths:
        try:
            theme = msgspec.toml.decode(path.read_bytes(), type=ThemeFile)
        except OSError as error:
            problems.append(f"{path} cannot be read: {error.strerror}.")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problems.append(f"{path} is no theme: {error}")
        else:
            themes.append(msgspec.structs.replace(theme, name=theme.name or path.stem))
    return themes, problems
