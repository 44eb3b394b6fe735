"""A worktree for an agent: its own files, nothing of the user's touched, nothing lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alloy_tui.domain.errors import TeamError
from alloy_tui.team.worktrees import make_worktree, remove_worktree

pytestmark = pytest.mark.anyio

_ME = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ("git", *_ME, *arguments), cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    (folder / "sub" / "x.txt").write_text("one\n")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "first")
    return folder


async def test_an_agent_works_in_a_copy_and_the_project_stays_as_it_was(
    project: Path, tmp_path: Path
) -> None:
    (project / "sub" / "x.txt").write_text("mine\n")
    tree = await make_worktree(project / "sub", tmp_path / "home", "crew", "coder")
    assert tree.folder.name == "sub"
    assert (tree.folder / "x.txt").read_text() == "one\n"
    (tree.folder / "x.txt").write_text("of the agent\n")
    assert (project / "sub" / "x.txt").read_text() == "mine\n"
    assert _git(project, "branch", "--show-current") == "main"


async def test_a_worktree_with_changes_is_kept_and_says_what_is_in_it(
    project: Path, tmp_path: Path
) -> None:
    tree = await make_worktree(project, tmp_path / "home", "crew", "coder")
    (tree.folder / "new.txt").write_text("new\n")
    left = await remove_worktree(tree)
    assert left is not None
    assert left.files == ("new.txt",)
    _git(tree.folder, "add", ".")
    _git(tree.folder, "commit", "-q", "-m", "second")
    left = await remove_worktree(tree)
    assert left is not None
    assert (left.files, left.commits) == ((), 1)
    assert (tree.folder / "new.txt").exists()


async def test_a_worktree_whose_work_is_merged_is_removed_with_its_branch(
    project: Path, tmp_path: Path
) -> None:
    tree = await make_worktree(project, tmp_path / "home", "crew", "coder")
    (tree.folder / "new.txt").write_text("new\n")
    _git(tree.folder, "add", ".")
    _git(tree.folder, "commit", "-q", "-m", "second")
    _git(project, "merge", "-q", tree.branch)
    assert await remove_worktree(tree) is None
    assert not tree.root.exists()
    assert _git(project, "branch", "--list", tree.branch) == ""


async def test_a_worktree_that_is_there_is_used_again_with_what_is_in_it(
    project: Path, tmp_path: Path
) -> None:
    first = await make_worktree(project, tmp_path / "home", "crew", "coder")
    (first.folder / "new.txt").write_text("new\n")
    again = await make_worktree(project, tmp_path / "home", "crew", "coder")
    assert again == first
    assert (again.folder / "new.txt").exists()


async def test_names_that_are_no_branch_names_are_made_plain(project: Path, tmp_path: Path) -> None:
    tree = await make_worktree(project, tmp_path / "home", "my crew", "../--evil.lock")
    assert tree.root.is_relative_to(tmp_path / "home")
    assert tree.branch.startswith("alloy/my-crew/")


async def test_without_a_repository_the_words_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TeamError, match="git rev-parse failed"):
        await make_worktree(tmp_path, tmp_path / "home", "crew", "coder")
