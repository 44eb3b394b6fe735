"""Lines with a kind each, and changes of files: what panes, pages and previews are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

LineKind: TypeAlias = Literal["plain", "muted", "heading", "add", "remove", "hunk", "error"]
Line: TypeAlias = tuple[LineKind, str]


@dataclass(frozen=True, slots=True)
class Change:
    """A unified diff, sanitised, to be drawn as one; `path` tells the language.

    `numbered` when its line numbers are those of the file.
    """

    diff: str
    path: str = ""
    numbered: bool = True


LineItem: TypeAlias = Line | Change
