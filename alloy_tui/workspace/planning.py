"""What going to another checkpoint would do to the files, before anything is done.

Pure: compares two manifests, reads content only to count and to merge. A path
that is as the session left it can simply be put back. One that someone else
has changed since is a conflict, and stays as it is unless a person says
otherwise.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alloy_tui.workspace.manifest import Get, Manifest
from alloy_tui.workspace.merging import Merged, count, merge, unified
from alloy_tui.workspace.states import (
    ABSENT,
    Absent,
    File,
    Folder,
    Link,
    Special,
    State,
    Tracked,
    Unkept,
    in_words,
    why_unkept,
)

Verb: TypeAlias = Literal["create", "replace", "delete", "rights"]
Choice: TypeAlias = Literal["keep", "overwrite", "merge"]

_MOST_COMPARED = 500


class FileChange(msgspec.Struct, frozen=True):
    """What would happen at one path.

    `added` and `removed` count lines, None where that means nothing.
    `conflict` says in words why a person should choose. `merged` is what
    "merge" would make of it. `default` is what happens unless they choose.
    `others` goes with the target: changes by others that it holds already.
    """

    path: str
    verb: Verb
    now: State
    want: State
    others: int = 0
    added: int | None = None
    removed: int | None = None
    conflict: str | None = None
    merged: Merged | None = None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What a person can choose."""
        if self.conflict is None:
            return ("overwrite", "keep")
        return ("keep", "overwrite") if self.merged is None else ("keep", "overwrite", "merge")

    @property
    def default(self) -> Choice:
        """What is done without a choice: never a loss."""
        return self.choices[0]


class RestorePlan(msgspec.Struct, frozen=True):
    """All that would happen; `impossible` are paths with the reason in words."""

    target: str
    changes: tuple[FileChange, ...]
    impossible: tuple[tuple[str, str], ...] = ()

    @property
    def conflicts(self) -> tuple[FileChange, ...]:
        """Those that need a choice."""
        return tuple(change for change in self.changes if change.conflict is not None)


def plan(address: str, current: Manifest, target: Manifest, get: Get) -> RestorePlan:
    """From `current`, what stands there now, to `target`, the manifest at `address`.

    A path that the target does not know was touched only later: it goes back
    to what stood there before.
    """
    changes: list[FileChange] = []
    impossible: list[tuple[str, str]] = []
    for path in sorted(current):
        known = current[path]
        aim = target.get(path, Tracked(known.origin, known.origin))
        if same(known.state, aim.state):
            continue
        words = _why_impossible(known.state, aim.state, get)
        if words is not None:
            impossible.append((path, words))
        else:
            compared = len(changes) < _MOST_COMPARED
            changes.append(_change(path, known, aim, get, compared=compared))
    return RestorePlan(address, tuple(changes), tuple(impossible))


def difference(change: FileChange, get: Get) -> str:
    """A unified diff of what `change` would do, for a preview; "" where there is none."""
    old, new = content(change.now, get), content(change.want, get)
    if old is None or new is None or count(old, new) is None:
        return ""
    return unified(old, new)


def content(state: State, get: Get) -> bytes | None:
    """The bytes of a state that has any; nothing counts as an empty file."""
    if isinstance(state, File):
        return get(state.address)
    return b"" if isinstance(state, Absent) else None


def same(one: State, other: State) -> bool:
    """Whether they are the same as far as can be told."""
    if isinstance(one, Unkept) and isinstance(other, Unkept):
        return (one.mode, one.size, one.mtime_ns) == (other.mode, other.size, other.mtime_ns)
    return one == other


def _why_impossible(now: State, want: State, get: Get) -> str | None:
    if isinstance(want, Unkept):
        return f"what stood there cannot be put back: {why_unkept(want)}"
    if isinstance(want, Special):
        return f"{want.what} stood there, and that is not made anew"
    if isinstance(now, Special):
        return f"{now.what} stands there, and that is not touched"
    if isinstance(want, File) and not isinstance(now, File) and get(want.address) is None:
        return "what stood there cannot be put back: its content is lost"
    return None


def _change(path: str, known: Tracked, aim: Tracked, get: Get, *, compared: bool) -> FileChange:
    now, want = known.state, aim.state
    counted, merged = None, None
    conflict = _conflict(known, aim)
    if compared and not isinstance(now, Folder | Link) and not isinstance(want, Folder | Link):
        old, new = content(now, get), content(want, get)
        if old is not None and new is not None:
            counted = count(old, new)
    if conflict is not None and isinstance(now, File) and isinstance(want, File):
        sides = [content(state, get) for state in (known.ours, now, want)]
        if known.base is not None and None not in sides:
            base, mine, theirs = (side or b"" for side in sides)
            merged = merge(base, mine, theirs)
    return FileChange(
        path,
        _verb(now, want),
        now,
        want,
        aim.others,
        counted[0] if counted else None,
        counted[1] if counted else None,
        conflict,
        merged,
    )


def _conflict(known: Tracked, aim: Tracked) -> str | None:
    now = known.state
    if isinstance(now, Unkept):
        return f"what stands there now could not be brought back: {why_unkept(now)}"
    if known.base is not None:
        if now == ABSENT:
            return "someone else has removed it since"
        if known.base == ABSENT:
            return f"someone else has put {in_words(now)} there since"
        return "someone else has changed it since"
    if known.others > aim.others:
        return "changes that someone else made in between would go, too"
    return None


def _verb(now: State, want: State) -> Verb:
    if isinstance(now, Absent):
        return "create"
    if isinstance(want, Absent):
        return "delete"
    if isinstance(now, File) and isinstance(want, File) and now.address == want.address:
        return "rights"
    if isinstance(now, Folder) and isinstance(want, Folder):
        return "rights"
    return "replace"
