"""Where values come from: files, environment, defaults.

Owns paths and the settings schema; imports domain only.
"""

from alloy_tui.settings.loader import Flags, load_settings
from alloy_tui.settings.paths import Paths, locate
from alloy_tui.settings.schema import Settings
from alloy_tui.settings.state import State

__all__ = ["Flags", "Paths", "Settings", "State", "load_settings", "locate"]
