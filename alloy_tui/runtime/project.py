"""The project's folder as the user sees it: its files by name, and their own commands in it.

Owns handing questions and commands on; made with the runtime, before its engine.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from alloy_tui.runtime.port import FoundFiles, GitState

if TYPE_CHECKING:
    from alloy_tui.runtime.engine import Engine
    from alloy_tui.runtime.file_finder import FileFinder
    from alloy_tui.runtime.git_state import GitAsker


class Project:
    """Fills `ProjectPort`; commands from any thread, questions for files from one."""

    def __init__(
        self,
        folder: Callable[[], str],
        give: Callable[[Callable[[Engine], Callable[[], object]]], object],
    ) -> None:
        self._give = give
        self._folder = folder
        self._files: FileFinder | None = None
        self._git: GitAsker | None = None

    def find_files(self, query: str, limit: int, then: Callable[[FoundFiles], object]) -> None:
        """Tell `then`, from another thread, which files match; only the newest question counts."""
        if self._files is None:
            # Here, so that the first frame does without it.
            from alloy_tui.runtime.file_finder import FileFinder

            self._files = FileFinder(self._folder)
        self._files.find(query, limit, then)

    def git_state(self, then: Callable[[GitState | None], object]) -> None:
        """Tell `then`, from another thread, the state of the repository."""
        if self._git is None:
            from alloy_tui.runtime.git_state import GitAsker

            self._git = GitAsker(self._folder)
        self._git.ask(then)

    def run_command(self, command: str, *, private: bool) -> str:
        """Run `command` in the user's shell; returns the id that its events carry."""
        made = f"own-{uuid.uuid4().hex[:12]}"
        self._give(lambda engine: lambda: engine.own.start(made, command, private=private))
        return made

    def stop_command(self, command_id: str) -> None:
        """End a command; nothing happens if it is over."""
        self._give(lambda engine: lambda: engine.own.stop(command_id))

    def close(self) -> None:
        """Ask for no more files, and git no more."""
        if self._files is not None:
            self._files.close()
        if self._git is not None:
            self._git.close()
