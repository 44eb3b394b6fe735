"""Finding what changed in a workspace since it was last looked at.

Owns the index of everything in the folder, by name and stamp, and the walk
that brings it up to date within limits. Reads no content. Every folder is
listed each time, for a file written in place leaves no trace in its folder;
names are put to the rules of what to ignore only when they are new.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from alloy_tui.workspace.ignoring import CACHE_TAG, RULES_FILE, Rules
from alloy_tui.workspace.places import Place
from alloy_tui.workspace.states import Stamp

# Linux stamps files by CLOCK_REALTIME_COARSE, for which Python has no name; the
# fine clock would say that a file was changed before the command that did it.
_CLOCK = 5 if sys.platform == "linux" else time.CLOCK_REALTIME
_TICK_NS = 20_000_000
_SIGNS = frozenset({RULES_FILE, CACHE_TAG})


class Change(NamedTuple):
    """A path that is not as it was.

    `at_ns` is when it changed, by the file system's clock. Without `known`
    nobody had looked at it before, so that `before` says nothing. `link` is
    what stood in a symbolic link.
    """

    path: str
    before: Stamp | None
    after: Stamp | None
    at_ns: int
    known: bool = True
    link: bytes | None = None


class Scan(msgspec.Struct, frozen=True):
    """The changes; `complete` unless a limit was met; how many entries were looked at."""

    changes: tuple[Change, ...]
    complete: bool
    entries: int


class _Listed:
    """One folder as it was last seen."""

    __slots__ = (
        "at_ns",
        "entries",
        "folders",
        "ignored",
        "links",
        "newest_ns",
        "outer",
        "rules",
        "rules_stamp",
    )

    def __init__(self, outer: Rules, rules_stamp: Stamp | None, rules: Rules) -> None:
        self.outer = outer
        self.rules_stamp = rules_stamp
        self.rules = rules
        self.entries: dict[str, Stamp] = {}
        self.ignored: dict[str, bool] = {}
        self.links: dict[str, bytes] = {}
        self.folders: list[str] = []
        self.newest_ns = 0
        self.at_ns = 0

    def is_same(self, outer: Rules, found: dict[str, Stamp], ignored: dict[str, bool]) -> bool:
        """Whether nothing at all can have changed.

        Within the clock's tick of the last look a file may have, and kept its stamp.
        """
        return (
            self.outer is outer
            and self.entries == found
            and self.ignored == ignored
            and self.newest_ns <= self.at_ns - _TICK_NS
        )


class _Inside(NamedTuple):
    """A folder to list; `fresh_ns` is not 0 when all in it is known to be new."""

    folder: str
    rules: Rules
    fresh_ns: int


class _Walk(NamedTuple):
    """A scan on its way."""

    since_ns: int | None
    changes: list[Change]
    waiting: deque[_Inside]


def clock_ns() -> int:
    """Now, by the clock that file systems take their stamps from."""
    return time.clock_gettime_ns(_CLOCK)


class Index:
    """Everything in the workspace that is not ignored, as of the last scan."""

    def __init__(self, place: Place, outer: Rules, *, most: int, longest_s: float) -> None:
        self._place = place
        self._outer = outer
        self._most = most
        self._longest_s = longest_s
        self._folders: dict[str, _Listed] = {}
        self._device = -1

    def stamp(self, path: str) -> Stamp | None:
        """What stood at `path` at the last scan."""
        folder, _, name = path.rpartition("/")
        listed = self._folders.get(folder)
        return None if listed is None else listed.entries.get(name)

    def files(self) -> Iterator[tuple[str, Stamp]]:
        """All regular files."""
        for folder, listed in self._folders.items():
            for name, stamp in listed.entries.items():
                if stat.S_ISREG(stamp.mode):
                    yield _join(folder, name), stamp

    def scan(self, since_ns: int | None) -> Scan:
        """Look at everything again; of what was never seen, report what changed `since_ns`."""
        until_s = time.monotonic() + self._longest_s
        walk = _Walk(since_ns, [], deque([_Inside("", self._outer, 0)]))
        count = 0
        while walk.waiting and count <= self._most and time.monotonic() < until_s:
            inside = walk.waiting.popleft()
            with contextlib.suppress(OSError), self._place.opened(inside.folder) as fd:
                count += self._look(inside, fd, walk)
        return Scan(tuple(walk.changes), complete=not walk.waiting, entries=count)

    def _look(self, inside: _Inside, fd: int, walk: _Walk) -> int:
        """List one folder, tell what differs from the last time, and queue those within."""
        folder, rules, fresh_ns = inside
        status = os.fstat(fd)
        if self._device < 0:
            self._device = status.st_dev
        if status.st_dev != self._device:
            return 0  # another file system is mounted here: perhaps a slow or a huge one
        old, at_ns = self._folders.get(folder), clock_ns()
        found, skipped = _list(fd, old.ignored if old is not None and old.outer is rules else {})
        if old is not None and found.get(RULES_FILE) != old.rules_stamp:
            found, skipped = _list(fd, {})
        if CACHE_TAG in found and folder:
            self._forget(folder)
            return len(found)
        if old is not None and old.is_same(rules, found, skipped):  # by far the most folders
            old.at_ns = at_ns
            walk.waiting.extend(_Inside(_join(folder, n), old.rules, 0) for n in old.folders)
            return len(found)
        new = self._sorted_out(folder, fd, rules, old, found)
        new.ignored.update(skipped)
        new.at_ns = at_ns
        self._folders[folder] = new
        before_all = {} if old is None else old.entries
        for name in before_all.keys() - new.entries.keys():
            if name not in new.ignored:
                self._gone(old, folder, name, status.st_ctime_ns, walk.changes)
            elif stat.S_ISDIR(before_all[name].mode):
                self._forget(_join(folder, name))
        visit = _Visit(folder, fd, fresh_ns, walk.since_ns, old, new)
        for name, stamp in new.entries.items():
            change, inner_ns = _compare(visit, name, stamp)
            before = before_all.get(name)
            if before is not None and stat.S_ISDIR(before.mode) and not stat.S_ISDIR(stamp.mode):
                self._emptied(_join(folder, name), visit.when(name, stamp), walk.changes)
            if change is not None:
                walk.changes.append(change)
            if stat.S_ISDIR(stamp.mode):
                walk.waiting.append(_Inside(_join(folder, name), new.rules, inner_ns))
        return len(found)

    def _sorted_out(
        self, folder: str, fd: int, rules: Rules, old: _Listed | None, found: dict[str, Stamp]
    ) -> _Listed:
        """`found` without what is ignored; what was decided under the same rules still holds."""
        rules_stamp = found.get(RULES_FILE)
        same = old is not None and old.outer is rules and old.rules_stamp == rules_stamp
        if same and old is not None:
            new = _Listed(rules, rules_stamp, old.rules)
        else:
            inner = rules if rules_stamp is None else rules.within(folder, fd)
            new = _Listed(rules, rules_stamp, inner)
        for name, stamp in found.items():
            if (
                same
                and old is not None
                and (name in old.entries or old.ignored.get(name) == stat.S_ISDIR(stamp.mode))
            ):
                ignored = name in old.ignored
            else:
                path = _join(folder, name)
                ignored = new.rules.ignore(path, folder=stat.S_ISDIR(stamp.mode))
            if ignored:
                new.ignored[name] = stat.S_ISDIR(stamp.mode)
            else:
                new.entries[name] = stamp
                if stat.S_ISDIR(stamp.mode):
                    new.folders.append(name)
                else:
                    new.newest_ns = max(new.newest_ns, stamp.ctime_ns)
        return new

    def _gone(
        self, old: _Listed | None, folder: str, name: str, at_ns: int, changes: list[Change]
    ) -> None:
        assert old is not None
        path, before = _join(folder, name), old.entries[name]
        if stat.S_ISDIR(before.mode):
            self._emptied(path, at_ns, changes)
        changes.append(Change(path, before, None, at_ns, link=old.links.get(name)))

    def _emptied(self, folder: str, at_ns: int, changes: list[Change]) -> None:
        """Nothing is below `folder` any more."""
        listed = self._folders.pop(folder, None)
        for name in () if listed is None else listed.entries:
            self._gone(listed, folder, name, at_ns, changes)

    def _forget(self, folder: str) -> None:
        """What is below `folder` is no longer looked at, and that is no change."""
        listed = self._folders.pop(folder, None)
        for name, stamp in () if listed is None else listed.entries.items():
            if stat.S_ISDIR(stamp.mode):
                self._forget(_join(folder, name))


class _Visit(NamedTuple):
    """One look at one folder."""

    folder: str
    fd: int
    fresh_ns: int
    since_ns: int | None
    old: _Listed | None
    new: _Listed

    def is_new(self, name: str) -> bool:
        """Whether nothing was at that name before."""
        if self.old is None:
            return self.fresh_ns > 0
        return name not in self.old.entries and name not in self.old.ignored

    def when(self, name: str, stamp: Stamp) -> int:
        """When it changed; what came with its folder came when that did."""
        return max(stamp.ctime_ns, self.fresh_ns if self.is_new(name) else 0)


def _compare(visit: _Visit, name: str, stamp: Stamp) -> tuple[Change | None, int]:
    """The change at `name`, if any, and what `fresh_ns` is within, should it be a folder."""
    old, when, path = visit.old, visit.when(name, stamp), _join(visit.folder, name)
    before = None if old is None else old.entries.get(name)
    if stat.S_ISLNK(stamp.mode):
        _keep_link(visit, name, same=before == stamp)
    if before is None or old is None:
        if visit.is_new(name):
            return Change(path, None, stamp, when), when
        if visit.since_ns is not None and when >= visit.since_ns:
            return Change(path, None, stamp, when, known=False), 0
        return None, 0
    was_folder = stat.S_ISDIR(before.mode)
    if was_folder and stamp.mode == before.mode:
        return None, 0
    # Within the clock's tick of the last look, a file may have changed and kept its stamp.
    if before == stamp and stamp.ctime_ns <= old.at_ns - _TICK_NS:
        return None, 0
    change = Change(path, before, stamp, when, link=old.links.get(name))
    return change, 0 if was_folder else when


def _list(fd: int, ignored: dict[str, bool]) -> tuple[dict[str, Stamp], dict[str, bool]]:
    """What is in the open folder, and what of `ignored` (name, whether a folder) still is."""
    found: dict[str, Stamp] = {}
    skipped: dict[str, bool] = {}
    with os.scandir(fd) as entries:
        for entry in entries:
            name = entry.name
            with contextlib.suppress(OSError):  # it vanished just now
                if name in ignored and name not in _SIGNS:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if ignored[name] == is_folder:
                        skipped[name] = is_folder
                        continue
                status = entry.stat(follow_symlinks=False)
                found[name] = Stamp(
                    status.st_mode,
                    status.st_size,
                    status.st_mtime_ns,
                    status.st_ctime_ns,
                    status.st_ino,
                )
    return found, skipped


def _keep_link(visit: _Visit, name: str, *, same: bool) -> None:
    if same and visit.old is not None and name in visit.old.links:
        visit.new.links[name] = visit.old.links[name]
        return
    with contextlib.suppress(OSError):
        visit.new.links[name] = os.readlink(os.fsencode(name), dir_fd=visit.fd)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
