"""The branch and the number of changed files, as git tells them."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from alloy_tui.runtime.git_state import GitAsker, read
from alloy_tui.runtime.port import GitState

_ME = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(("git", *_ME, *arguments), cwd=folder, capture_output=True, check=True)


@pytest.fixture
def asker(tmp_path: Path) -> Generator[GitAsker]:
    asker = GitAsker(lambda: str(tmp_path))
    yield asker
    asker.close()


def _asked(asker: GitAsker) -> GitState | None:
    answers: queue.Queue[GitState | None] = queue.Queue()
    asker.ask(answers.put)
    return answers.get(timeout=30)


def test_a_folder_without_a_repository_has_no_state(asker: GitAsker) -> None:
    assert _asked(asker) is None


def test_changed_new_and_renamed_files_count_once_each(asker: GitAsker, tmp_path: Path) -> None:
    _git(tmp_path, "init")
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(f"{name}\n" * 20)
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-m", "first")
    assert _asked(asker) == GitState("main", 0)
    (tmp_path / "a").write_text("other\n")
    (tmp_path / "new file").write_text("x")
    _git(tmp_path, "mv", "b", "b2")
    assert _asked(asker) == GitState("main", 3)
    _git(tmp_path, "checkout", "-q", "-b", "feature/x")
    state = _asked(asker)
    assert state is not None
    assert state.branch == "feature/x"


def test_a_detached_head_is_named_by_its_commit() -> None:
    status = b"# branch.oid 0123456789abcdef\0# branch.head (detached)\0? new\0"
    assert read(status) == GitState("01234567", 1)


def test_nothing_is_told_after_the_end(tmp_path: Path) -> None:
    asker = GitAsker(lambda: str(tmp_path))
    asker.close()
    answers: queue.Queue[GitState | None] = queue.Queue()
    asker.ask(answers.put)
    with pytest.raises(queue.Empty):
        answers.get_nowait()
