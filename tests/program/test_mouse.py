"""The mouse as terminals report it: what it does, and that it never types."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable

from tests.program.modes import assert_left_clean
from tests.support.terminal import Terminal

_COPIED = re.compile(rb"\x1b\]52;c;([^\x07\x1b]*)(?:\x07|\x1b\\)")
LONG = "\n\n".join(f"paragraph {number} of the answer" for number in range(60))


def copied(terminal: Terminal) -> list[str]:
    """What was sent to the clipboard by OSC 52."""
    return [base64.b64decode(data).decode() for data in _COPIED.findall(terminal.record)]


def test_reports_of_any_shape_are_never_typed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """`NaN` coordinates, cut, huge and negative ones, and old encodings leave the prompt empty."""
    chosen = random.Random(3)
    numbers = ["NaN", "-1", "0", "5", "9999999999", "", "1.5", "Infinity", "undefined"]
    with open_program(scripted([{"text": "ok"}])) as terminal:
        terminal.wait_for("scripted")
        for _ in range(200):
            x, y = chosen.choice(numbers), chosen.choice(numbers)
            # 35 and 67 move and wheel: a click would be one and open what is there.
            terminal.type(f"\x1b[<{chosen.choice(['35', '64', 'NaN'])};{x};{y}M")
        terminal.type("\x1b[M@!!\x1b[64;5;5M")
        # Cut in two by a slow line.
        terminal.type("\x1b[<35;Na")
        terminal.drain()
        terminal.type("N;NaNM")
        terminal.type("typed")
        terminal.wait_for("❯ typed")
        assert "NaN" not in terminal.text()
        terminal.type("\x15/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


def test_the_wheel_scrolls_and_the_pill_goes_back(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Up the wheel older lines come, and a click on the pill shows the newest again."""
    with open_program(scripted([{"text": LONG}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("paragraph 59")
        for _ in range(10):
            terminal.mouse(64, 20, 10)
        terminal.wait_gone("paragraph 59")
        for _ in range(40):
            terminal.mouse(65, 20, 10)
        terminal.wait_for("paragraph 59")
        for _ in range(10):
            terminal.mouse(64, 20, 10)
        terminal.wait_for("↓ to the end")
        column, row = terminal.find("↓ to the end")
        for _ in range(40):  # over the pill the wheel turns the conversation too
            terminal.mouse(64, column, row)
        terminal.wait_for("paragraph 0 ")
        terminal.click("↓ to the end")
        terminal.wait_for("paragraph 59")


def test_a_click_opens_a_call_and_closes_it(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """The header of a tool call opens in place."""
    calls = [
        {"tool_calls": [{"name": "read", "arguments": {"file_path": "notes.txt"}}]},
        {"text": "DONE"},
    ]
    with open_program(scripted(calls), columns=90) as terminal:  # too narrow for the pane
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("DONE")
        assert "two" not in terminal.text().split()
        terminal.click("notes.txt")
        terminal.wait_until(lambda: "two" in terminal.text().split(), "the file's lines")
        # Elsewhere on it: on the same cell at once it would be a double click.
        terminal.click("notes.txt", offset=3)
        terminal.wait_until(lambda: "two" not in terminal.text().split(), "the lines to go")


def test_what_is_dragged_over_can_be_copied(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """A drag and Ctrl+C copy what was selected; with nothing selected nothing is written."""
    with open_program(scripted([{"text": "some words to copy here"}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("some words to copy here")
        column, row = terminal.find("words to copy")
        terminal.mouse(0, column, row)
        terminal.mouse(32, column + 4, row)
        terminal.mouse(32, column + 13, row)
        terminal.mouse(0, column + 13, row, up=True)
        terminal.drain()
        terminal.type("\x03")
        terminal.wait_until(lambda: bool(copied(terminal)), "the clipboard's sequence")
        assert copied(terminal)[-1].strip() in {"words to copy", "words to copy h"}
        before = copied(terminal)
        # A click selects nothing, and nothing is written for it.
        terminal.mouse(0, column, row)
        terminal.mouse(0, column, row, up=True)
        terminal.drain()
        assert copied(terminal) == before
        assert all(copied(terminal))


def test_dragged_beyond_the_edge_it_scrolls_and_only_that_is_copied(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Down to the status bar and held there: all that came by, and not a word of the bars."""
    with open_program(scripted([{"text": LONG}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("paragraph 59")
        for _ in range(20):
            terminal.mouse(64, 20, 10)
        terminal.wait_gone("paragraph 59")
        terminal.drain()
        first = re.search(r"paragraph (\d+)", terminal.text())
        assert first
        column, row = terminal.find(first[0])
        # A hand is slower than the program: each step is taken before the next.
        terminal.mouse(0, column, row)
        terminal.drain()
        terminal.mouse(32, column + 3, row + 2)
        terminal.drain()
        terminal.mouse(32, 90, terminal.screen.lines - 1)
        terminal.wait_for("paragraph 59")
        terminal.mouse(0, 90, terminal.screen.lines - 1, up=True)
        terminal.drain()
        terminal.type("\x03")
        terminal.wait_until(lambda: copied(terminal) != [], "the copy")
        lines = [line for line in copied(terminal)[-1].split("\n") if line]
        wanted = range(int(first[1]), 60)
        assert lines == [f"paragraph {number} of the answer" for number in wanted]
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
