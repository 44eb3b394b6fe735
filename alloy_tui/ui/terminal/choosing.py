"""Which driver the app gets. Owns only the choice."""

from __future__ import annotations

from textual.driver import Driver


def driver_class(usual: type[Driver]) -> type[Driver]:
    """`usual`, taught to take over from an early screen if it is our driver for terminals."""
    try:
        from alloy_tui.ui.terminal.driver import TerminalDriver
        from alloy_tui.ui.terminal.taking_over import TakingOver
    except ImportError:  # another Textual, without the names that these need
        return usual
    return TakingOver if usual is TerminalDriver else usual
