"""What of kept files is shown and brought along: previews, differences, one branch's changes.

Pure but for the content that is handed in. Owns how manifests and plans become
the values of `path_values` and `branch_values`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from alloy_tui.runtime.branch_values import ComparedFile, FileChange, FileFate
from alloy_tui.workspace.manifest import Manifest
from alloy_tui.workspace.merging import count, is_text, merge
from alloy_tui.workspace.planning import FileChange as Planned
from alloy_tui.workspace.planning import RestorePlan, Verb, content, same
from alloy_tui.workspace.restoring import RestoreReport
from alloy_tui.workspace.states import ABSENT, Absent, File, Folder, Link, State, in_words

Get = Callable[[str], bytes | None]

_FATES: dict[Verb, FileFate] = {
    "create": "added",
    "replace": "changed",
    "delete": "removed",
    "rights": "mode",
}
_SHOWN_BYTES = 1 << 20


def changes(plan: RestorePlan) -> tuple[FileChange, ...]:
    """A plan as a preview shows it."""
    made = [
        FileChange(
            path=change.path,
            fate=_FATES[change.verb],
            plus=change.added,
            minus=change.removed,
            conflict=change.conflict is not None,
            choices=change.choices,
            what=_what(change),
            clashes=0 if change.merged is None else change.merged.conflicts,
        )
        for change in plan.changes
    ]
    made += [FileChange(path=path, fate="same", why_not=why) for path, why in plan.impossible]
    return tuple(made)


def _what(change: Planned) -> Literal["", "folder", "link"]:
    """What comes or goes at a path, if it is no file on either side."""
    kinds = {type(state) for state in (change.now, change.want)} - {Absent}
    if kinds == {Folder}:
        return "folder"
    return "link" if kinds == {Link} else ""


def state_at(manifest: Manifest, path: str, other: Manifest) -> State:
    """What stood at `path`; `other` knows it where `manifest` had not touched it yet."""
    if path in manifest:
        return manifest[path].state
    return other[path].origin if path in other else ABSENT


def changed(one: Manifest, other: Manifest) -> tuple[str, ...]:
    """The paths at which the two differ."""
    paths = sorted(one.keys() | other.keys())
    return tuple(p for p in paths if not same(state_at(one, p, other), state_at(other, p, one)))


def compared(one: Manifest, other: Manifest, get: Get) -> tuple[ComparedFile, ...]:
    """The files that differ, with their texts where there are any to show."""
    made: list[ComparedFile] = []
    for path in changed(one, other):
        left, right = state_at(one, path, other), state_at(other, path, one)
        texts = _text(left, get), _text(right, get)
        words = "" if None not in texts else f"{_name(left)}; {_name(right)}"
        made.append(ComparedFile(path, *texts, words))
    return tuple(made)


def sums(base: Manifest, side: Manifest, get: Get) -> tuple[int, int, int]:
    """Files that a side changed, lines it added, lines it took away."""
    paths, plus, minus = changed(base, side), 0, 0
    for path in paths:
        old = content(state_at(base, path, side), get)
        new = content(state_at(side, path, base), get)
        counted = count(old, new) if old is not None and new is not None else None
        if counted is not None:
            plus, minus = plus + counted[0], minus + counted[1]
    return len(paths), plus, minus


def only(plan: RestorePlan, base: Manifest, goal: Manifest, get: Get) -> RestorePlan:
    """Of `plan`, which leads to `goal`, what was changed since `base`: one branch's own changes.

    What ours has changed since then as well is a conflict, to be merged if it can be.
    """
    theirs = frozenset(changed(base, goal))
    kept = [
        _guarded(change, state_at(base, change.path, goal), get)
        for change in plan.changes
        if change.path in theirs
    ]
    impossible = tuple((path, why) for path, why in plan.impossible if path in theirs)
    return RestorePlan(plan.target, tuple(kept), impossible)


def in_short(report: RestoreReport) -> str:
    """What was done to the files, in one sentence."""
    count_ = len(report.restored)
    done = f"{count_} file{'' if count_ == 1 else 's'} put back" if count_ else "No file put back"
    kept_ = len(report.kept)
    kept = f", {kept_} kept as {'it is' if kept_ == 1 else 'they are'}" if kept_ else ""
    failed = f", {len(report.failed)} could not be" if report.failed else ""
    return f"{done}{kept}{failed}."


def _guarded(change: Planned, before: State, get: Get) -> Planned:
    if change.conflict is not None or same(change.now, before):
        return change
    merged = None
    sides = [content(state, get) for state in (before, change.now, change.want)]
    if isinstance(change.now, File) and isinstance(change.want, File) and None not in sides:
        merged = merge(*(side or b"" for side in sides))
    return msgspec.structs.replace(
        change, conflict="this branch has changed it as well", merged=merged
    )


def _text(state: State, get: Get) -> str | None:
    if isinstance(state, Absent):
        return None
    if not isinstance(state, File) or state.size > _SHOWN_BYTES:
        return None
    data = get(state.address)
    return data.decode("utf-8", "replace") if data is not None and is_text(data) else None


def _name(state: State) -> str:
    return "not there" if isinstance(state, Absent) else in_words(state)
