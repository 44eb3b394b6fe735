"""Keys that come faster than a screen answers keep their order."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.screen import Screen

from alloy_tui.ui.screens.compare import CompareScreen
from alloy_tui.ui.screens.rewind import RewindDialog
from alloy_tui.ui.screens.sessions import SessionsScreen
from alloy_tui.ui.screens.settings import SettingsScreen


@pytest.mark.parametrize("screen", [CompareScreen, RewindDialog, SessionsScreen, SettingsScreen])
def test_no_key_of_a_screen_overtakes_another(screen: type[Screen[object]]) -> None:
    """Bindings with priority run before those that a focused widget has to pass on first."""
    kinds = {each.priority for each in screen.BINDINGS if isinstance(each, Binding)}
    assert len(kinds) == 1
