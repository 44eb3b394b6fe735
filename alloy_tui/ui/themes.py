"""The light and the dark look: one accent for what is live, one for what needs you, one for danger.

Owns colours only. In the sheets `$primary` is live, `$warning` needs you,
`$error` is danger; `$text-muted` is for what may be overlooked, `$line` for
the single lines between panes.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="alloy-dark",
    primary="#7cc4b5",
    secondary="#8fa8c8",
    accent="#7cc4b5",
    warning="#e3b565",
    error="#e57b80",
    success="#93c17c",
    foreground="#d5d9e0",
    background="#14171b",
    surface="#191d22",
    panel="#1e232a",
    boost="#262c34",
    dark=True,
    text_alpha=1.0,
    variables={
        "line": "#2b323b",
        "text-muted": "#8791a0",
        "text-disabled": "#5d6673",
        "scrollbar": "#2b323b",
        "scrollbar-hover": "#3a434f",
        "scrollbar-active": "#7cc4b5",
        "scrollbar-background": "#14171b",
        "scrollbar-background-hover": "#14171b",
        "scrollbar-background-active": "#14171b",
        "scrollbar-corner-color": "#14171b",
        "link-color": "#d5d9e0",
        "link-style": "none",
        "link-color-hover": "#7cc4b5",
        "link-style-hover": "underline",
        "link-background-hover": "#14171b 0%",
        "input-selection-background": "#7cc4b5 25%",
        "screen-selection-background": "#7cc4b5 25%",
        "diff-add": "#93c17c",
        "diff-remove": "#e57b80",
        "footer-key-foreground": "#7cc4b5",
    },
)

LIGHT = Theme(
    name="alloy-light",
    primary="#1c7a6b",
    secondary="#3f5f8a",
    accent="#1c7a6b",
    warning="#8f5b00",
    error="#b3323b",
    success="#3d7424",
    foreground="#262a30",
    background="#fbfaf7",
    surface="#f5f3ee",
    panel="#efece5",
    boost="#e6e2d9",
    dark=False,
    text_alpha=1.0,
    variables={
        "line": "#d9d4c8",
        "text-muted": "#656b75",
        "text-disabled": "#9a9da3",
        "scrollbar": "#d9d4c8",
        "scrollbar-hover": "#c3bdae",
        "scrollbar-active": "#1c7a6b",
        "scrollbar-background": "#fbfaf7",
        "scrollbar-background-hover": "#fbfaf7",
        "scrollbar-background-active": "#fbfaf7",
        "scrollbar-corner-color": "#fbfaf7",
        "link-color": "#262a30",
        "link-style": "none",
        "link-color-hover": "#1c7a6b",
        "link-style-hover": "underline",
        "link-background-hover": "#fbfaf7 0%",
        "input-selection-background": "#1c7a6b 22%",
        "screen-selection-background": "#1c7a6b 22%",
        "diff-add": "#3d7424",
        "diff-remove": "#b3323b",
        "footer-key-foreground": "#1c7a6b",
    },
)

THEMES: dict[str, Theme] = {"dark": DARK, "light": LIGHT}
"""The themes by the word that `/theme` takes."""
