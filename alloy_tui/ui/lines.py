"""Plain lines with a kind each: what pages, panes and previews are made of."""

from __future__ import annotations

from typing import Literal, TypeAlias

LineKind: TypeAlias = Literal["plain", "muted", "heading", "add", "remove", "hunk", "error"]
Line: TypeAlias = tuple[LineKind, str]
