"""What is known of models without asking anyone: windows, limits, prices, abilities.

Owns the reading of `catalogue.json`, which `scripts/make_catalogue.py` makes,
and which names mean a model in it: dated ones, `-latest`, Bedrock's regions and
revisions, OpenRouter's variants. A model that is not in it is unknown in every
respect, and shown so. The file is read when somebody first asks.
"""

from __future__ import annotations

import functools
import re
import time
from pathlib import Path
from typing import Final

import msgspec

from alloy_tui.domain.models import Capabilities, ModelFacts, ModelInfo, ModelRef
from alloy_tui.domain.usage import Price

_DATED: Final = re.compile(r"(-latest|-\d{8}|-\d{4}-\d{2}-\d{2}|-preview-\d{2}-\d{4})$")
_REVISION: Final = re.compile(r"(-v\d+)?(:\d+)?$")
_REGION: Final = re.compile(r"^(us|us-gov|eu|jp|au|apac|ca|sa|global)\.")
_FREE: Final = Price(0, 0, 0, 0)
# What OpenRouter calls the makers that have a service of their own here.
_MAKERS: Final = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "gemini",
    "x-ai": "xai",
    "deepseek": "deepseek",
    "mistralai": "mistral",
}


class Entry(msgspec.Struct, frozen=True):
    """One model of the file.

    `later` are prices that are known to come, each with its first day, ISO.
    `regional` is the price of Bedrock within one region, `also` other names.
    """

    id: str
    label: str
    window: int | None = None
    output: int | None = None
    price: Price = Price()
    later: tuple[tuple[str, Price], ...] = ()
    regional: Price | None = None
    also: tuple[str, ...] = ()
    can: Capabilities = Capabilities()

    def price_now(self) -> Price:
        """The price of today."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        begun = [price for since, price in self.later if since <= today]
        return begun[-1] if begun else self.price


class Catalogue(msgspec.Struct, frozen=True):
    """The file. `made` is its day, ISO; `aliases` lead to full names, the one to try first first.

    `models` are by service, the one to try first at the front.
    """

    made: str
    sources: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]]
    models: dict[str, tuple[Entry, ...]]


@functools.cache
def catalogue() -> Catalogue:
    """The whole of it."""
    data = Path(__file__).with_name("catalogue.json").read_bytes()
    return msgspec.json.decode(data, type=Catalogue)


@functools.cache
def _by_name(service: str) -> dict[str, Entry]:
    """Entries of `service` by every name that they have."""
    named: dict[str, Entry] = {}
    for entry in reversed(catalogue().models.get(service, ())):
        names = (_bare(service, entry.id), *entry.also, entry.id)
        named.update(dict.fromkeys(names, entry))
    return named


def find(service: str, model: str) -> Entry | None:
    """The entry that `model` means at `service`, None if there is none."""
    named = _by_name(service)
    return named.get(model) or named.get(_DATED.sub("", model)) or named.get(_bare(service, model))


def model_info(ref: ModelRef, facts: ModelFacts | None = None) -> ModelInfo:
    """What is known of `ref`; what the user says of it, `facts`, goes before the file."""
    info = _known(ref)
    if facts is None:
        return info
    return ModelInfo(
        ref,
        facts.context_window or info.context_window,
        facts.max_output or info.max_output,
        info.price if facts.price is None else facts.price,
        facts.label or info.label,
        info.capabilities,
    )


def known_models(service: str) -> tuple[ModelRef, ...]:
    """The models of `service` in the file, the one to try first at the front."""
    return tuple(ModelRef(service, e.id) for e in catalogue().models.get(service, ()))


def _known(ref: ModelRef) -> ModelInfo:
    entry = find(ref.service, ref.model)
    if entry is not None:
        return _info(ref, entry, _price(ref, entry))
    if ref.service != "openrouter":
        return ModelInfo(ref)
    # A variant of a model, or one of a maker whose own names have dashes for dots.
    model, _, variant = ref.model.partition(":")
    price = _FREE if variant == "free" else Price()
    maker, _, name = model.partition("/")
    own = _MAKERS.get(maker, "")
    entry = find("openrouter", model) or find(own, name) or find(own, name.replace(".", "-"))
    # What a variant or another host costs is not said anywhere: the reply will say it.
    return ModelInfo(ref, price=price) if entry is None else _info(ref, entry, price)


def _info(ref: ModelRef, entry: Entry, price: Price) -> ModelInfo:
    return ModelInfo(ref, entry.window, entry.output, price, entry.label, entry.can)


def _price(ref: ModelRef, entry: Entry) -> Price:
    if entry.regional is not None and not ref.model.startswith("global."):
        return entry.regional
    return entry.price_now()


def _bare(service: str, model: str) -> str:
    """A name of Bedrock without region, date and revision; any other without its date."""
    if service != "bedrock":
        return _DATED.sub("", model)
    return _DATED.sub("", _REVISION.sub("", _REGION.sub("", model)))
