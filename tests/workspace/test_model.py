"""Random work by a session, with checkpoints, gone back to in any order: the tree is the same."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.workspace.conftest import Blobs, Desk, Tree

NAMES = st.sampled_from(["a", "A", "d", "\udcff", "e/f"])
PATHS = st.lists(NAMES, min_size=1, max_size=2).map("/".join)
CONTENT = st.binary(max_size=6)
WHOSE = st.booleans()


class Working(RuleBasedStateMachine):
    """A session works by commands and tools; checkpoints are made and gone back to."""

    def __init__(self) -> None:
        super().__init__()
        self.tmp = Path(tempfile.mkdtemp())
        self.blobs = Blobs()
        self.desk = Desk(self.tmp, self.blobs)
        self.made: list[tuple[str, Tree]] = []

    @initialize(files=st.dictionaries(NAMES, CONTENT, max_size=4))
    def begin(self, files: dict[str, bytes]) -> None:
        for path, data in files.items():
            self._write(path, data)
        self.desk.start()
        self.checkpoint()

    @rule(path=PATHS, data=CONTENT, tool=WHOSE)
    def write(self, path: str, data: bytes, tool: bool) -> None:
        if tool:
            self.desk.tool(path, lambda: self._write(path, data))
        else:
            self.desk.shell(lambda: self._write(path, data))

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        self.desk.shell(lambda: self._remove(path))

    @rule(path=PATHS, to=PATHS)
    def link(self, path: str, to: str) -> None:
        self.desk.shell(lambda: self._try(lambda p: p.symlink_to(to), path))

    @rule(path=PATHS, mode=st.sampled_from([0o600, 0o644, 0o755, 0o700]))
    def rights(self, path: str, mode: int) -> None:
        def work(at: Path) -> None:
            if at.exists() and not at.is_symlink():
                at.chmod(mode if at.is_file() else mode | 0o700)

        self.desk.shell(lambda: self._try(work, path))

    @rule(path=PATHS, to=PATHS)
    def move(self, path: str, to: str) -> None:
        self.desk.shell(lambda: self._try(lambda p: p.rename(self.desk.root / to), path))

    @rule(path=PATHS)
    def make_folder(self, path: str) -> None:
        self.desk.shell(lambda: self._try(lambda p: p.mkdir(parents=True), path))

    @rule()
    def checkpoint(self) -> None:
        self.desk.tracker.look()
        address = self.desk.tracker.save()
        if address is not None:
            self.made.append((address, self.desk.tree()))

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 10**6))
    def go(self, which: int) -> None:
        address, tree = self.made[which % len(self.made)]
        report = self.desk.go(address)
        assert not report.failed
        assert not report.kept
        assert self.desk.tree() == tree

    @precondition(lambda self: self.made)
    @rule()
    def start_anew(self) -> None:
        """The program ends and is started again."""
        self.desk.tracker.look()
        address = self.desk.tracker.save()
        self.desk.close()
        self.desk = Desk(self.tmp, self.blobs)
        self.desk.tracker.resume(address)
        self.desk.start()
        assert not {p: t for p, t in self.desk.tracker.manifest.items() if t.others}

    def teardown(self) -> None:
        self.desk.close()
        shutil.rmtree(self.tmp)

    def _write(self, path: str, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.desk.write(path, data)

    def _remove(self, path: str) -> None:
        at = self.desk.root / path
        with contextlib.suppress(OSError):
            if at.is_dir() and not at.is_symlink():
                shutil.rmtree(at)
            else:
                at.unlink()

    def _try(self, work: object, path: str) -> None:
        at = self.desk.root / path
        with contextlib.suppress(OSError):
            if callable(work):
                work(at)


Working.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=25,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestWorking = Working.TestCase
