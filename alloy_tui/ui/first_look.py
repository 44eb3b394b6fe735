"""How the bare screen looks, for whoever paints the next one before the app is loaded.

Owns the translation of the theme into colour sequences, and what saves the
first frame of this start work. Must not know where the sequences are kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.color import ColorSystem
from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError
from textual.geometry import Size
from textual.screen import Screen
from textual.theme import Theme
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


def begin_with_theme(app: App[Any], theme: Theme) -> None:
    """Set the theme before anything runs; the usual way has all style sheets parsed twice."""
    if not theme.dark:  # Textual's own start is dark: more than the sheets would have to follow
        app.theme = theme.name
        return
    app.set_reactive(App.theme, theme.name)
    app.add_class("-dark-mode", f"-theme-{theme.name}", update=False)
    app.stylesheet.set_variables(app.get_css_variables())


def begin_with_size(screen: Screen[Any], size: Size) -> None:
    """Give `screen` the classes of its breakpoints, so that the first resize changes no style."""
    for length, points in (
        (size.width, screen.HORIZONTAL_BREAKPOINTS),
        (size.height, screen.VERTICAL_BREAKPOINTS),
    ):
        reached = [name for least, name in sorted(points or []) if least <= length]
        if reached:
            screen.add_class(reached[-1], update=False)


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
