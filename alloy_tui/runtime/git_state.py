"""Which branch the project is on, and in how many files it differs from what is committed.

Owns when git is asked, on a thread of its own and one question at a time, and what
its answer means.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from alloy_tui.runtime.git_running import ask_git
from alloy_tui.runtime.port import GitState

_PATIENCE_S = 3.0
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
        # The line at the top is about the folder that tools work in, whatever GIT_DIR says.
        out = ask_git(
            _STATUS, folder, patience_s=_PATIENCE_S, started=self._began, own_variables=False
        )
        self._process = None
        return None if out is None else read(out)

    def _began(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process


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
