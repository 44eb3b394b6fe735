"""Which branch the project is on, and in how many files it differs from what is committed.

Owns asking git, on a thread of its own and one question at a time. Never writes
to the repository, and never waits long for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from alloy_tui.runtime.port import GitState

_PATIENCE_S = 3.0
_GIT = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--no-optional-locks")
_STATUS = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal")


class GitAsker:
    """Tells the state of the repository round `folder`; None where there is none."""

    def __init__(self, folder: Callable[[], str]) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._next: Callable[[GitState | None], object] | None = None
        self._closed = False

    def ask(self, then: Callable[[GitState | None], object]) -> None:
        """Tell `then`, from another thread; of several questions that wait the newest counts."""
        with self._lock:
            self._next = then
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="git state", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Ask no more; a question under way ends at once."""
        with self._lock:
            self._closed, self._next = True, None
            thread, process = self._thread, self._process
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join(_PATIENCE_S)

    def _work(self) -> None:
        while True:
            with self._lock:
                then, self._next = self._next, None
                if then is None:
                    self._thread = None
                    return
            state = self._state(Path(self._folder()))
            if not self._closed:
                then(state)

    def _state(self, folder: Path) -> GitState | None:
        git = shutil.which("git")
        if git is None or not folder.is_dir():
            return None
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            process = subprocess.Popen(  # noqa: S603 - git itself, with fixed arguments
                (str(Path(git).absolute()), *_GIT, *_STATUS),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return None
        with process:
            self._process = process
            try:
                out, _ = process.communicate(timeout=_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                return None
            finally:
                self._process = None
        return read(out) if process.returncode == 0 else None


def read(status: bytes) -> GitState:
    """The state that `git status --porcelain=v2 --branch -z` tells."""
    branch, oid, changed = "", "", 0
    parts = iter(status.split(b"\0"))
    for part in parts:
        if part.startswith(b"# branch.head "):
            branch = part[14:].decode(errors="replace")
        elif part.startswith(b"# branch.oid "):
            oid = part[13:].decode(errors="replace")
        elif part[:2] in {b"1 ", b"2 ", b"u ", b"? "}:
            changed += 1
            if part.startswith(b"2 "):
                next(parts, None)  # where it was before
    if branch == "(detached)":
        branch = oid[:8]
    return GitState(branch, changed)
