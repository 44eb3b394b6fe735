"""A key is shown at once, past Textual, and leaves the screen as a full paint would."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable

import pytest

from tests.support.terminal import Terminal

COLUMNS, ROWS = 60, 16
KEYS = (
    *"the quick brown fox, 10 dogs. ",
    "several words at once ",
    *("漢", "é", "e\u0301", "👍", "“quoted”", "(x)", "["),
    *("\x7f", "\x7f", "\x1b[D", "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x01", "\x05"),
    *("\x1b[1;2D", "\x1b[1;2C", "\x17", "\x19", "\x1bz", "\n", "\x1b[3~"),
    "\x1b[200~pasted words\x1b[201~",
)  # fmt: skip
PAINTED_ANEW = b"\x1b[?1049h"


def cells(terminal: Terminal) -> list[list[object]]:
    """All cells with their colours."""
    buffer = terminal.screen.buffer
    return [[buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS)]


def repaint(terminal: Terminal) -> None:
    """Have the program enter its screen once more and paint all of it."""
    times = terminal.record.count(PAINTED_ANEW)
    terminal.screen.reset()
    os.kill(terminal.process.pid, signal.SIGCONT)
    terminal.wait_until(lambda: terminal.record.count(PAINTED_ANEW) > times, "the whole screen")
    terminal.wait_for("scripted")
    terminal.drain()


@pytest.mark.parametrize("seed", range(3))
def test_the_screen_is_as_a_full_paint_leaves_it(
    seed: int, open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """After random keys nothing on the screen differs from a repaint of everything."""
    chosen = random.Random(seed)
    replies = scripted([{"text": "unused"}])
    with open_program(replies, columns=COLUMNS, rows=ROWS, answers=("sync",)) as terminal:
        terminal.wait_for("Enter goes on")  # the last that comes by itself
        for step in range(6):
            for key in chosen.choices(KEYS, k=25):
                terminal.type(key)
                terminal.pump(chosen.choice((0, 0.02)))
            # What is typed last shows that all before it has been acted on.
            terminal.type(f"\x05 MARK{step}")
            terminal.wait_for(f"MARK{step}")
            terminal.drain()
            shown = cells(terminal)
            repaint(terminal)
            terminal.wait_for(f"MARK{step}")
            assert cells(terminal) == shown


def test_a_letter_costs_its_cell(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """A letter in an idle screen writes itself and the cursor, and no frame after it."""
    with open_program(scripted([{"text": "unused"}]), answers=("sync",)) as terminal:
        terminal.wait_for("Enter goes on")
        written: list[bytes] = []
        for end, letter in enumerate("abcdefghijkl", 1):
            before = len(terminal.record)
            terminal.type(letter)
            terminal.wait_for("abcdefghijkl"[:end])
            terminal.drain()
            written.append(terminal.record[before:])
        # Where Textual painted last, once more than the cell is written.
        least = min(written, key=len)
        assert len(least) < 120
        assert b"\x1b[?2026h" not in least
