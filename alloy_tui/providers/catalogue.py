"""What is known of models without asking anyone: windows, limits, prices.

Owns a small table of current models (as of November 2026, US dollars per
million tokens). A model that is not in it is unknown in every respect, and
shown so. Dated and aliased names fall back to the longest name they begin with.
"""

from __future__ import annotations

import re

import msgspec

from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.usage import Price

_DATED = re.compile(r"(-latest|-\d{8}|-\d{4}-\d{2}-\d{2})$")


class Entry(msgspec.Struct, frozen=True):
    """One model: tokens that fit, tokens that it may write, and what they cost."""

    label: str
    context_window: int | None
    max_output: int | None
    price: Price


def _price(
    fresh: float,
    output: float,
    read: float | None = None,
    write: float | None = None,
    beyond: tuple[int, Price] | None = None,
) -> Price:
    if beyond is None:
        return Price(fresh, output, read, write)
    return Price(fresh, output, read, write, long_from=beyond[0], long=beyond[1])


_TABLE: dict[str, dict[str, Entry]] = {
    "anthropic": {
        "claude-fable-5-2": Entry("Claude Fable 5.2", 1_000_000, None, _price(8, 40, 0.2, 10)),
        "claude-opus-5-5": Entry("Claude Opus 5.5", 1_000_000, None, _price(4, 20, 0.2, 5)),
        "claude-opus-5": Entry("Claude Opus 5", 1_000_000, None, _price(5, 25, 0.5, 6.25)),
        "claude-sonnet-5-5": Entry("Claude Sonnet 5.5", 1_000_000, None, _price(2, 10, 0.1, 2.5)),
        "claude-sonnet-5": Entry("Claude Sonnet 5", 1_000_000, None, _price(2, 10, 0.2, 2.5)),
    },
}


def model_info(ref: ModelRef) -> ModelInfo:
    """What the table knows of `ref`."""
    models = _TABLE.get(ref.service, {})
    entry = models.get(ref.model) or models.get(_DATED.sub("", ref.model))
    if entry is None:
        return ModelInfo(ref)
    return ModelInfo(ref, entry.context_window, entry.max_output, entry.price, entry.label)


def known_models(service: str) -> tuple[ModelRef, ...]:
    """The models of `service` in the table, best first."""
    return tuple(ModelRef(service, name) for name in _TABLE.get(service, {}))
