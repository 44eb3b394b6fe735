"""The cursor of a list is shown at once, past Textual; the rows end as a full paint leaves them."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from tests.support.terminal import Terminal

# Too narrow for figures that change by themselves.
COLUMNS, ROWS = 60, 30
KEYS = ("\x1b[A", "\x1b[B", "j", "k", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~")
NAMES = [f"agent-{number:02}" for number in range(30)]
PAINTED_ANEW = b"\x1b[?1049h"


def rows_of(terminal: Terminal) -> list[list[object]]:
    """The rows that name an agent of the list, with their colours; all of each row."""
    buffer, shown = terminal.screen.buffer, terminal.lines()
    listed = [y for y, line in enumerate(shown) if line[:9].strip("!✗●·○ ").startswith("agent-")]
    return [[buffer[y][x] for x in range(COLUMNS)] for y in listed]


def repaint(terminal: Terminal) -> None:
    """Have the program enter its screen once more and paint all of it."""
    times = terminal.record.count(PAINTED_ANEW)
    terminal.screen.reset()
    os.kill(terminal.process.pid, signal.SIGCONT)
    terminal.wait_until(lambda: terminal.record.count(PAINTED_ANEW) > times, "the whole screen")
    terminal.wait_for("Team")
    terminal.drain()


def write_team(project: Path) -> None:
    """A team whose agents are never asked."""
    teams = project / ".alloy" / "teams"
    teams.mkdir(parents=True)
    (project / "one.json").write_text('{"replies": []}')
    members = [f'[[members]]\nname = "{name}"\nmodel = "scripted/one.json"\n' for name in NAMES]
    (teams / "crew.toml").write_text("\n".join(members))


def test_the_rows_are_as_a_full_paint_leaves_them(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """After random movements no agent's row differs from a repaint of everything."""
    chosen = random.Random(5)
    write_team(project)
    with open_program(scripted([]), columns=COLUMNS, rows=ROWS, answers=("sync",)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("/team crew\r")
        terminal.wait_for("ready 31")
        for _ in range(6):
            for key in chosen.choices(KEYS, k=12):
                terminal.type(key)
                terminal.pump(chosen.choice((0, 0.05)))
            # Where it ends is known, so that what was typed last has been acted on.
            terminal.type("\x1b[F\x1b[A\x1b[A\x1b[A")
            terminal.wait_for("agent-26  scripted")
            terminal.drain()
            shown = rows_of(terminal)
            assert len(shown) > 5
            repaint(terminal)
            assert rows_of(terminal) == shown
        terminal.escape()
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0


def test_a_movement_costs_two_rows(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """The first thing that is written after a key are the row that was left and the one come to."""
    write_team(project)
    with open_program(scripted([]), columns=COLUMNS, rows=ROWS, answers=("sync",)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("/team crew\r")
        terminal.wait_for("ready 31")
        terminal.drain()
        first: list[bytes] = []
        for _ in range(8):
            before = len(terminal.record)
            terminal.type("\x1b[B")
            terminal.wait_until(lambda at=before: b"agent-" in terminal.record[at:], "the cursor")
            # Textual's frames are kept from being torn; these two rows need not be.
            first.append(terminal.record[before:].split(b"\x1b[?2026h")[0])
            terminal.drain()
        assert sum(piece.count(b"agent-") == 2 for piece in first) >= 4
        terminal.escape()
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
