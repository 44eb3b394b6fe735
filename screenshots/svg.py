"""A terminal screen as an SVG, still or moving.

Owns the drawing only: takes pyte screens, knows nothing of the program. A
moving picture stores each distinct row once per time that it was on screen, so
that a minute of streaming stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TypeAlias

import pyte
from rich.cells import cell_len

CELL_W, CELL_H, PAD, BAR = 8.4, 18.0, 14.0, 26.0
_FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_NAMED = {
    "black": "#1e1e1e",
    "red": "#d16969",
    "green": "#7fb86f",
    "brown": "#d7ba7d",
    "blue": "#569cd6",
    "magenta": "#c586c0",
    "cyan": "#4ec9b0",
    "white": "#d4d4d4",
}
DEFAULT_FG, DEFAULT_BG = "#d4d4d4", "#121212"

Row: TypeAlias = tuple[tuple[str, str, str, bool, bool, bool, int], ...]
"""Runs of equal style: text, foreground, background, bold, italic, underline, first column."""


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _NAMED.get(name.removeprefix("bright"), f"#{name}" if len(name) == 6 else default)


def rows_of(screen: pyte.Screen) -> list[Row]:
    """The screen's rows as runs of equal style."""
    rows: list[Row] = []
    for y in range(screen.lines):
        runs: list[tuple[str, str, str, bool, bool, bool, int]] = []
        line = screen.buffer[y]
        for x in range(screen.columns):
            char = line[x]
            if not char.data:
                continue  # the second cell of a wide character
            fg, bg = _colour(char.fg, DEFAULT_FG), _colour(char.bg, DEFAULT_BG)
            if char.reverse:
                fg, bg = bg, fg
            style = (fg, bg, char.bold, char.italics, char.underscore)
            if runs and runs[-1][1:6] == style and cell_len(char.data) == 1 == _last(runs):
                runs[-1] = (runs[-1][0] + char.data, *style, runs[-1][6])
            else:
                runs.append((char.data, *style, x))
        rows.append(tuple(runs))
    return rows


def _last(runs: list[tuple[str, str, str, bool, bool, bool, int]]) -> int:
    return cell_len(runs[-1][0][-1])


def _row(row: Row, y: float) -> str:
    # All grounds first: not every renderer keeps a text to its length, and none may be hidden.
    grounds: list[str] = []
    words: list[str] = []
    for text, fg, bg, bold, italic, underline, column in row:
        x, width = PAD + column * CELL_W, cell_len(text) * CELL_W
        if bg != DEFAULT_BG:
            grounds.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{CELL_H + 0.3}"'
                f' fill="{bg}"/>'
            )
        if not text.strip():
            continue
        looks = "".join(
            (
                ' font-weight="bold"' if bold else "",
                ' font-style="italic"' if italic else "",
                ' text-decoration="underline"' if underline else "",
            )
        )
        lead = len(text) - len(text.lstrip(" "))
        word = text.strip(" ")
        start, length = x + lead * CELL_W, cell_len(word) * CELL_W
        words.append(
            f'<text x="{start:.1f}" y="{y + 13.6:.1f}" fill="{fg}"{looks}'
            f' textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs">{escape(word)}</text>'
        )
    return "".join((*grounds, *words))


def _frame(columns: int, lines: int, title: str, body: str, style: str = "") -> str:
    width, height = 2 * PAD + columns * CELL_W, BAR + PAD + lines * CELL_H
    dots = "".join(
        f'<circle cx="{18 + 18 * i}" cy="13" r="5" fill="{c}"/>'
        for i, c in enumerate(("#5a5a5a", "#5a5a5a", "#5a5a5a"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" font-family="{_FONT}" font-size="14"'
        f' xml:space="preserve">{style}'
        f'<rect width="100%" height="100%" rx="8" fill="{DEFAULT_BG}"/>'
        f'<rect width="100%" height="{BAR}" rx="8" fill="#2a2a2a"/>{dots}'
        f'<text x="{width / 2:.0f}" y="18" fill="#a0a0a0" font-size="12" text-anchor="middle">'
        f"{escape(title)}</text>{body}</svg>\n"
    )


def still(screen: pyte.Screen, title: str) -> str:
    """One screen as an SVG."""
    body = "".join(_row(row, BAR + 4 + y * CELL_H) for y, row in enumerate(rows_of(screen)))
    return _frame(screen.columns, screen.lines, title, body)


@dataclass
class Film:
    """Screens over time: `add` them with their second, then `svg` draws the loop."""

    columns: int
    lines: int

    def __post_init__(self) -> None:
        self.frames: list[tuple[float, list[Row]]] = []

    def add(self, at_s: float, screen: pyte.Screen) -> None:
        """Keep what the screen shows at `at_s` seconds; an unchanged screen costs nothing."""
        rows = rows_of(screen)
        if not self.frames or self.frames[-1][1] != rows:
            self.frames.append((at_s, rows))

    def svg(self, title: str, *, hold_s: float = 4.0) -> str:
        """The film as an SVG that loops, the last frame held for `hold_s` seconds."""
        end = self.frames[-1][0] + hold_s
        pieces: list[str] = []
        rules: list[str] = []
        for y in range(self.lines):
            start, shown = 0.0, self.frames[0][1][y]
            spans: list[tuple[float, float, Row]] = []
            for at_s, rows in self.frames[1:]:
                if rows[y] != shown:
                    spans.append((start, at_s, shown))
                    start, shown = at_s, rows[y]
            spans.append((start, end, shown))
            for begin, finish, row in spans:
                drawn = _row(row, BAR + 4 + y * CELL_H)
                if not drawn:
                    continue
                if len(spans) == 1:
                    pieces.append(drawn)
                    continue
                name = f"r{len(rules)}"
                a, b = 100 * begin / end, 100 * finish / end
                hidden = "visibility:hidden"
                before = f"0%{{{hidden}}}" if a > 0 else ""
                after = f"{b:.3f}%{{{hidden}}}100%{{{hidden}}}" if b < 100 else ""
                rules.append(
                    f"@keyframes {name}{{{before}{a:.3f}%{{visibility:visible}}{after}}}"
                    f".{name}{{animation:{name} {end:.2f}s step-end infinite}}"
                )
                pieces.append(f'<g class="{name}">{drawn}</g>')
        style = f"<style>{''.join(rules)}</style>"
        return _frame(self.columns, self.lines, title, "".join(pieces), style)
