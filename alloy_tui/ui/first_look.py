"""How the bare screen looks, for whoever paints the next one before the app is loaded.

Owns the translation of the theme into colour sequences. Must not know where
they are kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.color import ColorSystem
from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError
from textual.widgets import TextArea

# Foreground and background of each part, by the names of the theme.
_PARTS = {
    "base": ("foreground", "background"),
    "bar": ("text-muted", "surface"),
    "line": ("line", "background"),
    "mark": ("primary", "background"),
    "muted": ("text-disabled", "background"),
    "text": ("foreground", "background"),
    "cursor": ("background", "foreground"),
}
_SYSTEMS = {
    "truecolor": ColorSystem.TRUECOLOR,
    "256": ColorSystem.EIGHT_BIT,
    "standard": ColorSystem.STANDARD,
}


class FirstLook(NamedTuple):
    """SGR parameters by part, the words in the empty prompt, and the rows below it."""

    colours: dict[str, str]
    placeholder: str
    below: int


def first_look(app: App[Any], prompt: TextArea) -> FirstLook:
    """How the next start should look: as this screen, with `prompt` empty."""
    words = prompt.placeholder
    below = app.size.height - prompt.region.bottom
    return FirstLook(_colours(app), words if isinstance(words, str) else words.plain, below)


def _colours(app: App[Any]) -> dict[str, str]:
    """SGR parameters by part, for this terminal; none where it has no colours."""
    system = _SYSTEMS.get(app.console.color_system or "")
    if system is None:
        return {}
    named = app.get_css_variables()
    made: dict[str, str] = {}
    for part, (front, back) in _PARTS.items():
        try:
            style = Style(
                color=Color.parse(named[front]).rich_color,
                bgcolor=Color.parse(named[back]).rich_color,
            )
        except (KeyError, ColorParseError):
            continue
        made[part] = style.render("x", color_system=system).partition("\x1b[")[2].partition("m")[0]
    return made
