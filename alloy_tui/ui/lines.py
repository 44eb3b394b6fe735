"""Lines with a kind each, and changes of files: what panes, pages and previews are made of."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

LineKind: TypeAlias = Literal["plain", "muted", "heading", "add", "remove", "hunk", "error"]
Line: TypeAlias = tuple[LineKind, str]


class Change(msgspec.Struct, frozen=True):
    """A unified diff, sanitised, to be drawn as one; `path` tells the language.

    `numbered` when its line numbers are those of the file.
    """

    diff: str
    path: str = ""
    numbered: bool = True


LineItem: TypeAlias = Line | Change
