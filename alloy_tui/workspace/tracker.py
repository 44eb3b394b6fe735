"""Follows what a session changes in its workspace.

Owns the set of touched paths and telling the session's changes from those of
others. What tools name is looked at before and after. What shell commands
change is found by a scan: changed while a call ran means changed by the
session, changed at another time means changed by someone else. A program that
goes on in the background after its call therefore counts as someone else.
Blocks; all but `begin` belongs to one thread, in which nothing waits for a person.
"""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from alloy_tui.workspace.ignoring import outer_rules
from alloy_tui.workspace.manifest import EMPTY, Manifest, load
from alloy_tui.workspace.places import Place, is_path, unkept
from alloy_tui.workspace.reserve import Reserve
from alloy_tui.workspace.scanning import Change, Index, clock_ns
from alloy_tui.workspace.shelf import Shelf
from alloy_tui.workspace.states import (
    FILE_MODE,
    FOLDER_MODE,
    NOTHING,
    BlobStore,
    File,
    Folder,
    Link,
    Seen,
    Special,
    Stamp,
    State,
    Tracked,
    Unkept,
    address_of,
    kind_of,
)


class Limits(msgspec.Struct, frozen=True):
    """How much is followed.

    `entries` and `scan_s` (seconds) bound one scan; `largest` is bytes of a
    file that is kept; `reserve` bytes on disk of what is not yet changed;
    `call_files` and `call_bytes` bound what is kept of one command's changes.
    """

    entries: int = 200_000
    scan_s: float = 5.0
    largest: int = 8 << 20
    reserve: int = 256 << 20
    call_files: int = 5_000
    call_bytes: int = 128 << 20


class Call:
    """A tool call or command while it is followed."""

    def __init__(self, since_ns: int, before: dict[str, Seen], *, sweeping: bool) -> None:
        self.since_ns = since_ns
        self.before = before
        self.sweeping = sweeping
        self.over = False


