"""From what a person calls a model to its full name.

Owns the order: a full name, an alias, a bare name; and the words when there is
no such model, when several services have it, or when none that has it can be
reached. Asks nobody: what a service lists by itself is handed in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from alloy_tui.domain.access import AccessLookup, ServiceAccess
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelRef
from alloy_tui.providers import aws
from alloy_tui.providers.catalogue import catalogue, find
from alloy_tui.providers.services import SERVICES, find_service

# They are no services of the table; what follows the slash is theirs to understand.
OTHERS: Final = ("scripted", "demo")
_PREFIX: Final = re.compile(r"^(?:(?:us|us-gov|eu|jp|au|apac|ca|sa|global)\.)?[a-z]+\.(?=[a-z])")
_SUFFIX: Final = re.compile(r"(-v\d+)?(:\d+)?$")
_NEAR: Final = 3


def missing(service: str, access: ServiceAccess) -> str | None:
    """What must be set before `service` can answer, such as "OPENAI_API_KEY"; None = nothing.

    Raises ConfigError when there is no such service.
    """
    row = find_service(service, access)
    if row.key_needed and not access.api_key:
        return " or ".join(row.key_variables)
    if row.auth == "aws":
        if not access.api_key and not aws.has_credentials():
            return "AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    elif not (row.base_url or access.base_url):
        own = "AZURE_OPENAI_ENDPOINT" if service == "azure" else ""
        return own or f"ALLOY_{service.upper().replace('-', '_')}_BASE_URL"
    return None


def resolve(text: str, access: AccessLookup, known: Sequence[str] = ()) -> ModelRef:
    """The model that `text` means: `service/model`, an alias such as `sonnet`, or a bare name.

    An alias leads to the newest model of its family among the services that can
    be reached. `known` are full names that services listed by themselves.
    Raises ConfigError: no such model (with near names), several services have
    it, or none that has it can be reached.
    """
    name = "-".join(text.split())
    service, slash, model = name.partition("/")
    if slash:
        return _full(text.strip(), service, model, access, known)
    if not name:
        raise ConfigError("That is no model name.", hint="Write it as service/model.")
    family = catalogue().aliases.get(name.lower())
    offers = [ModelRef.parse(each) for each in family or ()]
    if family:
        within = [ref for ref in offers if missing(ref.service, access(ref.service)) is None]
        if within:
            return within[0]
        raise _unreachable(text, offers, access)
    levels = (
        [ModelRef(each, name) for each in catalogue().models if _exactly(each, name)],
        [
            *_alike(name),
            *(r for r in map(ModelRef.parse, known) if _plain(r.model) == _plain(name)),
        ],
    )
    for level in levels:
        within = [ref for ref in level if missing(ref.service, access(ref.service)) is None]
        if len({ref.service for ref in within}) > 1:
            names = " or ".join(str(ref) for ref in within[:4])
            raise ConfigError(f"Several services have “{text}”.", hint=f"Say which: {names}.")
        if within:
            return within[0]
        offers += level
    if offers:
        raise _unreachable(text, offers, access)
    raise _unknown(text, access, known)


def near_names(text: str, access: AccessLookup, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Names much like `text`, best first: aliases, and models of services within reach.

    For a full name, those of its own service come before all others.
    """
    wanted, service = _plain(text), text.partition("/")[0]
    near: dict[str, str] = {}
    within = [s for s in catalogue().models if missing(s, access(s)) is None]
    for each in sorted(within or catalogue().models, key=lambda s: s != service):
        for entry in catalogue().models[each]:
            near.setdefault(_plain(entry.id), f"{each}/{entry.id}")
    for full in known:
        near.setdefault(_plain(full), full)
    if "/" not in text:
        near |= {alias: alias for alias in catalogue().aliases}
    close = difflib.get_close_matches(wanted, near, n=_NEAR, cutoff=0.6)
    return tuple(near[name] for name in close)


def like(ref: ModelRef) -> tuple[str, ...]:
    """Models of the same service with names much like that of `ref`, which it does not have."""
    named = {_plain(e.id): f"{ref.service}/{e.id}" for e in catalogue().models.get(ref.service, ())}
    close = difflib.get_close_matches(_plain(ref.model), named, n=_NEAR, cutoff=0.6)
    return tuple(name for each in close if (name := named[each]) != str(ref))


def _full(
    text: str, service: str, model: str, access: AccessLookup, known: Sequence[str]
) -> ModelRef:
    if service in OTHERS:
        return ModelRef.parse(text)
    if not service or not model:
        raise _unknown(text, access, known)
    given = access(service)
    if service not in SERVICES and not (given.wire or given.base_url):
        whole = f"{service}/{model}"
        if find("openrouter", whole) and missing("openrouter", access("openrouter")) is None:
            return ModelRef("openrouter", whole)
        names = (*SERVICES, *OTHERS)
        close = difflib.get_close_matches(service, names, n=1)
        hint = f"Did you mean {close[0]}/{model}? " if close else ""
        raise ConfigError(
            f"There is no service named “{service}”.",
            hint=f"{hint}Known are {', '.join(names)}; others go into the config file"
            f" as [services.{service}].",
        )
    if find(service, model) is None:
        for each in catalogue().aliases.get(model.lower(), ()):
            ref = ModelRef.parse(each)
            if ref.service == service:
                return ref
    return ModelRef(service, model)


def _exactly(service: str, name: str) -> bool:
    """Whether `name` is what `service` itself calls a model; a mere likeness is not enough."""
    entry = find(service, name)
    return entry is not None and "/" not in entry.id and not _PREFIX.match(entry.id)


def _alike(name: str) -> list[ModelRef]:
    """Models of the catalogue whose names are `name` but for maker, region, date and dots."""
    wanted = _plain(name)
    return [
        ModelRef(service, entry.id)
        for service, entries in catalogue().models.items()
        for entry in entries
        if _plain(entry.id) == wanted
    ]


def _plain(name: str) -> str:
    tail = _SUFFIX.sub("", _PREFIX.sub("", name.lower().rpartition("/")[2]))
    return re.sub(r"-\d{8}$", "", tail).replace(".", "-")


def _unreachable(text: str, offers: Iterable[ModelRef], access: AccessLookup) -> ConfigError:
    needs = {ref.service: missing(ref.service, access(ref.service)) for ref in offers}
    labels = [find_service(s, access(s)).label for s in needs]
    *most, last = labels
    whose = f"{', '.join(most)} and {last}" if most else last
    return ConfigError(
        f"“{text}” is a model of {whose}, for which there is no key.",
        hint=f"Set {'; or '.join(need for need in needs.values() if need)}.",
    )


def _unknown(text: str, access: AccessLookup, known: Sequence[str]) -> ConfigError:
    near = near_names(text, access, known)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return ConfigError(
        f"There is no model “{text}” that is known here.",
        hint=f"{meant}Any other is written service/model, for example anthropic/claude-sonnet-5-5.",
    )
