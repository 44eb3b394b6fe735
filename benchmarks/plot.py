"""Plots as SVG, made of a few rectangles and lines; they read on a light and a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_INK, _ACCENT, _OTHER, _LINE = "#7d8590", "#1c9a84", "#9aa4b2", "#7d859055"
_COLOURS = ("#1c9a84", "#4f7cc4", "#c08a2d", "#b3525a", "#7a5bb0")
_ROW = 22


def _page(width: int, height: int, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{_INK}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )


def bars(charts: Sequence[tuple[str, Sequence[tuple[str, float | None]]]]) -> str:
    """Horizontal bars, two charts a row; the first bar of each is the accented one."""
    parts: list[str] = []
    width, gap = 380, 40
    tallest = max(len(values) for _, values in charts) * _ROW + 50
    for number, (title, values) in enumerate(charts):
        left, top = (number % 2) * (width + gap) + 10, (number // 2) * tallest + 20
        parts.append(_text(left, top, title, bold=True))
        most = max((v for _, v in values if v is not None), default=1.0) or 1.0
        for row, (name, value) in enumerate(values):
            y = top + 12 + row * _ROW
            parts.append(_text(left + 70, y + 12, name, anchor="end"))
            if value is None:
                parts.append(_text(left + 78, y + 12, "–"))
                continue
            length = max(1.0, (width - 140) * value / most)
            colour = _ACCENT if row == 0 else _OTHER
            parts.append(
                f'<rect x="{left + 76}" y="{y}" width="{length:.1f}" height="16" rx="2" '
                f'fill="{colour}"/>'
            )
            parts.append(_text(left + 82 + length, y + 12, f"{value:.3g}"))
    rows = (len(charts) + 1) // 2
    return _page(2 * width + gap + 20, rows * tallest + 10, parts)


def lines(
    title: str,
    across: str,
    up: str,
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]],
) -> str:
    """Lines over a logarithmic x axis and a linear y axis from 0."""
    from math import log10

    width, height, left, top = 640, 300, 60, 50
    xs = [x for _, points in series for x, _ in points]
    least, most = log10(min(xs)), log10(max(xs))
    high = max(y for _, points in series for _, y in points) * 1.15 or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        share = (log10(x) - least) / ((most - least) or 1.0)
        return left + share * width, top + height - y / high * height

    parts = [
        _text(left, 24, title, bold=True),
        _text(left + width, top + height + 40, across, anchor="end"),
    ]
    parts.append(_text(left, top - 8, up))
    for step in range(5):
        y = high * step / 4
        _, at = place(min(xs), y)
        parts.append(f'<path d="M{left} {at:.1f}H{left + width}" stroke="{_LINE}"/>')
        parts.append(_text(left - 6, at + 4, f"{y:.3g}", anchor="end"))
    for x in sorted(set(xs)):
        at, _ = place(x, 0)
        parts.append(_text(at, top + height + 18, f"{x:,.0f}", anchor="middle"))
    for number, (name, points) in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*p) for p in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        at = left + 10 + number * 150
        parts.append(f'<rect x="{at}" y="{top + 4}" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(at + 16, top + 13, name))
    return _page(left + width + 30, top + height + 60, parts)
