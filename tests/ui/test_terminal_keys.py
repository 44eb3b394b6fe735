"""What older terminals send for Alt and a key is told apart from Esc and from the key alone."""

from __future__ import annotations

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from alloy_tui.ui import terminal_keys


def test_escape_return_is_alt_enter_once_the_table_was_taught() -> None:
    assert terminal_keys.teach()
    parser = XTermParser()
    keys = [event.key for event in parser.feed("\x1b\rx\r") if isinstance(event, Key)]
    assert keys == ["alt+enter", "x", "enter"]


@pytest.mark.parametrize("keys", ["hhh", "ymm", "1y5", "qx"])
def test_alt_keys_that_come_at_once_are_each_themselves(keys: str) -> None:
    terminal_keys.teach()
    events = list(XTermParser().feed("".join(f"\x1b{key}" for key in keys)))
    assert [event.key for event in events if isinstance(event, Key)] == [f"alt+{k}" for k in keys]


def test_no_sequence_taught_here_begins_a_longer_one() -> None:
    from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

    for ours in terminal_keys.SEQUENCES:
        longer = [known for known in ANSI_SEQUENCES_KEYS if known.startswith(ours)]
        assert longer == [ours]
