"""The looks: one accent for what is live, one for what needs you, one for danger.

Owns colours only. In the sheets `$primary` is live, `$warning` needs you,
`$error` is danger; `$text-muted` is for what may be overlooked, `$line` for
the single lines between panes. A theme is made of a palette of a dozen named
colours; the user's own are palettes laid over one of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace
from textual.color import Color, ColorParseError
from textual.theme import Theme

from alloy_tui.domain.sanitise import clean_line

NO_COLOUR = "no-colour"
"""The theme whose colours never reach the terminal: weight, lines and reversal do their work."""


class Palette(msgspec.Struct, frozen=True):
    """The colours of a theme by their part; each as `#rrggbb`."""

    live: str
    needs_you: str
    danger: str
    good: str
    other: str
    text: str
    muted: str
    faint: str
    background: str
    surface: str
    panel: str
    raised: str
    line: str
    dark: bool = True


DARK = Palette(
    live="#7cc4b5",
    needs_you="#e3b565",
    danger="#e57b80",
    good="#93c17c",
    other="#8fa8c8",
    text="#d5d9e0",
    muted="#8791a0",
    faint="#5d6673",
    background="#14171b",
    surface="#191d22",
    panel="#1e232a",
    raised="#262c34",
    line="#2b323b",
)
LIGHT = Palette(
    live="#1a7466",
    needs_you="#8f5b00",
    danger="#b3323b",
    good="#3d7424",
    other="#3f5f8a",
    text="#262a30",
    muted="#656b75",
    faint="#9a9da3",
    background="#fbfaf7",
    surface="#f5f3ee",
    panel="#efece5",
    raised="#e6e2d9",
    line="#d9d4c8",
    dark=False,
)
HIGH_CONTRAST = Palette(
    live="#00ffd0",
    needs_you="#ffd500",
    danger="#ff7b7b",
    good="#7dff7d",
    other="#9cc7ff",
    text="#ffffff",
    muted="#d8d8d8",
    faint="#b0b0b0",
    background="#000000",
    surface="#000000",
    panel="#141414",
    raised="#2a2a2a",
    line="#ffffff",
)
GREY = replace(
    HIGH_CONTRAST,
    live="#ffffff",
    needs_you="#ffffff",
    danger="#ffffff",
    good="#ffffff",
    other="#d8d8d8",
    line="#888888",
)

_OURS: dict[str, Palette] = {
    "dark": DARK,
    "light": LIGHT,
    "high-contrast": HIGH_CONTRAST,
    NO_COLOUR: GREY,
}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def make_theme(word: str, palette: Palette) -> Theme:
    """The palette as Textual takes it, under the name `alloy-WORD`."""
    see_through = f"{palette.background} 0%"
    return Theme(
        name=f"alloy-{word}",
        primary=palette.live,
        secondary=palette.other,
        accent=palette.live,
        warning=palette.needs_you,
        error=palette.danger,
        success=palette.good,
        foreground=palette.text,
        background=palette.background,
        surface=palette.surface,
        panel=palette.panel,
        boost=palette.raised,
        dark=palette.dark,
        text_alpha=1.0,
        variables={
            "line": palette.line,
            "text-muted": palette.muted,
            "text-disabled": palette.faint,
            "scrollbar": palette.line,
            "scrollbar-hover": palette.muted,
            "scrollbar-active": palette.live,
            "scrollbar-background": palette.background,
            "scrollbar-background-hover": palette.background,
            "scrollbar-background-active": palette.background,
            "scrollbar-corner-color": palette.background,
            "link-color": palette.text,
            "link-style": "none",
            "link-color-hover": palette.live,
            "link-style-hover": "underline",
            "link-background-hover": see_through,
            "input-selection-background": f"{palette.live} 25%",
            "screen-selection-background": f"{palette.live} 25%",
            "diff-add": palette.good,
            "diff-remove": palette.danger,
            "footer-key-foreground": palette.live,
        },
    )


class UserTheme(msgspec.Struct, frozen=True):
    """A theme of the user's: `base` is one of ours, `colours` what it has otherwise."""

    word: str
    base: str = "dark"
    colours: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])


PARTS: tuple[str, ...] = tuple(name for name in Palette.__struct_fields__ if name != "dark")
"""The colours that a theme of the user's may set."""


def themes_with(users: Iterable[UserTheme]) -> tuple[dict[str, Theme], list[str]]:
    """All themes by the word that `/theme` takes, and what was wrong with the user's."""
    known = {word: make_theme(word, palette) for word, palette in _OURS.items()}
    problems: list[str] = []
    for user in users:
        palette = _palette_of(user, problems)
        if palette is not None:
            known[user.word] = make_theme(user.word, palette)
    return known, problems


def _palette_of(user: UserTheme, problems: list[str]) -> Palette | None:
    where = f"Theme “{clean_line(user.word, limit=40)}”"
    if not _NAME.fullmatch(user.word):
        problems.append(f"{where}: a name is made of small letters, digits and hyphens.")
        return None
    if user.word in _OURS:
        problems.append(f"{where} is one of Alloy's own; give yours another name.")
        return None
    base = _OURS.get(user.base)
    if base is None:
        problems.append(f"{where}: base is one of {', '.join(_OURS)}.")
        return None
    good: dict[str, str] = {}
    for part, colour in user.colours.items():
        if part not in PARTS:
            known = ", ".join(PARTS)
            problems.append(f"{where}: there is no colour {clean_line(part, 30)}; {known}.")
            continue
        try:
            parsed = Color.parse(colour)
        except ColorParseError:
            problems.append(f'{where}: {part} is no colour such as "#7cc4b5".')
            continue
        good[part] = parsed.hex6
    return replace(base, **good)


THEMES: dict[str, Theme] = themes_with(())[0]
"""Alloy's own themes."""
