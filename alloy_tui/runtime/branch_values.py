"""Branches as a screen sees them: what going back would do, two side by side, a race of several.

Owns the values alone. Who shows a text sanitises it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alloy_tui.runtime.path_values import PathItem

RewindScope: TypeAlias = Literal["conversation", "files", "both"]
FileChoice: TypeAlias = Literal["keep", "overwrite", "merge"]
FileFate: TypeAlias = Literal["added", "changed", "removed", "mode", "same"]
GraftWhat: TypeAlias = Literal["answer", "summary", "files"]


class FileChange(msgspec.Struct, frozen=True):
    """What a rewind would do to a file.

    `plus` and `minus` count lines, None = no text; `what` it is, if no file.
    `conflict`: somebody else changed it since; `choices` are then what can be
    done, the careful one first, and `clashes` in how many places a merge would
    leave both sides, marked. `why_not` says, in words, why the file cannot be
    brought back.
    """

    path: str
    fate: FileFate
    plus: int | None = None
    minus: int | None = None
    conflict: bool = False
    choices: tuple[FileChoice, ...] = ()
    why_not: str = ""
    what: Literal["", "folder", "link"] = ""
    clashes: int = 0


class RewindPreview(msgspec.Struct, frozen=True):
    """What going back to `node` would leave behind.

    `prompt` is the text of the user message at it, to be edited and sent again;
    `messages` counts those that leave the path. `files` is empty when none
    changed or none are kept; `problems` are words about what is not known.
    `again` tells that of a `redo`: `messages` come back to the path, `node` is
    "" before the first one, and `scope` is what the move that is taken back had.
    """

    node: str
    prompt: str
    messages: int
    files: tuple[FileChange, ...] = ()
    problems: tuple[str, ...] = ()
    again: bool = False
    scope: RewindScope = "conversation"


class BranchSide(msgspec.Struct, frozen=True):
    """One side of a comparison: what it took since the branches parted. None = unknown."""

    node: str
    title: str
    messages: int
    tool_calls: int
    tool_errors: int
    tokens: int | None
    cost: float | None
    duration_ms: int
    models: tuple[str, ...]
    files: int = 0
    plus: int = 0
    minus: int = 0


class ComparedRow(msgspec.Struct, frozen=True):
    """Two messages that belong beside each other, or one with nothing beside it."""

    left: PathItem | None
    right: PathItem | None
    same: bool


class ComparedFile(msgspec.Struct, frozen=True):
    """A file that differs between the two sides; a text is None where there is none to show."""

    path: str
    left: str | None
    right: str | None
    words: str = ""


class ComparisonView(msgspec.Struct, frozen=True):
    """Two branches side by side; `common` counts the messages that both begin with."""

    ancestor: str | None
    common: int
    left: BranchSide
    right: BranchSide
    rows: tuple[ComparedRow, ...]
    files: tuple[ComparedFile, ...] = ()


class Racer(msgspec.Struct, frozen=True):
    """One branch of a race: the events of `agent` are its own; `node` is its answer when over."""

    agent: str
    model: str
    node: str | None = None
    over: bool = False
    failed: str = ""
