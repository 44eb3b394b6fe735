"""Figures of models: whole, right where they can be checked, unknown where nobody knows."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from alloy_tui.domain.models import Capabilities, ModelFacts, ModelRef
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.providers import catalogue as tested
from alloy_tui.providers.catalogue import catalogue, find, known_models, model_info
from alloy_tui.providers.services import SERVICES

EFFORTS = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}


def info(name: str):
    return model_info(ModelRef.parse(name))


def test_every_line_is_whole_and_every_alias_leads_to_one() -> None:
    """No figure is 0 where it would mean unknown, and limits fit into their windows."""
    made = catalogue()
    assert dt.date.fromisoformat(made.made).year >= 2026
    assert len(made.sources) == 3
    for service, entries in made.models.items():
        assert service in SERVICES
        assert len({e.id for e in entries}) == len(entries)
        for entry in entries:
            assert entry.label
            assert entry.window is None or entry.window >= 8_000, entry.id
            assert entry.output is None or 0 < entry.output < (entry.window or 10**9), entry.id
            for price in (entry.price, entry.regional, *(p for _, p in entry.later)):
                assert price is None or price.input is None or price.input > 0, entry.id
            assert EFFORTS.issuperset(entry.can.efforts), entry.id
    for names in made.aliases.values():
        assert all(find(r.service, r.model) for r in map(ModelRef.parse, names))


def test_every_service_with_models_of_its_own_has_a_default() -> None:
    """A key alone leads to a model."""
    own = set(SERVICES) - {"azure", "ollama", "local", "compat", "compat-responses"}
    for service in own - {"compat-anthropic"}:
        assert known_models(service), service


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        # Reckoned with the source's own calculator.
        ("anthropic/claude-sonnet-4-5", 0.0016875),
        ("anthropic/claude-haiku-4-5-20251001", 0.0005625),
    ],
)
def test_costs_agree_with_the_source(name: str, cost: float) -> None:
    """100 fresh, 1,000 read from the cache, 50 written to it, 60 of output."""
    found = info(name).price.cost(TokenUsage(100, 1000, 50, 60))
    assert found == pytest.approx(cost)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("bedrock/us.anthropic.claude-opus-5-5-v1:0", "Claude Opus 5.5"),
        ("bedrock/anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5"),
        ("bedrock/eu.amazon.nova-pro-v1:0", "Nova Pro"),
        ("openrouter/anthropic/claude-opus-4.8", "Claude Opus 4.8"),
        ("openrouter/z-ai/glm-5.3:nitro", "GLM 5.3"),
        ("gemini/gemini-flash-latest", "Gemini 3.8 Flash"),
        ("openai/gpt-5.5-2026-04-23", "GPT-5.5"),
    ],
)
def test_regions_revisions_dates_and_variants_mean_the_model(name: str, known: str) -> None:
    """What the services call one model in several ways."""
    found = info(name)
    assert found.label == known
    assert found.context_window
    assert str(found.ref) == name


def test_a_region_costs_more_than_the_whole_world() -> None:
    """Bedrock's regional profiles have prices of their own."""
    usage = TokenUsage(1_000_000, output=0)
    world = info("bedrock/global.anthropic.claude-opus-5-5").price.cost(usage)
    assert world == 4
    for region in ("us.", "eu.", ""):
        price = info(f"bedrock/{region}anthropic.claude-opus-5-5").price
        assert price.cost(usage) == pytest.approx(4.4)


def test_free_is_zero_and_what_nobody_says_is_unknown() -> None:
    """A free variant costs nothing; another host's price is its own affair."""
    usage = TokenUsage(10, 5, 5, 10)
    assert info("openrouter/z-ai/glm-5.3:free").price.cost(usage) == 0
    for name in ("openrouter/z-ai/glm-5.3:nitro", "openrouter/x/y", "azure/gpt-6.1-sol", "groq/x"):
        assert info(name).price.cost(usage) is None
    assert info("openrouter/x/y").capabilities == Capabilities()


def test_prices_that_are_announced_begin_on_their_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """An introductory price ends by itself."""
    entry = find("gemini", "gemini-4-argon")
    assert entry is not None
    (since, later), *_ = entry.later
    for day, price in (("2026-11-30", entry.price), (since, later), ("2030-01-01", later)):
        monkeypatch.setattr(tested.time, "strftime", lambda *_, day=day: day)
        assert info("gemini/gemini-4-argon").price == price


def test_busy_hours_cost_more_on_working_days() -> None:
    """Without a time the dearer price is taken."""
    price, usage = Price(1, 1, peak_hours=((1, 4),), peak=Price(2, 2)), TokenUsage(10**6, output=0)

    def at(day: int, hour: int) -> float | None:
        moment = dt.datetime(2026, 11, day, hour, 30, tzinfo=dt.UTC)
        return price.cost(usage, int(moment.timestamp() * 1000))

    assert [at(23, 0), at(23, 1), at(23, 3), at(23, 4), at(22, 2)] == [1, 2, 2, 1, 1]
    assert price.cost(usage) == 2
    assert info("deepseek/deepseek-v4-pro").price.peak


def test_a_users_facts_go_before_the_file() -> None:
    """What is not said stays as it is known."""
    facts = ModelFacts(context_window=9, price=Price(1, 2))
    found = model_info(ModelRef("anthropic", "claude-opus-5"), facts)
    assert (found.context_window, found.max_output, found.label) == (9, 128_000, "Claude Opus 5")
    assert found.price == Price(1, 2)


def test_nothing_is_read_before_somebody_asks() -> None:
    """The first frame does not pay for it."""
    code = (
        "import alloy_tui.providers.registry, alloy_tui.providers.catalogue as c;"
        "print(c.catalogue.cache_info().misses)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
