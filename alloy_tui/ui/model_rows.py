"""Which models a picker shows, in which order, and what a row and its details say. Pure.

Owns search over models and the columns for a width. Names and labels are foreign
text and go through the sanitiser here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from alloy_tui.domain import fuzzy
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.model_port import ModelRow
from alloy_tui.ui.wording import shorten_middle

Entry: TypeAlias = ModelRow | str
"""A model, or the words over those that follow."""

ROOMY, MIDDLING = 92, 62
"""Columns from which on a row tells what a model can do, and what it costs."""
_STRONG = 1000.0
_READY, _FAVOURITE, _RECENT = 200.0, 60.0, 50.0


def arranged(rows: Sequence[ModelRow], query: str) -> list[Entry]:
    """Without a query recent ones, favourites, then services; else what matches, best first."""
    words = fuzzy.folded(query).split()
    if words:
        scored = [(_score(row, words), -index) for index, row in enumerate(rows)]
        best = sorted((s for s in scored if s[0] is not None), reverse=True)
        return [rows[-index] for _, index in best]
    entries: list[Entry] = []
    recent = sorted((r for r in rows if r.recent), key=lambda r: r.recent or 0)
    favourites = [r for r in rows if r.favourite and not r.recent]
    entries += _section("Lately", recent) + _section("Favourites", favourites)
    others = [r for r in rows if not (r.recent or r.favourite)]
    for missing in (False, True):
        group = [r for r in others if bool(r.missing) == missing]
        for service in dict.fromkeys(r.service for r in group):
            title = f"{clean_line(service, 40)}: not set up" if missing else clean_line(service, 40)
            entries += _section(title, [r for r in group if r.service == service])
    return entries


def _section(title: str, rows: Iterable[ModelRow]) -> list[Entry]:
    found: list[Entry] = list(rows)
    return [title, *found] if found else []


def _score(row: ModelRow, words: Sequence[str]) -> float | None:
    """How well `row` fits, None if some word fits nowhere."""
    own = fuzzy.folded(f"{row.name} {row.label}")
    total = 0.0
    for word in words:
        if word in row.aliases:
            total += _STRONG + _STRONG / 2
        elif word in own or word in fuzzy.folded(row.service):
            total += _STRONG
        elif any(word in alias for alias in row.aliases):
            total += _STRONG / 2
        found = fuzzy.match(word, row.name) or fuzzy.match(word, row.label)
        if found is not None:
            total += found.score
        elif total == 0.0:
            return None
    return (
        total
        + (0.0 if row.missing else _READY)
        + (_FAVOURITE if row.favourite else 0.0)
        + (_RECENT if row.recent else 0.0)
    )


def price_words(dollars: float | None) -> str:
    """`$3`, `$0.25`, `free`, or `?` when unknown: of a million tokens."""
    if dollars is None:
        return "?"
    if dollars == 0:
        return "free"
    text = f"{dollars:.3f}".rstrip("0").rstrip(".")
    whole, dot, part = text.partition(".")
    return f"${whole}{dot}{part.ljust(2, '0') if dot else ''}"


def prices(row: ModelRow) -> str:
    """`$3 / $15`, in and out; "" when neither is known."""
    if row.price_in is None and row.price_out is None:
        return ""
    if row.price_in == 0 and row.price_out == 0:
        return "free"
    return f"{price_words(row.price_in)} / {price_words(row.price_out)}"


def abilities(row: ModelRow) -> str:
    """`tools images thinks`: what is known that it can."""
    can = row.capabilities
    words = [
        "tools" if can.tools else "",
        "images" if can.vision else "",
        "thinks" if can.thinking not in {None, "none"} else "",
    ]
    return " ".join(word for word in words if word)


def window_words(count: int | None) -> str:
    """`1M`, `131k`, or ""."""
    if count is None:
        return ""
    if count >= 999_500:
        return f"{count / 1_000_000:.2f}".rstrip("0").rstrip(".") + "M"
    return f"{round(count / 1000)}k" if count >= 1000 else str(count)


def heading(title: str) -> Content:
    """The words over a section."""
    return Content.styled(title, "bold $text-muted")


def columns(width: int) -> str:
    """The names of the columns, set like the rows of that width."""
    if width < MIDDLING:
        return f"{'':2}{'model':<{width - 10}} {'context':>7}"
    if width < ROOMY:
        return f"{'':2}{'model':<{width - 29}} {'context':>7}  {'$ per M, in / out':>17}"
    return f"{'':2}{'model':<{width - 52}} {'context':>7}  {'$ per M, in / out':>17}   {'can':<20}"


def row_words(row: ModelRow, width: int, *, now: bool) -> Content:
    """One line `width` cells wide; greyed where something is missing."""
    star = "★ " if row.favourite else "  "
    taken = 10 if width < MIDDLING else 29 if width < ROOMY else 52
    name = row.name.removesuffix("/")
    note = "now" if now else f"needs {row.missing}" if row.missing else ""
    cells = f" {window_words(row.context_window):>7}" if row.context_window else " " * 8
    if width >= MIDDLING:
        cells += f"  {prices(row):>17}"
    if width >= ROOMY:
        cells += f"   {abilities(row):<20}"
    room = max(8, width - taken)
    shown = shorten_middle(clean_line(name, limit=200), room)
    left = max(0, room - cell_len(shown))
    note = shorten_middle(clean_line(note, limit=200), left - 2) if left > 8 else ""
    words = f"  {note}" if note else ""
    body = set_cell_size(f"{shown}{words}", room) + cells
    if row.missing:
        return Content.styled(star + body, "$text-muted")
    made = Content.styled(star, "$warning") + Content(body)
    if now:
        start = 2 + len(shown)
        made = made.stylize("$primary", start, start + len(words))
    return made


def about(row: ModelRow) -> Content:
    """Two lines about one: what it is, what it can and costs; or what it needs."""
    label = clean_line(row.label or row.name.removesuffix("/"), limit=80)
    first = [f"{label}, {clean_line(row.service, limit=40)}"]
    if row.aliases:
        others = "”, “".join(clean_line(alias, limit=40) for alias in row.aliases[:3])
        first.append(f"also “{others}”")
    if row.listed:
        first.append("told of by the service")
    if row.missing:
        needs = f"Not set up: set {clean_line(row.missing, limit=200)}"
        needs += ", or enter the key here: ^K." if row.takes_key else ", then start again."
        second = Content.styled(needs, "$warning")
    else:
        second = Content.styled(" · ".join(_facts(row)), "$text-muted")
    return Content("   ".join(first)) + Content("\n") + second


def _facts(row: ModelRow) -> list[str]:
    can = row.capabilities
    known = [
        f"{window_words(row.context_window)} tokens" if row.context_window else "context unknown",
        f"{prices(row)} per million tokens" if prices(row) else "price unknown",
    ]
    if can.tools is not None:
        known.append("uses tools" if can.tools else "no tools")
    if can.vision is not None:
        known.append("sees images" if can.vision else "no images")
    if can.thinking is not None:
        known.append("thinks" if can.thinking != "none" else "does not think")
    return known
