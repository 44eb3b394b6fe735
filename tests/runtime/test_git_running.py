"""git is started in one place, harmless whatever the repository says, and never waited for long."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from alloy_tui.runtime.git_running import ask_git


def ask(folder: Path, *arguments: str, own: bool = False, patience_s: float = 60) -> bytes | None:
    return ask_git(
        arguments, folder, patience_s=patience_s, started=lambda _: None, own_variables=own
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "a").write_text("x")
    return folder


def test_the_users_own_variables_count_only_where_they_shall(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    subprocess.run(["git", "init", "-q", "--bare", str(elsewhere)], check=True)
    monkeypatch.setenv("GIT_DIR", str(elsewhere))
    assert ask(repository, "rev-parse", "--absolute-git-dir", own=True) == b"%s\n" % bytes(
        elsewhere
    )
    assert ask(repository, "rev-parse", "--git-dir") == b".git\n"


def test_no_program_that_the_repository_names_is_run(repository: Path) -> None:
    made = repository / "made"
    spy = repository / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {made}\n")
    spy.chmod(0o755)
    for key in ("core.fsmonitor", "core.hooksPath"):
        subprocess.run(["git", "-C", str(repository), "config", key, str(spy)], check=True)
    assert ask(repository, "status", "--porcelain") is not None
    assert not made.exists()


def test_there_is_no_answer_outside_of_a_repository_or_without_a_folder(tmp_path: Path) -> None:
    assert ask(tmp_path, "status") is None
    assert ask(tmp_path / "nowhere", "status") is None


def test_who_is_not_done_in_time_is_ended(repository: Path) -> None:
    os.mkfifo(repository / "pipe")  # and nobody writes into it
    assert ask(repository, "hash-object", "pipe", patience_s=0.05) is None
