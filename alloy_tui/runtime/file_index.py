"""The names of a project's files, and how one is found among a hundred thousand.

Owns the two ways to list (git, or a walk with limits) and the search. Blocks:
callers run it beside the screen. Names that could not be typed into a message
(control characters, bytes that are no UTF-8) are left out.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest, nsmallest
from pathlib import Path

import msgspec

from alloy_tui.domain import fuzzy
from alloy_tui.domain.sanitise import clean
from alloy_tui.runtime.git_running import ask_git
from alloy_tui.runtime.port import FoundFile

MOST_FILES = 300_000
WALK_S = 4.0
GIT_S = 20.0
_CHUNK = 2_000
_CLOSER = 300
_SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".nox"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".cache", ".gradle", ".idea"}
    | {"target", "dist", "build", ".next", ".terraform"}
)
_WORD_STARTS = re.compile(r"(?:^|[_\-. ])([^_\-. ])")


class Listing(msgspec.Struct, frozen=True):
    """Paths relative to the folder, `/` between parts; `complete` unless a limit was met."""

    paths: Sequence[str]
    complete: bool = True


def list_files(folder: Path, started: Callable[[subprocess.Popen[bytes]], object]) -> Listing:
    """All files below `folder` that git would not ignore, or all but the usual rubbish.

    `started` is given the process, so that it can be ended from elsewhere.
    """
    listed = _by_git(folder, started)
    return listed if listed is not None else _by_walking(folder)


def _by_git(folder: Path, started: Callable[[subprocess.Popen[bytes]], object]) -> Listing | None:
    def ask(*arguments: str) -> bytes | None:
        # Who set GIT_DIR or GIT_INDEX_FILE for this program means the files listed there.
        return ask_git(
            ("ls-files", "-z", *arguments),
            folder,
            patience_s=GIT_S,
            started=started,
            own_variables=True,
        )

    known = ask("-co", "--exclude-standard")
    if known is None:
        return None
    gone = set((ask("-d") or b"").split(b"\0"))
    names = dict.fromkeys(known.split(b"\0"))
    paths = list(_typable(name for name in names if name and name not in gone))
    return Listing(paths[:MOST_FILES], complete=len(paths) <= MOST_FILES)


def _by_walking(folder: Path) -> Listing:
    until = time.monotonic() + WALK_S
    names: list[bytes] = []
    waiting = [(os.fsencode(folder), b"")]
    while waiting:
        path, prefix = waiting.pop()
        if len(names) > MOST_FILES or time.monotonic() > until:
            return Listing(list(_typable(names[:MOST_FILES])), complete=False)
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        names.append(prefix + entry.name)
                    elif os.fsdecode(entry.name) not in _SKIPPED:
                        waiting.append((entry.path, prefix + entry.name + b"/"))
    return Listing(list(_typable(names)))


def _typable(names: Iterable[bytes]) -> Iterator[str]:
    for name in names:
        try:
            text = name.decode()
        except UnicodeDecodeError:
            continue
        if "\n" not in text and "\t" not in text and clean(text) == text:
            yield text


class FileIndex:
    """A listing made ready to be searched, folders included; nothing in it changes."""

    def __init__(self, listing: Listing) -> None:
        folders: dict[str, None] = {}
        for path in listing.paths:
            cut = path.rfind("/")
            while cut > 0 and path[: cut + 1] not in folders:
                folders[path[: cut + 1]] = None
                cut = path.rfind("/", 0, cut)
        self.paths = [*folders, *listing.paths]
        self.complete = listing.complete
        self._folded = [fuzzy.folded(path) for path in self.paths]
        self._bases = [low.rfind("/", 0, len(low) - 1) + 1 for low in self._folded]
        self._initials = [
            "".join(_WORD_STARTS.findall(low[base:]))
            for low, base in zip(self._folded, self._bases, strict=True)
        ]
        self._top = nsmallest(_CLOSER, self.paths, key=lambda p: (p.count("/", 0, -1), p))
        self._last: tuple[str, list[int]] = ("", list(range(len(self.paths))))

    def search(
        self, query: str, limit: int, stale: Callable[[], bool] = lambda: False
    ) -> list[FoundFile] | None:
        """The best matches, best first; None as soon as `stale` says that nobody waits.

        For an empty query, what lies in the folder itself. Searching further
        in what an earlier query left makes typing on cheap.
        """
        wanted = fuzzy.folded(query)
        if not wanted:
            return [FoundFile(path) for path in self._top[:limit]]
        matching = self._matching(wanted, stale)
        if matching is None:
            return None
        if len(matching) > _CLOSER:
            rough = self._roughly(wanted, matching, stale)
            if rough is None:
                return None
            matching = rough
        scored: list[tuple[float, FoundFile]] = []
        for index in matching:
            found = fuzzy.match(query, self.paths[index])
            if found is not None:
                scored.append((found.score, FoundFile(self.paths[index], found.places)))
        scored.sort(key=lambda pair: (-pair[0], pair[1].path))
        return [found for _, found in scored[:limit]]

    def _matching(self, wanted: str, stale: Callable[[], bool]) -> list[int] | None:
        before, among = self._last
        if not (before and wanted.startswith(before)):
            among = range(len(self.paths))
        holds, lows = fuzzy.pattern(wanted).match, self._folded
        found: list[int] = []
        for start in range(0, len(among), _CHUNK):
            if stale():
                return None
            found += [index for index in among[start : start + _CHUNK] if holds(lows[index])]
        self._last = (wanted, found)
        return found

    def _roughly(
        self, wanted: str, among: Sequence[int], stale: Callable[[], bool]
    ) -> list[int] | None:
        """The likeliest few hundred by what is cheap to see: unbroken runs and initials."""
        lows, bases, initials = self._folded, self._bases, self._initials
        keyed: list[tuple[int, int, int]] = []
        for start in range(0, len(among), _CHUNK):
            if stale():
                return None
            for index in among[start : start + _CHUNK]:
                low = lows[index]
                at = low.rfind(wanted)
                if at >= 0:
                    kind = 4 if at == bases[index] else 3 if at > bases[index] else 2
                else:
                    kind = 0
                if kind < 4 and initials[index].startswith(wanted):
                    kind = 4
                keyed.append((kind, -len(low), index))
        return [index for _, _, index in nlargest(_CLOSER, keyed)]


def browse(folder: Path, query: str, limit: int) -> list[FoundFile]:
    """Completions of a path outside the index: absolute, below `~`, or with dots at its start."""
    head, slash, name = query.rpartition("/")
    where = Path(f"{head}{slash}").expanduser() if slash else Path(query)
    found: list[str] = []
    with contextlib.suppress(OSError, RuntimeError, ValueError), os.scandir(folder / where) as all_:
        for entry in all_:
            if entry.name.startswith(".") and not name.startswith("."):
                continue
            with contextlib.suppress(OSError):
                found.append(entry.name + ("/" if entry.is_dir() else ""))
            if len(found) >= _CHUNK:
                break
    shown = [each for each in sorted(found) if "\n" not in each and clean(each) == each]
    best = fuzzy.rank(name, shown, limit)
    return [FoundFile(f"{head}{slash}{each}") for each in best]


def is_outside(query: str) -> bool:
    """Whether `query` names a place that the index does not hold."""
    return query.startswith(("/", "~/", "./", "../"))
