"""Mentioning one of a hundred thousand files: keys are echoed while they are looked through."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

FOLDERS, EACH = 200, 500


@pytest.fixture
def crowded(project: Path) -> Path:
    """The project with 100,000 files in it, and some that git ignores."""
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    (project / ".gitignore").write_text("build/\n*.log\n")
    for folder in range(FOLDERS):
        place = project / f"package{folder % 20}" / f"module{folder}"
        place.mkdir(parents=True)
        for number in range(EACH):
            os.close(os.open(place / f"file_{folder}_{number}.py", os.O_CREAT | os.O_WRONLY))
    (project / "build").mkdir()
    for ignored in ("build/file_117_42.py", "file_117_42.log"):
        (project / ignored).write_text("")
    return project


def test_a_file_among_a_hundred_thousand_is_found_as_one_types(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], crowded: Path
) -> None:
    """What git ignores is not offered; no key waits for the list, and none is lost."""
    assert crowded.exists()
    with open_program(scripted([{"text": "END-OF-ANSWER"}])) as terminal:
        terminal.wait_for("scripted")
        typed = "@m117file42"
        for at in range(1, len(typed) + 1):
            terminal.type(typed[at - 1])
            terminal.wait_for(f"❯ {typed[:at]}")
        terminal.wait_for("file_117_42.py", 60)
        offered = [row for row in terminal.lines() if "file_117_42" in row]
        assert "package17/module117/file_117_42.py" in offered[0]
        assert not [row for row in offered if "build/" in row or ".log" in row]
        terminal.type("\t\r")
        terminal.wait_for("END-OF-ANSWER")
        assert "@package17/module117/file_117_42.py" in terminal.text()
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
