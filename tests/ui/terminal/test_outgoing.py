"""Writing never waits, loses nothing that is not given up on purpose, and always ends."""

from __future__ import annotations

import os
import pty
import threading
import tty
from collections.abc import Iterator

import pytest

from alloy_tui.ui.terminal.outgoing import BEHIND_BYTES, Output


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """A raw pseudo-terminal: the end that reads, the end that is written to."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, slave
    for descriptor in (master, slave):
        try:
            os.close(descriptor)
        except OSError:
            continue


def read_until(master: int, end: bytes) -> bytes:
    found = b""
    while end not in found:
        found += os.read(master, 65536)
    return found


def test_everything_arrives_in_order(line):
    master, slave = line
    output = Output(slave, lambda: None)
    words = [f"{number} é\ud800\n" for number in range(5000)]
    for word in words:
        output.write(word)
    output.write("END")
    assert read_until(master, b"END").decode() == "".join(words).replace("\ud800", "?") + "END"
    output.stop(1)


def test_what_fits_is_there_when_write_returns(line):
    """No other thread has to wake up for it; what waits already keeps its place before it."""
    master, slave = line
    output = Output(slave, lambda: None)
    output.write("FRAME", frame=True)
    os.set_blocking(master, False)
    assert os.read(master, 100) == b"FRAME"
    assert output.waiting == 0
    os.set_blocking(master, True)
    output.write("x" * 50_000)
    output.write("END")
    assert read_until(master, b"END") == b"x" * 50_000 + b"END"
    output.stop(1)


def test_a_reader_who_stops_does_not_stop_the_writer(line):
    """What waits is told, and so is the moment when all of it was taken."""
    master, slave = line
    told = threading.Event()
    output = Output(slave, told.set)
    output.write("x" * 200_000)
    assert output.behind
    assert output.waiting > BEHIND_BYTES
    output.write("END")
    read_until(master, b"END")
    assert told.wait(10)
    assert not output.behind
    output.stop(1)


def test_what_is_abandoned_is_ended_properly(line):
    """A cut frame's sequence, string and style are ended; what is no frame arrives."""
    master, slave = line
    output = Output(slave, lambda: None)
    output.write("TITLE")
    output.write("\x1b[38;2;1;2;3m" * 20_000, frame=True)
    output.write("OTHER-TITLE")
    output.abandon()
    output.write("LAST")
    seen = read_until(master, b"LAST")
    assert seen.startswith(b"TITLE")
    assert seen.endswith(b"\x18\x1b\\\x1b[?2026l\x1b[0mOTHER-TITLELAST")
    assert len(seen) < 100_000
    output.stop(1)


def test_ending_waits_for_nobody_for_ever(line):
    """With nobody reading, the end still comes, and the last words are in the line."""
    master, slave = line
    output = Output(slave, lambda: None)
    output.write("x" * 100_000, frame=True)
    output.write("\x1b[?1049l BYE")
    output.stop(0.01)
    assert read_until(master, b"BYE").endswith(b"\x1b[?1049l BYE")


def test_a_terminal_that_is_gone_is_no_error(line):
    master, slave = line
    output = Output(slave, lambda: None)
    os.close(master)
    output.write("x" * 100_000)
    output.stop(1)
    assert output.waiting == 0
    assert not output.behind
