"""However the window is dragged about, the screen ends as a fresh one would look."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.terminal import Terminal

ANSWER = (
    "# A heading\n\nSome *words* that wrap when the window is narrow, and `code`.\n\n"
    "| a | b |\n|---|--:|\n| 1 | 2 |\n\n```python\ndef f(x):\n    return x\n```\n\n"
    "- one\n- two 漢字\n\n"
)
FINAL = (100, 30)


def look(terminal: Terminal) -> list[list[tuple[Any, ...]]]:
    """Every cell with its style."""
    screen = terminal.screen
    return [
        [tuple(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)
    ]


def settle(terminal: Terminal) -> None:
    for _ in range(4):
        terminal.drain()


def fresh_look(terminal: Terminal) -> list[list[tuple[Any, ...]]]:
    """The same state painted on an empty screen: a resize there and back repaints everything."""
    columns, rows = FINAL
    terminal.resize(columns - 1, rows)
    settle(terminal)
    terminal.screen.reset()
    terminal.resize(columns, rows)
    terminal.wait_for("LAST-WORD")
    settle(terminal)
    return look(terminal)


def test_a_storm_of_sizes_while_an_answer_streams(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], own_home: Any
) -> None:
    """200 random sizes: nothing breaks, and the last screen is as if painted anew."""
    chosen = random.Random(7)
    reply = {"text": ANSWER * 12 + "LAST-WORD", "chunk": 9, "chunk_delay_ms": 4}
    with open_program(scripted([reply])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        for number in range(200):
            terminal.resize(chosen.randint(20, 220), chosen.randint(5, 60))
            if number % 3 == 0:
                terminal.pump(0.02)
            if number % 10 == 0:
                terminal.type("x")
        terminal.resize(*FINAL)
        terminal.wait_for("LAST-WORD")
        terminal.wait_for("❯ " + "x" * 20)
        settle(terminal)
        shown = look(terminal)
        again = fresh_look(terminal)
        assert [r for r in range(FINAL[1]) if shown[r] != again[r]] == [], terminal.text()
        terminal.type("\x15/quit\r")
        assert terminal.wait_exit() == 0
    assert not (own_home / "alloy" / "logs").exists() or not any(
        (own_home / "alloy" / "logs").iterdir()
    )


@pytest.mark.parametrize("size", [(20, 5), (10, 3), (1, 1), (60, 15), (3, 40), (300, 4)])
def test_a_tiny_or_odd_window_takes_keys_and_grows_back(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], size: tuple[int, int]
) -> None:
    """Nothing fits, nothing breaks; what was typed in there is there when it grows."""
    with open_program(scripted([{"text": ANSWER + "LAST-WORD"}])) as terminal:
        terminal.wait_for("scripted")
        terminal.resize(*size)
        settle(terminal)
        terminal.type("hello\r")
        settle(terminal)
        terminal.type("draft")
        settle(terminal)
        terminal.type("\x0f")
        settle(terminal)
        terminal.type("\x0f")
        settle(terminal)
        terminal.resize(*FINAL)
        terminal.wait_for("LAST-WORD")
        terminal.wait_for("❯ draft")
        terminal.type("\x15/quit\r")
        assert terminal.wait_exit() == 0


def test_a_size_that_the_shell_exports_does_not_hold_the_window(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """COLUMNS and LINES are of the shell's time; the window has its own size."""
    sizes = {"COLUMNS": "40", "LINES": "10"}
    with open_program(scripted([{"text": "hi"}]), environment=sizes) as terminal:
        terminal.wait_for("scripted")
        terminal.resize(120, 40)
        terminal.wait_until(lambda: "❯" in terminal.lines()[-2], "the prompt at the bottom")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
