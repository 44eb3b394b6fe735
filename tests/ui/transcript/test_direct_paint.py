"""Rows written past Textual leave the screen as a full paint would."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[3]
COLUMNS, ROWS = 60, 18


class WideTerminal(Terminal):
    """One that can be read while a wide character is half overwritten."""

    def lines(self) -> list[str]:
        buffer = self.screen.buffer
        return ["".join(buffer[y][x].data for x in range(COLUMNS)) for y in range(ROWS)]


def cells(terminal: Terminal) -> list[list[object]]:
    """All of the transcript's cells with their colours."""
    buffer = terminal.screen.buffer
    return [[buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS - 1)]


@pytest.mark.parametrize("seed", range(3))
def test_the_screen_is_as_a_full_paint_leaves_it(seed):
    """After random streaming nothing on the screen differs from a repaint of everything."""
    argv = [sys.executable, "-m", "tests.ui.transcript.streaming_app", str(seed)]
    with WideTerminal(argv, cwd=ROOT, columns=COLUMNS, rows=ROWS) as terminal:
        terminal.wait_for("ready")
        direct = 0
        for step in range(1, 7):
            terminal.type("n")
            terminal.wait_for(f"step {step} done")
            found = re.search(r"(\d+) direct", terminal.text())
            direct += int(found[1]) if found else 0
            streamed = cells(terminal)
            terminal.type("r")
            terminal.wait_for(f"painted anew {step}")
            assert cells(terminal) == streamed
        assert direct > 30
        assert b"\x1b[?2026h" not in terminal.record  # this terminal never said that it can


@pytest.mark.parametrize("seed", range(3))
def test_moving_leaves_the_screen_as_a_full_paint_does(seed):
    """Pages, wheel and ends, with a row covered or not: nothing differs from a repaint."""
    argv = [sys.executable, "-m", "tests.ui.transcript.streaming_app", str(seed)]
    with WideTerminal(argv, cwd=ROOT, columns=COLUMNS, rows=ROWS) as terminal:
        terminal.wait_for("ready")
        direct = 0
        for step, key in enumerate("nnmkmkmkm", 1):
            terminal.type(key)
            terminal.wait_for(f"step {step} done")
            found = re.search(r"(\d+) direct", terminal.text())
            direct += int(found[1]) if found and key == "m" else 0
            shown = cells(terminal)
            terminal.type("r")
            terminal.wait_for(f"painted anew {step}")
            assert cells(terminal) == shown
        assert direct > 10
