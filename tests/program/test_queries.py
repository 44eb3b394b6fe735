"""What the program asks its terminal, and what it does with any answer, or with none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.program.modes import assert_left_clean
from tests.support.terminal import QUERIES, Terminal

SYNC_ON, SYNC_OFF = b"\x1b[?2026h", b"\x1b[?2026l"
_ASKED = re.compile(rb"\x1b\[\?2026\$p")
# A cursor move to a cell and then text: what only a frame writes.
_PAINTED = re.compile(rb"\x1b\[\d+;\d+H[^\x1b]")
LONG = {"text": "word " * 150 + "LAST-WORD", "chunk": 5, "chunk_delay_ms": 5}


def use(terminal: Terminal) -> None:
    """Start, type, stream an answer, look at a page, leave."""
    terminal.wait_for("scripted")
    terminal.type("hello there\r")
    terminal.wait_for("LAST-WORD")
    terminal.type("typed after it")
    terminal.wait_for("typed after it")
    terminal.type("\x15/quit\r")
    assert terminal.wait_exit() == 0
    assert_left_clean(terminal)


def test_without_an_answer_no_frame_is_bracketed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """A terminal that answers nothing sees its questions and otherwise what it understands."""
    with open_program(scripted([LONG])) as terminal:
        use(terminal)
        assert _ASKED.search(terminal.record)
        assert SYNC_ON not in terminal.record
        assert SYNC_OFF not in terminal.record


def test_with_the_answer_every_frame_is_bracketed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Once the terminal said that it can, each frame is one step on its screen."""
    with open_program(scripted([LONG]), answers=("sync",)) as terminal:
        terminal.wait_for("scripted")
        terminal.wait_until(lambda: "sync" in terminal.answered, "the question")
        terminal.type("x\x7f")
        terminal.wait_until(lambda: SYNC_ON in terminal.record, "a bracketed frame")
        begun = len(terminal.record)
        use(terminal)
        record = terminal.record
    before, _, after = record.partition(SYNC_ON)
    assert len(before) <= begun
    switched = re.findall(rb"\x1b\[\?2026([hl])", record)
    # Leaving may end a frame once more than there was one.
    assert b"".join(switched).rstrip(b"l") + b"l" == b"hl" * switched.count(b"h")
    outside = [part.rpartition(SYNC_OFF)[2] for part in after.split(SYNC_ON)]
    assert not [part for part in outside[:-1] if _PAINTED.search(part)]
    inside = [part.partition(SYNC_OFF)[0] for part in after.split(SYNC_ON)]
    assert all(SYNC_ON not in part for part in inside)


@pytest.mark.parametrize("mode", [b"0", b"4"], ids=["unknown", "never"])
def test_a_terminal_that_says_no(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], mode: bytes
) -> None:
    """An answer that denies the mode is no yes, and is not typed either."""
    with open_program(scripted([{"text": "Hello LAST-WORD"}])) as terminal:
        terminal.wait_until(lambda: _ASKED.search(terminal.record) is not None, "the question")
        terminal.type(b"\x1b[?2026;%s$y" % mode)
        terminal.wait_for("scripted")
        terminal.type("x")
        terminal.wait_for("❯ x")
        assert "2026" not in terminal.text()
        assert mode == b"4" or SYNC_ON not in terminal.record


def test_answers_that_nobody_asked_for_are_not_typed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Answers to our questions and late ones to the shell's leave the prompt alone."""
    late = (
        "\x1b[?62;22;52c\x1b[>41;354;0c\x1b[1;1R\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[0n"
        "\x1b]10;rgb:ffff/ffff/ffff\x07\x1bP>|term(1.0)\x1b\\\x1b[?0u\x1b[?997;1n\x1b[8;30;100t"
        "\x1b_Gi=1;OK\x1b\\\x1b[48;0;0;0;0t\x1b[9999999;1u\x1b[97;1:3u"
    )
    with open_program(scripted([{"text": "Hello."}]), answers=tuple(QUERIES)) as terminal:
        terminal.wait_for("scripted")
        terminal.type(late)
        terminal.type("a")
        terminal.type(late)
        terminal.type("b")
        terminal.wait_for("❯ ab")
        terminal.type(b"\xff\xfe\xe2\x28" + b"c")  # no UTF-8 at all
        terminal.wait_for("c")
        terminal.type("\x15/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


def test_a_dumb_line_of_a_terminal_needs_no_answer(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Whatever TERM says, the first frame does not wait for an answer."""
    for term in ("xterm", "screen", "linux", "vt100"):
        environment = {"TERM": term, "COLORTERM": ""}
        with open_program(scripted([{"text": "Hi."}]), environment=environment) as terminal:
            terminal.wait_for("scripted")
            terminal.type("hello\r")
            terminal.wait_for("Hi.")
            terminal.type("/quit\r")
            assert terminal.wait_exit() == 0
