"""A workspace, a store for content, and what tests do with them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeAlias

import pytest

from alloy_tui.workspace.planning import Choice, RestorePlan
from alloy_tui.workspace.restoring import RestoreReport, preview, restore
from alloy_tui.workspace.states import address_of
from alloy_tui.workspace.tracker import Limits, Tracker

Tree: TypeAlias = dict[bytes, tuple[str, int, bytes]]


class Blobs:
    """A store of content in memory."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.puts = 0

    def put_blob(self, data: bytes) -> Future[str]:
        done: Future[str] = Future()
        self.data[address_of(data)] = data
        self.puts += 1
        done.set_result(address_of(data))
        return done

    def blob(self, address: str) -> bytes | None:
        return self.data.get(address)


class Desk:
    """A workspace that is followed, and a person and a program who work in it."""

    def __init__(self, tmp: Path, blobs: Blobs, limits: Limits | None = None) -> None:
        self.root = tmp / "project"
        self.root.mkdir(exist_ok=True)
        self.aside = tmp / "aside"
        self.aside.mkdir(exist_ok=True)
        self.journals = self.aside / "journals"
        self.blobs = blobs
        self.tracker = Tracker(self.root, blobs, reserve_in=self.aside, limits=limits)

    def start(self) -> Desk:
        """As before the first command: all is looked at and in reserve."""
        self.tracker.look()
        while not self.tracker.fill(lambda: True):
            pass
        return self

    def shell(self, work: Callable[[], object]) -> str | None:
        """A command that does `work`; the address of the manifest afterwards."""
        call = self.tracker.begin(sweeping=True)
        work()
        self.tracker.end(call)
        self.tracker.fill(lambda: True)
        return self.tracker.save()

    def tool(self, path: str, work: Callable[[], object]) -> str | None:
        """A tool that says that it will change `path`."""
        call = self.tracker.begin([os.path.realpath(self.root / path)], sweeping=False)
        work()
        self.tracker.end(call)
        return self.tracker.save()

    def write(self, path: str, data: bytes | str = "") -> None:
        """Write a file in place, folders included."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def plan(self, address: str | None) -> RestorePlan:
        assert address is not None
        return preview(self.tracker, address)

    def go(self, address: str | None, **choices: Choice) -> RestoreReport:
        """Restore, choosing by path with `_` for `.`."""
        chosen = {path.replace("_", "."): choice for path, choice in choices.items()}
        return restore(self.tracker, self.plan(address), chosen, self.journals)

    def tree(self) -> Tree:
        return tree_of(self.root)

    def clear(self) -> None:
        shutil.rmtree(self.root)
        self.root.mkdir()

    def close(self) -> None:
        self.tracker.close()


def tree_of(root: Path) -> Tree:
    """Everything below `root`: kind, rights, content."""
    found: Tree = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            key = os.fsencode(path.relative_to(root))
            if stat.S_ISLNK(status.st_mode):
                found[key] = ("link", 0, os.fsencode(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                found[key] = ("folder", mode, b"")
            elif stat.S_ISREG(status.st_mode):
                found[key] = ("file", mode, path.read_bytes())
            else:
                found[key] = ("special", 0, b"")
    return found


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


@pytest.fixture
def desk(tmp_path: Path, blobs: Blobs) -> Iterator[Desk]:
    made = Desk(tmp_path, blobs)
    yield made
    made.close()
