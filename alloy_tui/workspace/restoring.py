"""Going to another checkpoint: file by file, each whole or not at all.

Owns the order of steps and what is told of them. Every step looks again at
what it is about to replace; what is not as it was in the preview stays. What
was there before is safely stored before the first step, and the steps are
written down, so that a program that is killed in between can be caught up with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import WorkspaceError
from alloy_tui.workspace import journal as journals_
from alloy_tui.workspace.journal import Held, Journal, Step
from alloy_tui.workspace.manifest import Get
from alloy_tui.workspace.places import Place, is_path
from alloy_tui.workspace.planning import Choice, FileChange, RestorePlan, plan, same
from alloy_tui.workspace.states import (
    ABSENT,
    Absent,
    File,
    Folder,
    Link,
    Seen,
    State,
    Unkept,
    address_of,
    in_words,
)
from alloy_tui.workspace.tracker import Tracker


class RestoreReport(msgspec.Struct, frozen=True):
    """What was done: paths `restored`, `kept` as they were by choice, `failed` with reasons.

    `notes` are sentences that a person should read. `before` is the manifest to
    return to, `after` the one that holds now. `owner` and `mark` are those of
    `restore`; `token` is what `journal.settle` wants, "" = nobody is waited for.
    """

    restored: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None
    owner: str = ""
    mark: str = ""
    token: str = ""


def preview(tracker: Tracker, address: str) -> RestorePlan:
    """What going to the manifest at `address` would do. Raises WorkspaceError, StoreError."""
    target = tracker.load(address)
    tracker.look()
    tracker.adopt(target)
    tracker.save()  # a plan compares content, so it must be there
    return plan(address, tracker.manifest, target, tracker.shelf.get)


def restore(
    tracker: Tracker,
    planned: RestorePlan,
    choices: Mapping[str, Choice],
    journals: Path,
    *,
    owner: str = "",
    mark: str = "",
) -> RestoreReport:
    """Do what `planned` says, with a person's `choices` by path.

    An `owner` is told of it by `catch_up` at every start, under its `mark`,
    until it settles the report. Raises WorkspaceError or StoreError when nothing
    was done because what is there now could not be stored.
    """
    tracker.look()
    steps: list[Step] = []
    kept: list[str] = []
    clashing: list[str] = []
    others: dict[str, int | None] = {}
    for change in planned.changes:
        choice = choices.get(change.path, change.default)
        if choice not in change.choices:
            raise WorkspaceError(f"{change.path} cannot be restored by {choice}.")
        if choice == "keep":
            kept.append(change.path)
            continue
        steps.append(Step(os.fsencode(change.path), change.now, _aim(tracker, change, choice)))
        if choice == "merge" and change.merged is not None and change.merged.conflicts:
            clashing.append(f"{change.path} holds both sides where they clash, between marks.")
        others[change.path] = None if choice == "merge" else change.others
    before = tracker.save()
    if not steps or before is None:
        return RestoreReport(kept=tuple(kept), failed=planned.impossible, before=before)
    journal = journals_.planned(
        tracker.place.folder, before, planned.target, tuple(steps), owner=owner, mark=mark
    )
    try:
        held = journals_.begin(journals, journal)
    except OSError as error:
        raise WorkspaceError(
            f"Nothing was restored: the plan cannot be written to {journals} ({error.strerror}).",
            hint="Is the disk full?",
        ) from error
    report = _carry_out(tracker, held, others)
    return msgspec.structs.replace(
        report,
        kept=tuple(kept),
        failed=(*planned.impossible, *report.failed),
        notes=(*clashing, *report.notes),
    )


def catch_up(tracker: Tracker, journals: Path, owner: str = "") -> list[RestoreReport]:
    """Finish what programs that died were restoring in this folder.

    The person had chosen it, and each report has the way back. What was done
    for `owner` before and not settled is told of again. Raises StoreError.
    """
    reports: list[RestoreReport] = []
    for held in journals_.left_behind(journals, tracker.place.folder):
        if not held.is_done:
            reports.append(_carry_out(tracker, held, {}))
            continue
        held.close()
        if held.journal.owner == owner:
            reports.append(_told_again(tracker, held.journal))
    return reports


def _told_again(tracker: Tracker, journal: Journal) -> RestoreReport:
    """What was done is there still, where nobody has changed it since."""
    done: list[str] = []
    for step in journal.steps:
        path = os.fsdecode(step.path)
        if same(tracker.place.see(path, tracker.limits.largest).state, step.to):
            tracker.restored(path, None)
            done.append(path)
    return _report(tracker, journal, done)


def _report(tracker: Tracker, journal: Journal, restored: Iterable[str]) -> RestoreReport:
    return RestoreReport(
        restored=tuple(sorted(restored)),
        before=journal.before,
        after=tracker.save(),
        owner=journal.owner,
        mark=journal.mark,
        token=journal.token if journal.owner else "",
    )


def _aim(tracker: Tracker, change: FileChange, choice: Choice) -> State:
    if choice != "merge" or change.merged is None or not isinstance(change.now, File):
        return change.want
    data = change.merged.data
    made = File(address_of(data), change.now.mode, len(data))
    tracker.shelf.keep(Seen(made, None, data))
    return made


def _carry_out(tracker: Tracker, held: Held, others: Mapping[str, int | None]) -> RestoreReport:
    run = _Run(tracker.place, held.journal, tracker.shelf.get, tracker.limits.largest)
    try:
        run.clear()
        run.all()
    except BaseException:
        held.close()  # for the next start
        raise
    held.done()
    for path in run.restored:
        tracker.restored(path, others.get(path))
    return msgspec.structs.replace(
        _report(tracker, held.journal, run.restored),
        failed=tuple(sorted(run.failed.items())),
        notes=tuple(run.notes),
    )


class _Run:
    """One journal's steps; may be done again from the start after any interruption."""

    def __init__(self, place: Place, journal: Journal, get: Get, largest: int) -> None:
        self._place = place
        self._get = get
        self._largest = largest
        self._temporary = journal.temporary
        self._steps = {os.fsdecode(step.path): step for step in journal.steps}
        self.restored: list[str] = []
        self.failed: dict[str, str] = {}
        self.notes: list[str] = []

    def clear(self) -> None:
        """Remove what an interrupted step has left."""
        for folder in {path.rpartition("/")[0] for path in self._steps}:
            name = f"{folder}/{self._temporary}" if folder else self._temporary
            if self._place.stamp(name) is not None:
                self._place.remove(name)

    def all(self) -> None:
        """Removals before additions, so that a name in another case finds its place free."""
        for path, step in self._steps.items():
            state = self._place.see(path, self._largest).state
            if not is_path(path):
                self.failed[path] = "that is no place for a file of the workspace"
            elif not _expected(state, step):
                self.failed[path] = f"it has changed since the preview: {in_words(state)} is there"
            else:  # a step that was done before the program was killed counts as ours
                self.restored.append(path)
        self._each(self._opened, self._ordered(lambda s: _is(s.now, Folder)))
        self._each(self._removed, self._ordered(_removes, deepest=True))
        self._each(self._emptied, self._ordered(_empties, deepest=True))
        self._each(self._made, self._ordered(lambda s: _is(s.to, Folder)))
        self._each(self._placed, self._ordered(lambda s: _is(s.to, File, Link)))
        self._each(self._closed, self._ordered(lambda s: _is(s.to, Folder), deepest=True))
        self.restored = [path for path in self.restored if path not in self.failed]

    def _ordered(
        self, wanted: Callable[[Step], bool], *, deepest: bool = False
    ) -> Iterator[tuple[str, Step]]:
        paths = sorted(self.restored, key=lambda p: (p.count("/"), p), reverse=deepest)
        for path in paths:
            if path not in self.failed and wanted(self._steps[path]):
                yield path, self._steps[path]

    def _each(self, work: Callable[[str, Step], None], steps: Iterable[tuple[str, Step]]) -> None:
        for path, step in steps:
            try:
                work(path, step)
            except OSError as error:
                self.failed[path] = _in_words(error)

    def _opened(self, path: str, _: Step) -> None:
        """What is in a folder that nothing may be changed in cannot be put back either."""
        state = self._place.see(path, 0).state
        if isinstance(state, Folder) and state.mode & 0o300 != 0o300:
            self._place.set_mode(path, state.mode | 0o700)

    def _removed(self, path: str, step: Step) -> None:
        state = self._place.see(path, self._largest).state
        if isinstance(state, Absent | Folder):
            return
        if _expected(state, step):
            self._place.remove(path)
        else:
            self.failed[path] = "it has just been changed by someone else"

    def _emptied(self, path: str, _: Step) -> None:
        if not isinstance(self._place.see(path, 0).state, Folder):
            return
        try:
            self._place.remove_folder(path)
        except OSError:
            self.failed[path] = "the folder stays, for there is more in it"

    def _made(self, path: str, _: Step) -> None:
        self._place.make_folder(path)

    def _closed(self, path: str, step: Step) -> None:
        assert isinstance(step.to, Folder)
        self._place.set_mode(path, step.to.mode)

    def _placed(self, path: str, step: Step) -> None:
        seen, to = self._place.see(path, self._largest), step.to
        if same(seen.state, to):
            return
        if not _expected(seen.state, step):
            self.failed[path] = "it has just been changed by someone else"
            return
        over = seen.state != ABSENT
        if over and not isinstance(seen.state, Link) and self._place.links_to(path) > 1:
            self.notes.append(f"{path} had other names (hard links); those stay as they are.")
        folder = path.rpartition("/")[0]
        if folder and self._place.stamp(folder) is None:
            self._place.make_folder(folder)
        if isinstance(to, Link):
            self._place.link(path, to.target, self._temporary, over=over)
            return
        assert isinstance(to, File)
        now = seen.state
        if isinstance(now, File) and now.address == to.address:
            self._place.set_mode(path, to.mode)
            return
        data = self._get(to.address)
        if data is None or address_of(data) != to.address:
            self.failed[path] = "what stood there cannot be put back: its content is lost"
            return
        self._place.write(path, data, to.mode, self._temporary, over=over)


def _is(state: State, *kinds: type) -> bool:
    return isinstance(state, kinds)


def _removes(step: Step) -> bool:
    return _is(step.now, File, Link, Unkept) and _is(step.to, Absent, Folder)


def _empties(step: Step) -> bool:
    return _is(step.now, Folder) and not _is(step.to, Folder)


def _expected(state: State, step: Step) -> bool:
    """Whether `step` may begin, or go on where it was interrupted, from `state`."""
    if same(state, step.now) or same(state, step.to):
        return True
    if isinstance(step.now, Unkept) and isinstance(state, File):
        return (step.now.mode, step.now.size) == (state.mode, state.size)
    if isinstance(state, Folder):
        return isinstance(step.now, Folder) or isinstance(step.to, Folder)
    if isinstance(state, File) and isinstance(step.to, File) and isinstance(step.now, File):
        return state.address == step.to.address  # its rights were still to be set
    return isinstance(state, Absent) and isinstance(step.now, Folder) != isinstance(step.to, Folder)


def _in_words(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return "something has just appeared there"
    return f"it cannot be restored: {error.strerror or error}"
