"""What the full-screen program prints when it is left."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def test_a_script_that_was_not_played_to_its_end_is_complained_of(tmp_path: Path) -> None:
    """After the screen is given back, one line says how many replies were left."""
    script = tmp_path / "two.json"
    script.write_text('{"replies": [{"text": "Hello there."}, {"text": "never"}]}')
    command = [sys.executable, "-m", "alloy_tui", "--model", f"scripted/{script}"]
    with Terminal(command, cwd=tmp_path) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("Hello there.")
        terminal.type("/quit\r")
        terminal.wait_for("replies left: 1")
        assert terminal.wait_exit() == 0
