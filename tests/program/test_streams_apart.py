"""The screen comes up, and leaves no trace, although errors are kept in a file."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.program.conftest import ALLOY
from tests.program.test_leaving import assert_left_clean
from tests.support.terminal import Terminal


def test_the_screen_is_shown_although_errors_go_to_a_file(tmp_path: Path) -> None:
    log = tmp_path / "errors.txt"
    command = f"exec {shlex.join([ALLOY, '--demo'])} 2>{shlex.quote(str(log))}"
    with Terminal(["/bin/sh", "-c", command], cwd=tmp_path) as terminal:
        terminal.wait_for("demo/guide")
        terminal.type("hello there")
        terminal.wait_for("hello there")
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)
    assert "\x1b" not in log.read_text()
