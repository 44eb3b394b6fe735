"""What older terminals send for Alt+Enter is told apart from Enter."""

from __future__ import annotations

from textual._xterm_parser import XTermParser
from textual.events import Key

from alloy_tui.ui import terminal_keys


def test_escape_return_is_alt_enter_once_the_table_was_taught() -> None:
    assert terminal_keys.teach()
    parser = XTermParser()
    keys = [event.key for event in parser.feed("\x1b\rx\r") if isinstance(event, Key)]
    assert keys == ["alt+enter", "x", "enter"]
