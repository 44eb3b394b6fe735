"""What the page about tokens and money says when the store was asked: tables for a width. Pure.

Owns columns and bars; models' names go through the sanitiser here.
"""

from __future__ import annotations

import time

from rich.cells import set_cell_size

from alloy_tui.domain.limits import spelled
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.model_port import Limit, SpentSum, SpentView
from alloy_tui.ui.lines import Line
from alloy_tui.ui.wording import model_label, money, shorten_middle, tokens

_TURNS = 200
_COLUMN, _COST = 8, 10
_NARROW = 66
"""Below so many columns what is written into caches and thinking have none of their own."""


def spending_lines(spent: SpentView, width: int, life: SpentSum | None = None) -> list[Line]:
    """By model, today, limits, by turn; `width` in cells. `life` is since the program's start."""
    lines: list[Line] = [("heading", "This session"), ("muted", _head(width))]
    for model, took in spent.by_model.items():
        name = model_label(model, 60)
        bare = name.rpartition("/")[2] if len(name) >= _room(width) else name
        lines.append(("plain", _row(bare, took, width)))
    if len(spent.by_model) != 1:
        lines.append(("plain", _row("together", spent.session, width)))
    if life is not None:
        lines.append(("muted", _row("since this start", life, width)))
    if spent.team is not None:
        lines.append(("plain", _row("its team, besides", spent.team, width)))
    lines += _remarks(spent.session)
    noun = "request" if spent.day.requests == 1 else "requests"
    lines += _section("Today, all sessions")
    lines.append(("plain", _row(f"{spent.day.requests:,} {noun}", spent.day, width)))
    if spent.limits:
        lines += _section("Budget")
        lines.extend(("plain", _bar(limit, width)) for limit in spent.limits)
    return lines


def turn_lines(spent: SpentView, width: int) -> list[Line]:
    """The session's requests, the newest first."""
    if not spent.turns:
        return []
    lines = _section("By turn, the newest first")
    lines.append(("muted", _head(width)))
    for turn in list(reversed(spent.turns))[:_TURNS]:
        clock = time.strftime("%H:%M", time.localtime(turn.at_ms / 1000))
        name = model_label(turn.model, 60).rpartition("/")[2]
        took = SpentSum(1, turn.usage, turn.cost, at_least=False)
        lines.append(("plain", _row(f"{clock} {name}", took, width, fine=True)))
    more = len(spent.turns) - _TURNS
    if more > 0:
        lines.append(("muted", f"  and {more:,} before them"))
    return lines


def _section(title: str) -> list[Line]:
    return [("plain", ""), ("heading", title)]


def _remarks(took: SpentSum) -> list[Line]:
    lines: list[Line] = []
    read, prompt = took.usage.cache_read, took.usage.prompt
    if read and prompt:
        share = f"{read / prompt:.0%}".replace("%", " %")
        lines.append(("muted", f"  {share} of what was sent came from the cache."))
    if took.requests and took.cost is None:
        lines.append(("muted", "  The price of a model used here is not known."))
    elif took.at_least or took.usage.partial:
        lines.append(("muted", "  Some requests have no known figures: these are lower bounds."))
    return lines


def _names(width: int) -> tuple[str, ...]:
    if width < _NARROW:
        return ("fresh", "cached", "output")
    return ("fresh", "cached", "written", "output", "thought")


def _figures(usage: TokenUsage, width: int) -> tuple[str, ...]:
    fresh, output = tokens(usage.input), tokens(usage.output)
    read = _known(usage.cache_read)
    if width < _NARROW:
        return (fresh, read, output)
    return (fresh, read, _known(usage.cache_write), output, _known(usage.reasoning))


def _known(count: int | None) -> str:
    return "–" if count is None else tokens(count)


def _room(width: int) -> int:
    return max(10, width - 2 - _COLUMN * len(_names(width)) - _COST)


def _head(width: int) -> str:
    names = "".join(f"{name:>{_COLUMN}}" for name in _names(width))
    return f"  {'':{_room(width)}}{names}{'cost':>{_COST}}"


def _row(name: str, took: SpentSum, width: int, *, fine: bool = False) -> str:
    room = _room(width)
    shown = set_cell_size(shorten_middle(name, room - 1), room)
    figures = "".join(f"{figure:>{_COLUMN}}" for figure in _figures(took.usage, width))
    return f"  {shown}{figures}{_cost(took, fine=fine):>{_COST}}"


def _cost(took: SpentSum, *, fine: bool) -> str:
    if took.cost is None:
        return "unknown"
    if fine and 0 < took.cost < 0.1:
        return f"${took.cost:.4f}" if took.cost >= 0.00005 else "< $0.0001"
    return money(took.cost, at_least=took.at_least and took.requests > 0)


def _bar(limit: Limit, width: int) -> str:
    if limit.unit == "tokens":
        amounts = f"{tokens(round(limit.spent))} of {tokens(round(limit.limit))} tokens"
    else:
        amounts = f"{spelled(limit.spent, 'usd')} of {spelled(limit.limit, 'usd')}"
    share = limit.spent / limit.limit if limit.limit else 1.0
    cells = max(3, min(24, width - 44))
    full = min(cells, round(share * cells))
    percent = f"{share:.0%}".replace("%", " %")
    return f"  {limit.span:<9}{amounts:<24}{'█' * full}{'░' * (cells - full)} {percent:>6}"
