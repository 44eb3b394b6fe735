"""Which model answers when the program starts, and why, in plain words.

Owns the order: the command line, the config file, the model chosen last, keys,
a server that runs on this machine, the extra `local`, the demo. What was looked
at is told as well, so that a first start explains itself. Must not start
anything: whoever carries the choice out does that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from alloy_tui.domain.access import AccessLookup
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelRef
from alloy_tui.providers.catalogue import known_models
from alloy_tui.runtime.port import ModelChoice

Kind: TypeAlias = Literal["remote", "local", "demo", "scripted"]

DEMO_MODEL = "demo/guide"
LOCAL_SERVICE = "local"

# Services that answer without a key of their own.
KEYLESS = frozenset(
    {"ollama", LOCAL_SERVICE, "compat", "compat-responses", "compat-anthropic", "scripted", "demo"}
)

HOW_TO_CHANGE = "/model here, --model SERVICE/NAME at the start, or `alloy config set model …`."
HOW_TO_GET = (
    "Set a key such as ANTHROPIC_API_KEY (or `alloy config set-key anthropic`), start Ollama, "
    "or install alloy-tui[local]; then start again."
)


class Running(msgspec.Struct, frozen=True):
    """A server found on this machine: its name for people, and its models as full names."""

    label: str
    models: tuple[str, ...]


class Circumstances(msgspec.Struct, frozen=True):
    """Everything the choice depends on.

    `usable` are the services that this build can speak to, best first;
    `local_model` is the extra's model if it is installed, as a full name.
    """

    asked: str | None
    configured: str | None
    last: str | None
    demo: bool
    first_run: bool
    usable: Sequence[str]
    access: AccessLookup
    running: Callable[[], Awaitable[Sequence[Running]]]
    local_model: str | None


async def choose(now: Circumstances) -> ModelChoice:
    """The model for this start; looks for running servers only if that can matter.

    Raises ConfigError for a name that leads to no model.
    """
    decided = await _given(now)
    found = _looked_at(now)
    if decided is not None and not now.first_run:
        return _choice(now, decided, found)
    running = await now.running()
    found += [f"{r.label}: runs, with {_listed(r.models)}" for r in running if r.models]
    if not any(r.models for r in running):
        found.append("servers on this machine (Ollama, llama-server): none runs")
    installed = f"installed ({now.local_model})" if now.local_model else "not installed"
    found.append(f"local model: {installed}")
    return _choice(now, decided or _found(now, running), found)


def default_model(service: str) -> str | None:
    """The model that a key for `service` alone leads to, as a full name."""
    known = known_models(service)
    return str(known[0]) if known else None


def kind_of(model: str, access: AccessLookup) -> Kind:
    """The `kind` of a ModelChoice for `model`."""
    service, _, name = model.partition("/")
    if service == "demo" or service == "scripted":  # noqa: PLR1714 -- this form narrows the type
        return service
    url = access(service).base_url
    here = url is None or urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
    # Ollama passes some models on to a service elsewhere; their names say so.
    if service in {"ollama", LOCAL_SERVICE} and here and not name.endswith("cloud"):
        return "local"
    return "remote"


async def _given(now: Circumstances) -> tuple[str, str] | None:
    """What somebody or something decided before this start."""
    if now.demo:
        return DEMO_MODEL, "You asked for the demo."
    if now.asked is not None:
        return await _meant(now.asked, now), "You named it on the command line."
    if now.configured is not None:
        return await _meant(now.configured, now), "The config file names it."
    if now.last is not None and _within_reach(now.last, now):
        return now.last, "You chose it last time."
    for service in now.usable:
        access = now.access(service)
        model = default_model(service) if access.api_key else None
        if model is not None:
            return model, f"There is a key for it ({access.key_source or 'given'})."
    return None


async def _meant(name: str, now: Circumstances) -> str:
    """The full name of what was called `name`. Raises ConfigError."""
    from alloy_tui.providers.resolving import resolve  # it brings all formats: not before a frame

    try:
        return str(resolve(name, now.access))
    except ConfigError:
        if "/" in name:
            raise
    # It may be a model that only a server here knows.
    known = [model for server in await now.running() for model in server.models]
    return str(resolve(name, now.access, known))


def _found(now: Circumstances, running: Sequence[Running]) -> tuple[str, str]:
    """What this machine offers."""
    for server in running:
        if server.models:
            return server.models[0], f"{server.label} runs on this machine."
    if now.local_model is not None:
        return now.local_model, "No key and no server was found, so a small model runs here."
    return DEMO_MODEL, "No key, no server and no local model was found."


def _within_reach(model: str, now: Circumstances) -> bool:
    """Whether the last model can still be had: its service is known and its key is there."""
    service = ModelRef.parse(model).service if "/" in model else ""
    if service in KEYLESS:
        return service != LOCAL_SERVICE or bool(
            now.access(service).base_url or model == now.local_model
        )
    access = now.access(service)
    if service not in now.usable and not access.base_url:
        return False
    from alloy_tui.providers.resolving import missing  # see `_meant`

    return missing(service, access) is None


def _looked_at(now: Circumstances) -> list[str]:
    if now.asked is None:
        named = now.configured or "names no model"
        found = [f"config file: {named}"]
    else:
        # What the command line says takes the place of the file's word, which is not known then.
        found = [f"command line: {now.asked}"]
    if now.last is not None:
        reach = "" if _within_reach(now.last, now) else ", but it is out of reach now (no key?)"
        found.append(f"last time: {now.last}{reach}")
    keys = [s for s in now.usable if now.access(s).api_key]
    found += [f"key for {s}: {now.access(s).key_source or 'yes'}" for s in keys]
    if not keys:
        found.append("keys in the environment: none")
    return found


def _choice(now: Circumstances, decided: tuple[str, str], found: Sequence[str]) -> ModelChoice:
    model, reason = decided
    kind = kind_of(model, now.access)
    fell_back = kind == "demo" and not now.demo and now.asked is None
    return ModelChoice(
        model=model,
        kind=kind,
        found=tuple(found),
        reason=reason,
        how_to_change=HOW_TO_GET if fell_back else HOW_TO_CHANGE,
        first_run=now.first_run,
    )


def _listed(names: Sequence[str]) -> str:
    short = [n.partition("/")[2] for n in names]
    return ", ".join(short[:3]) + (f" and {len(short) - 3} more" if len(short) > 3 else "")


def demo_instead(choice: ModelChoice, why: str) -> ModelChoice:
    """The scripted agent in the place of a local model that could not be started."""
    return msgspec.structs.replace(
        choice,
        model=DEMO_MODEL,
        kind="demo",
        found=(*choice.found, why),
        reason="The local model could not be started.",
    )
