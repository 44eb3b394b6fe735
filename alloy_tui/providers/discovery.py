"""Which models can be reached: the lists that services give, and servers on this machine.

Owns two questions, "what does this service offer?" and "does a known kind of
server answer here?", both bounded in time. Chooses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, cast

import anyio
import anyio.to_thread
import msgspec

from alloy_tui.domain.access import AccessLookup, ServiceAccess, Timeouts
from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.aws import Signer, endpoint_of
from alloy_tui.providers.errors import fit_to_show
from alloy_tui.providers.resolving import missing
from alloy_tui.providers.services import (
    Service,
    auth_headers,
    base_address,
    endpoint,
    find_service,
)
from alloy_tui.providers.tolerant_json import mapping, read_any, scrub
from alloy_tui.providers.transport import Transport, prepare

OLLAMA_URL: Final = "http://127.0.0.1:11434"
LLAMA_SERVER_URL: Final = "http://127.0.0.1:8080"
PROBE_S: Final = 0.3
LIST_S: Final = 5.0
"""The longest that a service may take to list its models."""

# Where the formats list models, and the version that their addresses have.
_LISTS: Final[dict[str, tuple[str, str]]] = {
    "anthropic-messages": ("/models?limit=1000", "v1"),
    "gemini": ("/models?pageSize=1000", "v1beta"),
    "ollama-chat": ("/api/tags", ""),
}


class Found(msgspec.Struct, frozen=True):
    """A server that answers.

    `service` is the row of the table that speaks to it, so a model is
    `f"{service}/{model}"` with `base_url` as its address. `ready` is false
    while it still loads its model, `locked` true when it wants a key before it
    lists its models. `models` may be empty.
    """

    kind: Literal["ollama", "llama-server", "openai-compatible"]
    service: str
    base_url: str
    models: tuple[str, ...]
    ready: bool = True
    locked: bool = False


async def list_models(service: str, lookup: AccessLookup) -> tuple[str, ...]:
    """The models that `service` says it has, as names without the service.

    Raises ProviderError when it cannot be asked, ConfigError when it is unknown
    or lacks its address or key.
    """
    access = lookup(service)
    row = find_service(service, access)
    need = missing(service, access)
    if need is not None:
        raise ConfigError(f"{row.label} cannot be asked yet.", hint=f"Set {need}.")
    limit = min(access.timeouts.connect_s, LIST_S)
    if row.auth == "aws":
        return await _bedrock(row, access, limit)
    base_url = base_address(row, access.base_url)
    path, version = _LISTS.get(row.wire.name, ("/models", "v1"))
    return _names(await _get(row, endpoint(base_url, path, version), access.api_key, limit))


async def _bedrock(row: Service, access: ServiceAccess, limit_s: float) -> tuple[str, ...]:
    """Bedrock's list is at another host than its models, in the same region."""
    runtime = base_address(row, access.base_url or await anyio.to_thread.run_sync(endpoint_of))
    if "://bedrock-runtime." not in runtime:
        raise ConfigError(
            f"{row.label} lists its models at AWS alone, and its address is another.",
            hint="Name a model by its full name, such as bedrock/global.anthropic.claude-sonnet-5.",
        )
    url = runtime.replace("://bedrock-runtime.", "://bedrock.").rstrip("/") + "/foundation-models"
    headers = auth_headers(row, access.api_key)
    if not access.api_key:
        headers = await Signer(runtime).headers("GET", url, headers, b"")
    return _names(await _get(row, url, access.api_key, limit_s, headers=headers))


async def probe(url: str, limit_s: float = PROBE_S) -> Found | None:
    """What kind of server answers at `url`, None if none does within `limit_s`. Never raises."""
    prepare()
    with anyio.move_on_after(limit_s):
        ollama = await _quiet("ollama", url, "/api/tags", limit_s)
        if "models" in ollama:
            models = mapping(ollama).get("models")
            return Found("ollama", "ollama", url, _names({"data": models}))
        listed = await _quiet("local", url, "/v1/models", limit_s)
        if "data" in listed or "models" in listed:
            # llama.cpp marks its entries; anything else speaks the format all the same.
            own = any(mapping(m).get("owned_by") == "llamacpp" for m in _list(listed.get("data")))
            kind = "llama-server" if own else "openai-compatible"
            return Found(kind, "local" if own else "compat", url, _names(listed))
        match listed.get("refused"):
            case 503:
                return Found("llama-server", "local", url, (), ready=False)
            case 401 if "status" in await _quiet("local", url, "/health", limit_s):
                return Found("llama-server", "local", url, (), locked=True)
            case _:
                pass
    return None


async def find_local(urls: Sequence[str] = (OLLAMA_URL, LLAMA_SERVER_URL)) -> tuple[Found, ...]:
    """Every server that answers at `urls`, in their order; all are asked at the same time."""
    answers: dict[str, Found | None] = {}

    async def ask(url: str) -> None:
        answers[url] = await probe(url)

    async with anyio.create_task_group() as tasks:
        for url in urls:
            tasks.start_soon(ask, url)
    return tuple(found for url in urls if (found := answers[url]) is not None)


async def _quiet(service: str, url: str, path: str, limit_s: float) -> dict[str, Any]:
    """The JSON object at `path`; a refusal as `{"refused": status}`, {} for anything else."""
    row = find_service(service)
    try:
        return mapping(await _get(row, url.rstrip("/") + path, None, limit_s))
    except ProviderError as error:
        return {"refused": error.status}


async def _get(
    row: Service,
    url: str,
    key: Secret | None,
    limit_s: float,
    *,
    headers: dict[str, str] | None = None,
) -> Any:
    transport = Transport(row.label, url, key)
    try:
        sent = auth_headers(row, key) if headers is None else headers
        body = await transport.get(url, sent, Timeouts(limit_s, limit_s, limit_s))
        return read_any(body)
    except ProviderError as error:
        raise fit_to_show(error, key) from None
    finally:
        await transport.aclose()


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _names(listing: Any) -> tuple[str, ...]:
    """Names out of the list shapes in use: `data` or `models`, of `id`, `name` or `model`.

    Gemini's are of the form `models/NAME`, and not all of its models write
    text; Bedrock's are `modelSummaries` of `modelId`.
    """
    fields = mapping(listing)
    names: list[str] = []
    shapes = ("data", "models", "modelSummaries")
    listed = [items for shape in shapes if (items := _list(fields.get(shape)))]
    for item in listed[0] if listed else ():
        entry = mapping(item)
        methods = _list(entry.get("supportedGenerationMethods"))
        if methods and "generateContent" not in methods:
            continue
        name = entry.get("id") or entry.get("name") or entry.get("model") or entry.get("modelId")
        if isinstance(name, str):
            name = scrub(name.removeprefix("models/") if methods else name)
            if name not in names:
                names.append(name)
    return tuple(names)
