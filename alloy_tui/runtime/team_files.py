"""Which teams there are: files of the project and of the user, and what was opened before.

Owns where they are looked for. A file that cannot be read is told of, not hidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.team_port import TeamFile
from alloy_tui.team.spec import read_team

IN_PROJECT = Path(".alloy") / "teams"


def team_folders(cwd: Path, config: Path) -> tuple[Path, ...]:
    """Where teams are looked for; the project's go before the user's of the same name."""
    return (cwd / IN_PROJECT, config / "teams")


def team_files(folders: Iterable[Path], kept: dict[str, int]) -> tuple[TeamFile, ...]:
    """The teams in `folders`, each name once; `kept` says when which was last used."""
    found: dict[str, TeamFile] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            file = _file(path, kept)
            found.setdefault(file.name, file)
    return tuple(found.values())


def find_team(wanted: str, folders: Iterable[Path], cwd: Path) -> Path:
    """The file that `wanted` names: a path, or a name in one of `folders`. Raises ConfigError."""
    path = cwd / Path(wanted).expanduser()
    if path.is_file():
        return path
    looked = [folder / f"{wanted}.toml" for folder in folders]
    for candidate in looked:
        if "/" not in wanted and candidate.is_file():
            return candidate
    raise ConfigError(
        f"There is no team {wanted}.",
        hint=f"Write one in {IN_PROJECT}/NAME.toml, or give the path of its file.",
    )


def _file(path: Path, kept: dict[str, int]) -> TeamFile:
    try:
        spec = read_team(path)
    except ConfigError as error:
        return TeamFile(path.stem, str(path), trouble=error.message)
    members = tuple(member.name for member in spec.members)
    return TeamFile(spec.name, str(path), members, kept_ms=kept.get(spec.name))
