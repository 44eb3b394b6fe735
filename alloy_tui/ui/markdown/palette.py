"""The styles that rendered Markdown is made of.

Owns names for them only; where the colours come from (a theme, a test) is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import field
from rich.style import Style

_NO_TOKENS: Mapping[str, Style] = MappingProxyType({})


class Palette(msgspec.Struct, frozen=True):
    """Rich styles by role; every one but `base` is laid over `base`.

    `tokens` maps names of Pygments token types ("Keyword", "Name.Function") to
    styles; the longest name that fits wins.
    """

    base: Style = field(default_factory=Style)
    muted: Style = field(default_factory=lambda: Style(dim=True))
    heading: Style = field(default_factory=lambda: Style(bold=True))
    strong: Style = field(default_factory=lambda: Style(bold=True))
    emphasis: Style = field(default_factory=lambda: Style(italic=True))
    strike: Style = field(default_factory=lambda: Style(strike=True))
    code: Style = field(default_factory=lambda: Style(bold=True))
    link: Style = field(default_factory=lambda: Style(underline=True))
    marker: Style = field(default_factory=lambda: Style(bold=True))
    quote: Style = field(default_factory=lambda: Style(italic=True))
    listing: Style = field(default_factory=Style)
    tokens: Mapping[str, Style] = field(default_factory=lambda: _NO_TOKENS)
