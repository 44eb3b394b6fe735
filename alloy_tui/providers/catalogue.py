"""What is known of models without asking anyone: windows, limits, prices.

Owns a small table of current models (as of November 2026, US dollars per
million tokens). A model that is not in it is unknown in every respect, and
shown so. Dated names and `-latest` are looked up without their ending.
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


def _gpt(label: str, window: int, short: Price, long: Price) -> Entry:
    """The GPT family: one output limit, and a second price beyond 272,000 prompt tokens."""
    price = Price(short.input, short.output, short.cache_read, short.cache_write, _GPT_LONG, long)
    return Entry(label, window, 128_000, price)


_M = 1_000_000
_GPT_WINDOW = 1_050_000
_GPT_LONG = 272_000
_HAIKU_LONG = Price(0.5, 2.5, 0.05, 0.625)

# Per entry: fresh input, output, cache read, cache write.
_TABLE: dict[str, dict[str, Entry]] = {
    "anthropic": {
        "claude-sonnet-5-5": Entry("Claude Sonnet 5.5", _M, 128_000, Price(2, 10, 0.1, 2.5)),
        "claude-opus-5-5": Entry("Claude Opus 5.5", _M, 128_000, Price(4, 20, 0.2, 5)),
        "claude-fable-5-2": Entry("Claude Fable 5.2", _M, 128_000, Price(8, 40, 0.2, 10)),
        "claude-haiku-5-5": Entry(
            "Claude Haiku 5.5", _M, None, Price(0.1, 0.5, 0.01, 0.125, 100_000, _HAIKU_LONG)
        ),
        "claude-opus-5": Entry("Claude Opus 5", _M, 128_000, Price(5, 25, 0.5, 6.25)),
        "claude-sonnet-5": Entry("Claude Sonnet 5", _M, 128_000, Price(2, 10, 0.2, 2.5)),
        "claude-haiku-4-5": Entry("Claude Haiku 4.5", 200_000, 64_000, Price(1, 5, 0.1, 1.25)),
    },
    "openai": {
        "gpt-6.1-sol": _gpt(
            "GPT-6.1 Sol", _GPT_WINDOW, Price(2, 10, 0.1, 2.5), Price(4, 15, 0.2, 5)
        ),
        "gpt-6.1-terra": _gpt(
            "GPT-6.1 Terra", _GPT_WINDOW, Price(1, 5, 0.05, 1.25), Price(2, 7.5, 0.1, 2.5)
        ),
        "gpt-6-luna": _gpt(
            "GPT-6 Luna", _GPT_WINDOW, Price(0.1, 0.5, 0.01, 0.125), Price(0.2, 0.75, 0.02, 0.25)
        ),
        "gpt-6-astra": _gpt(
            "GPT-6 Astra", _GPT_WINDOW, Price(10, 50, 1, 12.5), Price(20, 75, 2, 25)
        ),
        "gpt-6-sol": _gpt("GPT-6 Sol", _GPT_WINDOW, Price(2, 10, 0.2, 2.5), Price(4, 15, 0.4, 5)),
        "gpt-5.5": _gpt("GPT-5.5", _M, Price(5, 30, 0.5), Price(10, 45, 1)),
        "gpt-5-mini": Entry("GPT-5 mini", 400_000, 128_000, Price(0.25, 2, 0.025)),
    },
    "deepseek": {
        "deepseek-v4-pro": Entry("DeepSeek V4 Pro", _M, None, Price()),
        "deepseek-flash": Entry("DeepSeek Flash", _M, None, Price()),
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
    """The models of `service` in the table, the one to try first at the front."""
    return tuple(ModelRef(service, name) for name in _TABLE.get(service, {}))