class Tracker:
    """Follows one workspace for one session.

    `left_out` are folders inside that are no one's work (the program's own).
    `reserve_in` is a folder on a disk with room. Close it when it is done with.
    """

    def __init__(
        self,
        folder: Path,
        store: BlobStore,
        *,
        reserve_in: Path,
        limits: Limits | None = None,
        left_out: Sequence[Path] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.place = Place(folder)
        self.shelf = Shelf(store)
        self.unscanned = _why_not(self.place.folder)
        self.complete = True
        self.looked = False
        self._index: Index | None = None
        if self.unscanned is None:
            names = frozenset(filter(None, map(self.place.relative, left_out)))
            outer = outer_rules(self.place.folder, names)
            self._index = Index(
                self.place, outer, most=self.limits.entries, longest_s=self.limits.scan_s
            )
        self._reserve = Reserve(reserve_in, budget=self.limits.reserve, largest=self.limits.largest)
        self._lacking: list[tuple[str, Stamp]] | None = None
        self._touched: dict[str, Tracked] = {}
        self._stamps: dict[str, Stamp | None] = {}
        self._unsure: set[str] = set()
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._address: str | None = None
        self._saved = True

    def close(self) -> None:
        """Give back what is held open; the reserve goes with it."""
        self._reserve.close()
        self.place.close()

    # Around calls.

    def begin(self, paths: Iterable[str] = (), *, sweeping: bool) -> Call:
        """A call is about to start; from any thread.

        `paths` (absolute, resolved) are what it will change. `sweeping` says
        that it may change anything, so that a scan must follow.
        """
        since_ns = clock_ns()
        before: dict[str, Seen] = {}
        for path in filter(None, map(self.place.relative, paths)):
            before[path] = self.place.see(path, self.limits.largest)
            folder = path.rpartition("/")[0]
            while folder and self.place.stamp(folder) is None:
                before[folder] = NOTHING
                folder = folder.rpartition("/")[0]
        call = Call(since_ns, before, sweeping=sweeping)
        with self._lock:
            self._calls.append(call)
        return call

    def end(self, call: Call) -> None:
        """The call is over: find out what it did."""
        for path, before in call.before.items():
            self._note(path, before)
        call.over = True
        if call.sweeping:
            self.look()
        else:
            with self._lock:
                self._calls.remove(call)

    def look(self) -> None:
        """See what has changed since the last time, by whomever."""
        with self._lock:
            since_ns = min((call.since_ns for call in self._calls), default=None)
            over = [call for call in self._calls if call.over]
        purse = _Purse(self.limits.call_files, self.limits.call_bytes)
        self.place.refresh()
        unsure, self._unsure = self._unsure, set()
        if self._index is not None:
            scan = self._index.scan(since_ns)
            self.complete, self.looked = scan.complete, True
            for change in scan.changes:
                ours = since_ns is not None and change.at_ns >= since_ns
                self._take(change, purse, ours=ours)
                unsure.discard(change.path)
        for path in self._touched:
            listed = self._index.stamp(path) if self._index is not None else None
            if path in unsure or listed is None or listed != self._stamps.get(path):
                self._look_at(path, since_ns, anew=path in unsure)
        with self._lock:
            self._calls = [call for call in self._calls if call not in over]

    def fill(self, more: Callable[[], bool]) -> bool:
        """Copy what is not yet in reserve while `more` says so; whether all is done."""
        if self._index is None or not self.looked:
            return True
        if self._lacking is None or (not self._reserve.files and not self._reserve.full):
            files = (each for each in self._index.files() if each[0] not in self._touched)
            self._lacking = self._reserve.wanting(files)
        self._reserve.fill(self.place, self._lacking, more)
        return not self._lacking

    @property
    def reserved(self) -> tuple[int, int]:
        """Files and bytes in reserve."""
        return self._reserve.files, self._reserve.bytes

    @property
    def crowded(self) -> bool:
        """Whether there was no room in reserve for all files."""
        return self._reserve.full

    # Manifests.

    @property
    def manifest(self) -> Manifest:
        """All touched paths as they were last seen."""
        return MappingProxyType(dict(self._touched))

    def save(self) -> str | None:
        """The address of the manifest, safely stored; None while nothing was touched.

        Raises StoreError.
        """
        if self._touched and not self._saved:
            self._address = self.shelf.keep_manifest(self._touched)
            self._saved = True
        return self._address

    def load(self, address: str) -> Manifest:
        """A manifest of this session. Raises WorkspaceError when it is lost."""
        return load(address, self.shelf.get)

    def resume(self, address: str | None) -> None:
        """Go on from the manifest that the session stored last. Raises WorkspaceError."""
        known = EMPTY if address is None else self.load(address)
        self._touched, self._stamps = dict(known), {}
        self._address, self._saved = address, True
        self._unsure = set(known)

    # Restoring.

    def adopt(self, target: Manifest) -> None:
        """Follow the paths of `target` that this session does not know it has touched.

        What differs there was changed by someone else, as far as can be told.
        """
        for path, wanted in target.items():
            if path not in self._touched:
                seen = self._see(path, None)
                base = Tracked(wanted.state, seen.state, None, wanted.others)
                same = seen.state == wanted.state
                self._set(path, base if same else base.was_changed(seen.state), seen)

    def restored(self, path: str, others: int | None) -> None:
        """The session itself put back what stands at `path`, with so many changes by others."""
        seen = self._see(path, None)
        known = self._touched.get(path)
        if known is None:
            known = Tracked(seen.state, seen.state)
        counted = known.others if others is None else others
        self._set(path, Tracked(seen.state, known.origin, None, counted), seen)

    # The rest.

    def _note(self, path: str, before: Seen) -> None:
        """A tool said that it would change `path`."""
        after, known = self._see(path, None), self._touched.get(path)
        if known is None:
            if before.state != after.state:
                self._touch(path, before, after)
        elif known.state != after.state:
            if known.state != before.state:
                self.shelf.keep(before)
                known = known.was_changed(before.state)
            made = known if before.state == after.state else known.became(after.state)
            self._set(path, made, after)
        elif isinstance(known.origin, Unkept) and known.origin.why == "missed":
            self.shelf.keep(before)  # a scan was quicker, but knew less
            self._set(path, msgspec.structs.replace(known, origin=before.state), after)

    def _take(self, change: Change, purse: _Purse, *, ours: bool) -> None:
        path = change.path
        if not is_path(path):
            return
        if path in self._touched:
            self._again(path, ours=ours, purse=purse)
            return
        if not ours and change.before != change.after:
            self._renew(path, change.after)
            return
        before, seen = self._before(change), self._see(path, purse)
        before = _refined(before, seen, change)
        if ours and before.state != seen.state:
            self._touch(path, before, seen)
            self._reserve.forget(path)
        elif before.state != seen.state or change.before != change.after:
            self._renew(path, change.after)

    def _renew(self, path: str, stamp: Stamp | None) -> None:
        """What is in reserve of a file that no session touched is out of date."""
        self._reserve.forget(path)
        if stamp is not None and stat.S_ISREG(stamp.mode) and self._lacking is not None:
            self._lacking.append((path, stamp))

    def _before(self, change: Change) -> Seen:
        """What stood where something has changed."""
        stamp = change.before
        if not change.known:
            after = change.after
            if after is not None and stat.S_ISDIR(after.mode):
                return Seen(Folder(after.mode & FOLDER_MODE), after)
            return Seen(Unkept(0, 0, 0, "missed"), None)
        if stamp is None:
            return NOTHING
        if stat.S_ISDIR(stamp.mode):
            return Seen(Folder(stamp.mode & FOLDER_MODE), stamp)
        if stat.S_ISLNK(stamp.mode) and change.link is not None:
            return Seen(Link(change.link), stamp)
        if not stat.S_ISREG(stamp.mode):
            return Seen(Special(kind_of(stamp.mode)), stamp)
        data = self._reserve.get(change.path, stamp)
        if data is None:
            large = stamp.size > self.limits.largest
            return Seen(unkept(stamp, "large" if large else "missed"), stamp)
        return Seen(File(address_of(data), stamp.mode & FILE_MODE, len(data)), stamp, data)

    def _look_at(self, path: str, since_ns: int | None, *, anew: bool) -> None:
        stamp = self.place.stamp(path)
        if anew or stamp != self._stamps.get(path):
            at_ns = self.place.changed_ns(path)
            ours = not anew and since_ns is not None and at_ns >= since_ns
            self._again(path, ours=ours, purse=None)

    def _again(self, path: str, *, ours: bool, purse: _Purse | None) -> None:
        """Something may have happened to a path that is followed."""
        known, seen = self._touched[path], self._see(path, purse)
        if known.state == seen.state:
            self._stamps[path] = seen.stamp
        elif _same_content(known.state, seen.stamp):
            self._set(path, msgspec.structs.replace(known, state=seen.state), seen)
        else:
            changed = known.became if ours else known.was_changed
            self._set(path, changed(seen.state), seen)

    def _see(self, path: str, purse: _Purse | None) -> Seen:
        if purse is None:
            return self.place.see(path, self.limits.largest)
        if purse.files <= 0 or purse.bytes <= 0:
            stamp = self.place.stamp(path)
            if stamp is not None and stat.S_ISREG(stamp.mode):
                return Seen(unkept(stamp, "many"), stamp)
        seen = self.place.see(path, self.limits.largest)
        purse.files -= 1
        purse.bytes -= len(seen.data or b"")
        return seen

    def _touch(self, path: str, before: Seen, after: Seen) -> None:
        self.shelf.keep(before)
        self._set(path, Tracked(after.state, before.state), after)

    def _set(self, path: str, tracked: Tracked, seen: Seen) -> None:
        self.shelf.keep(seen)
        self._touched[path] = tracked
        self._stamps[path] = seen.stamp
        self._saved = False


class _Purse:
    """What may still be spent on one command."""

    def __init__(self, files: int, size: int) -> None:
        self.files = files
        self.bytes = size


def _refined(before: Seen, seen: Seen, change: Change) -> Seen:
    """`before`, when it was not kept but the content is the same as now."""
    state, old, new = before.state, change.before, change.after
    if not isinstance(state, Unkept) or old is None or new is None:
        return before
    if (old.size, old.mtime_ns, old.inode) != (new.size, new.mtime_ns, new.inode):
        return before
    if isinstance(seen.state, File):
        return Seen(File(seen.state.address, state.mode, state.size), old, seen.data)
    if isinstance(seen.state, Unkept):
        return Seen(Unkept(state.mode, state.size, state.mtime_ns, seen.state.why), old)
    return before


def _same_content(state: State, stamp: Stamp | None) -> bool:
    """Whether a file that is not kept is still the one that was seen."""
    return (
        isinstance(state, Unkept)
        and stamp is not None
        and (state.mode, state.size, state.mtime_ns)
        == (stamp.mode & FILE_MODE, stamp.size, stamp.mtime_ns)
    )


def _why_not(folder: Path) -> str | None:
    """Why a folder is not scanned, in words; None for one that is."""
    try:
        home = Path.home().resolve()
    except RuntimeError:  # nobody knows where it is
        home = Path(folder.anchor)
    if folder == Path(folder.anchor):
        return "this is the top of the file system"
    if folder == home:
        return "this is your home folder"
    return "your home folder lies in it" if folder in home.parents else None
